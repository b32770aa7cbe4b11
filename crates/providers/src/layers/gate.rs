//! How much of a vendor is used at once: places for tasks, and submits in a minute.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use crate::provider::Pace;

const MINUTE: Duration = Duration::from_secs(60);

/// The gate in front of one account at a vendor.
pub struct Gate {
    places: Arc<Semaphore>,
    per_minute: usize,
    minute: Duration,
    /// When the submits of the last minute were let through.
    passed: Mutex<VecDeque<Instant>>,
}

/// A place at a vendor; it is free again when this is dropped.
pub struct Place {
    _permit: Option<OwnedSemaphorePermit>,
}

impl Gate {
    pub fn new(pace: Pace) -> Self {
        Self {
            places: Arc::new(Semaphore::new(pace.at_once.max(1))),
            per_minute: pace.per_minute.max(1) as usize,
            minute: MINUTE,
            passed: Mutex::default(),
        }
    }

    /// Waits for a place.
    pub async fn place(&self) -> Place {
        // The semaphore is never closed, so there is always a permit in the end.
        let permit = Arc::clone(&self.places).acquire_owned().await.ok();
        Place { _permit: permit }
    }

    /// Waits until one more submit fits into the minute.
    pub async fn pass(&self) {
        loop {
            let wait = {
                let mut passed = self.passed.lock();
                let now = Instant::now();
                while passed
                    .front()
                    .is_some_and(|then| now.duration_since(*then) >= self.minute)
                {
                    passed.pop_front();
                }
                if passed.len() < self.per_minute {
                    passed.push_back(now);
                    return;
                }
                passed
                    .front()
                    .map_or(Duration::ZERO, |oldest| self.minute - now.duration_since(*oldest))
            };
            tokio::time::sleep(wait).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_so_many_pass_in_a_minute_and_only_so_many_have_a_place() {
        let minute = Duration::from_millis(50);
        let mut gate = Gate::new(Pace {
            at_once: 1,
            per_minute: 2,
            poll_every: minute,
        });
        gate.minute = minute;
        let begun = Instant::now();
        for _ in 0..3 {
            gate.pass().await;
        }
        assert!(begun.elapsed() >= minute);
        let place = gate.place().await;
        assert!(tokio::time::timeout(minute, gate.place()).await.is_err());
        drop(place);
        gate.place().await;
    }
}
