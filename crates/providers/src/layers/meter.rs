//! Metering: what was asked of each vendor and what came of it, in numbers alone.

use std::collections::BTreeMap;

use aquatint_domain::Credits;
use parking_lot::Mutex;

use crate::fault::Fault;

/// Counts for all vendors of a process.
#[derive(Default)]
pub struct Meter {
    counts: Mutex<BTreeMap<&'static str, Counts>>,
}

/// What happened at one vendor since the process began.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub submits: u64,
    pub retries: u64,
    pub polls: u64,
    pub outputs: u64,
    /// What the vendor said that it cost.
    pub cost: Credits,
    /// By kind of fault.
    pub faults: BTreeMap<String, u64>,
}

impl Meter {
    pub fn snapshot(&self) -> BTreeMap<&'static str, Counts> {
        self.counts.lock().clone()
    }

    pub(crate) fn note(&self, vendor: &'static str, change: impl FnOnce(&mut Counts)) {
        change(self.counts.lock().entry(vendor).or_default());
    }

    pub(crate) fn fault(&self, vendor: &'static str, fault: &Fault) {
        self.note(vendor, |counts| {
            *counts.faults.entry(format!("{:?}", fault.kind)).or_default() += 1
        });
        tracing::info!(
            vendor,
            kind = ?fault.kind,
            bought = ?fault.bought,
            status = fault.status,
            code = fault.code,
            request = fault.request_id,
            "a vendor failed"
        );
    }
}
