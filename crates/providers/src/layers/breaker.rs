//! The circuit breaker: a vendor that fails again and again is left alone for a while, so that jobs fail at once
//! with clear words instead of waiting one by one.

use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

use crate::fault::{Fault, FaultKind};

/// Failures in a row that open it.
const LIMIT: u32 = 6;
/// How long it stays open.
const REST: Duration = Duration::from_secs(30);

/// Counts the failures of one vendor.
pub struct Breaker {
    rest: Duration,
    state: Mutex<State>,
}

impl Default for Breaker {
    fn default() -> Self {
        Self {
            rest: REST,
            state: Mutex::default(),
        }
    }
}

#[derive(Default)]
struct State {
    failures: u32,
    open_until: Option<Instant>,
}

impl Breaker {
    /// Refuses while the breaker is open. After the rest one request is let through; the others wait for what becomes of it.
    pub fn check(&self) -> Result<(), Fault> {
        let mut state = self.state.lock();
        let Some(until) = state.open_until else { return Ok(()) };
        let now = Instant::now();
        if now >= until {
            state.open_until = Some(now + self.rest);
            return Ok(());
        }
        let mut fault = Fault::new(FaultKind::Resting, "it failed several times in a row just now");
        fault.retry_after = Some(until - now);
        Err(fault)
    }

    /// Learns from the end of a request. A refusal is a sign of life.
    pub fn learn(&self, fault: Option<&Fault>) {
        let is_ill = fault.is_some_and(|fault| {
            matches!(
                fault.kind,
                FaultKind::VendorFailed
                    | FaultKind::Unreachable
                    | FaultKind::TimedOut
                    | FaultKind::Unreadable
                    | FaultKind::Overloaded
            )
        });
        let mut state = self.state.lock();
        if !is_ill {
            *state = State::default();
            return;
        }
        state.failures += 1;
        if state.failures >= LIMIT {
            state.open_until = Some(Instant::now() + self.rest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn it_opens_rests_and_tries_with_one() {
        let breaker = Breaker {
            rest: Duration::from_millis(50),
            ..Breaker::default()
        };
        let ill = Fault::new(FaultKind::VendorFailed, "");
        for _ in 0..LIMIT {
            breaker.check().expect("closed");
            breaker.learn(Some(&ill));
        }
        assert_eq!(breaker.check().expect_err("open").kind, FaultKind::Resting);
        tokio::time::sleep(breaker.rest).await;
        breaker.check().expect("one may try");
        breaker.check().expect_err("the others wait");
        breaker.learn(Some(&Fault::new(FaultKind::BadKey, "")));
        breaker.check().expect("a refusal is a sign of life");
    }
}
