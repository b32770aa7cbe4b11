//! A clock that stands still until a test moves it.

use std::sync::Arc;
use std::time::Duration;

use aquatint_domain::{Clock, Timestamp};
use jiff::SignedDuration;
use parking_lot::Mutex;

/// Time in a test's hand. Clones show the same time.
#[derive(Clone, Debug)]
pub struct FrozenClock {
    now: Arc<Mutex<Timestamp>>,
}

impl FrozenClock {
    /// Stopped at an instant such as `2026-11-20T12:00:00Z`.
    pub fn at(time: &str) -> Self {
        let now = time.parse().expect("the test gave an RFC 3339 time");
        Self {
            now: Arc::new(Mutex::new(now)),
        }
    }

    /// Lets time pass.
    pub fn advance(&self, time: Duration) {
        let step = SignedDuration::try_from(time).expect("a test waits for less than the age of the universe");
        *self.now.lock() += step;
    }

    /// Jumps, backwards too, as clocks of real machines do.
    pub fn set(&self, now: Timestamp) {
        *self.now.lock() = now;
    }
}

impl Default for FrozenClock {
    fn default() -> Self {
        Self::at("2026-11-20T12:00:00Z")
    }
}

impl Clock for FrozenClock {
    fn now(&self) -> Timestamp {
        *self.now.lock()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clones_share_the_time_and_only_the_test_moves_it() {
        let clock = FrozenClock::default();
        let seen_by_the_app = clock.clone();
        assert_eq!(clock.now(), seen_by_the_app.now());
        clock.advance(Duration::from_secs(3_600));
        assert_eq!(seen_by_the_app.now().to_string(), "2026-11-20T13:00:00Z");
        clock.set("2020-01-01T00:00:00Z".parse().expect("a time"));
        assert_eq!(seen_by_the_app.now().to_string(), "2020-01-01T00:00:00Z");
    }
}
