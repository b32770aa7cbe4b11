//! Kill -9 at named points: after the restart every job ends once, nothing is charged twice, and the
//! books balance.

use std::time::Duration;

use aquatint_app::failpoint;
use serde_json::json;

use crate::pictures::{data_uri, product};
use crate::process::{Process, run};

/// Submits one edit with an idempotency key while the process is armed to die at `point`, restarts,
/// sends the same call again, and checks that there is one job, one result and one charge.
async fn survive(point: &str) {
    let folder = tempfile::tempdir().expect("a folder");
    let mut armed = Process::start_with(folder.path(), &[("AQUATINT_FAILPOINT", point)]);
    let call = json!({
        "action": "upscale", "scale": "2", "images": data_uri(&product(64, 48)),
        "idempotency_key": "once", "sync": true,
    });
    // The connection breaks where the process dies in the middle of the call.
    let _ = armed.tool_or_broken("edit_image", call.clone()).await;
    assert!(
        armed.wait_for_end(Duration::from_secs(20)),
        "{point}: the process passed the point alive"
    );
    drop(armed);

    let studio = Process::start(folder.path());
    let answer = studio.call("edit_image", call).await;
    let done = studio.finished(&answer["job_id"]).await;
    assert_eq!(done["status"], "succeeded", "{point}: {done}");
    assert_eq!(done["outputs"].as_array().map(Vec::len), Some(1), "{point}: {done}");
    let usage = studio.call("account", json!({ "action": "usage_history" })).await;
    assert_eq!(usage["charges"].as_array().map(Vec::len), Some(1), "{point}: {usage}");
    let (_, jobs) = studio.rest("GET", "/jobs", None).await;
    assert_eq!(jobs["jobs"].as_array().map(Vec::len), Some(1), "{point}: {jobs}");
    let made = studio
        .call("assets", json!({ "action": "list", "source": "edit" }))
        .await;
    assert_eq!(made["assets"].as_array().map(Vec::len), Some(1), "{point}: {made}");
    studio.bytes(&done["outputs"][0]["url"]).await;
    drop(studio);
    run(folder.path(), &["ledger", "check"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_at_every_named_point_of_a_job_is_survived() {
    for point in failpoint::ALL
        .iter()
        .filter(|point| point.starts_with("job-") && **point != "job-requeued")
    {
        survive(point).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_between_blobs_and_rows_leaves_no_half_written_asset() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut armed = Process::start_with(folder.path(), &[("AQUATINT_FAILPOINT", "asset-blobs-written")]);
    let call = json!({ "action": "url", "url": data_uri(&product(64, 48)) });
    let _ = armed.tool_or_broken("upload", call.clone()).await;
    assert!(armed.wait_for_end(Duration::from_secs(20)));
    drop(armed);
    let studio = Process::start(folder.path());
    let before = studio.call("assets", json!({ "action": "list" })).await;
    assert_eq!(before["assets"].as_array().map(Vec::len), Some(0));
    let asset = studio.call("upload", call).await;
    studio.bytes(&asset["url"]).await;
}
