//! Named points at which a crash test can kill the process: `AQUATINT_FAILPOINT=job-made` aborts
//! there, `AQUATINT_FAILPOINT=job-made:3` at the third pass. Without the variable it costs one load.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// Every point, in the order in which a job passes them.
pub const ALL: &[&str] = &[
    "upload-begun",
    "asset-blobs-written",
    "job-submitted",
    "job-claimed",
    "job-inputs-ready",
    "purchase-begun",
    "purchase-waiting",
    "purchase-made",
    "job-made",
    "job-outputs-written",
    "job-finished",
    "job-requeued",
    "run-job-submitted",
    "node-acted",
    "run-steps-begun",
    "run-caught-up",
    "run-ended",
    "run-cancel-asked",
];

struct Armed {
    name: String,
    passes_left: AtomicU32,
}

/// Ends the process here, without any clean-up, if this point is armed.
pub fn hit(name: &'static str) {
    static ARMED: OnceLock<Option<Armed>> = OnceLock::new();
    debug_assert!(ALL.contains(&name), "{name} is missing from the list");
    let armed = ARMED.get_or_init(|| {
        let value = std::env::var("AQUATINT_FAILPOINT").ok()?;
        let (name, passes) = value.split_once(':').unwrap_or((&value, "1"));
        Some(Armed {
            name: name.to_owned(),
            passes_left: AtomicU32::new(passes.parse().unwrap_or(1)),
        })
    });
    if let Some(armed) = armed
        && armed.name == name
        && armed.passes_left.fetch_sub(1, Ordering::SeqCst) == 1
    {
        tracing::error!(point = name, "aborting at a failpoint");
        std::process::abort();
    }
}
