//! Rate limits per key or grant: fixed windows of a minute and a UTC day, as plans set them. The minute is
//! counted in memory; the day survives restarts through the store.

use std::collections::HashMap;

use aquatint_domain::{Code, Plan, Problem, Timestamp};
use parking_lot::Mutex;

/// Keys remembered at one time; the least recently started windows are dropped beyond it.
const MAX_KEYS: usize = 100_000;
const MINUTE_S: i64 = 60;
const DAY_S: i64 = 86_400;

/// What is left of the tightest window, for the response headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    pub limit: u32,
    pub remaining: u32,
    /// Seconds until the window starts anew.
    pub reset_s: u64,
    /// The length of the window, in seconds.
    pub window_s: u64,
}

#[derive(Default)]
struct Windows {
    minute: i64,
    in_minute: u32,
    day: i64,
    in_day: u32,
    /// Counted since the last save.
    unsaved: u32,
}

/// The counters of this process.
#[derive(Default)]
pub struct RateLimits {
    keys: Mutex<HashMap<String, Windows>>,
}

impl RateLimits {
    /// Counts one request, or refuses it with the time to wait. `None` where the plan has no limits.
    pub fn count(&self, key: &str, plan: &Plan, now: Timestamp) -> Result<Option<Allowance>, Problem> {
        if plan.requests_per_minute == 0 && plan.requests_per_day == 0 {
            return Ok(None);
        }
        let second = now.as_second();
        let (minute, day) = (second.div_euclid(MINUTE_S), second.div_euclid(DAY_S));
        let mut keys = self.keys.lock();
        if keys.len() >= MAX_KEYS && !keys.contains_key(key) {
            keys.retain(|_, windows| windows.day == day && windows.unsaved > 0);
        }
        let windows = keys.entry(key.to_owned()).or_default();
        if windows.minute != minute {
            (windows.minute, windows.in_minute) = (minute, 0);
        }
        if windows.day != day {
            (windows.day, windows.in_day, windows.unsaved) = (day, 0, 0);
        }
        let per_minute = allowance(plan.requests_per_minute, windows.in_minute, MINUTE_S, second);
        let per_day = allowance(plan.requests_per_day, windows.in_day, DAY_S, second);
        for (allowance, word) in [(per_minute, "minute"), (per_day, "day")] {
            if let Some(allowance) = allowance
                && allowance.remaining == 0
            {
                return Err(Problem::new(
                    Code::RateLimited,
                    format!("These credentials may make {} requests a {word}.", allowance.limit),
                )
                .hint(format!(
                    "Wait {} s, or ask the operator for a plan with a higher limit.",
                    allowance.reset_s
                ))
                .retry_after(allowance.reset_s)
                .details(serde_json::json!({ "limit": allowance.limit, "window_s": allowance.window_s })));
            }
        }
        windows.in_minute += 1;
        windows.in_day += 1;
        windows.unsaved += 1;
        let tightest = [per_minute, per_day]
            .into_iter()
            .flatten()
            .min_by_key(|allowance| allowance.remaining);
        Ok(tightest.map(|allowance| Allowance {
            remaining: allowance.remaining - 1,
            ..allowance
        }))
    }

    /// Takes over the day's counts that an earlier process saved.
    pub fn restore(&self, counts: Vec<(String, u32)>, now: Timestamp) {
        let day = now.as_second().div_euclid(DAY_S);
        let mut keys = self.keys.lock();
        for (key, count) in counts.into_iter().take(MAX_KEYS) {
            let windows = keys.entry(key).or_default();
            (windows.day, windows.in_day) = (day, count);
        }
    }

    /// What was counted since the last call, to be added to the store.
    pub fn take_unsaved(&self) -> Vec<(String, u32)> {
        let mut keys = self.keys.lock();
        keys.iter_mut()
            .filter(|(_, windows)| windows.unsaved > 0)
            .map(|(key, windows)| (key.clone(), std::mem::take(&mut windows.unsaved)))
            .collect()
    }
}

fn allowance(limit: u32, used: u32, window_s: i64, second: i64) -> Option<Allowance> {
    (limit > 0).then(|| Allowance {
        limit,
        remaining: limit.saturating_sub(used),
        reset_s: (window_s - second.rem_euclid(window_s)) as u64,
        window_s: window_s as u64,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("in range")
    }

    #[test]
    fn the_thirty_first_request_of_a_minute_waits_for_the_next() {
        let (limits, key) = (RateLimits::default(), "key_1".to_owned());
        let plan = Plan {
            requests_per_minute: 30,
            requests_per_day: 0,
            ..Plan::default()
        };
        for used in 0..30 {
            let allowance = limits.count(&key, &plan, at(600)).expect("allowed").expect("limited");
            assert_eq!(allowance.remaining, 29 - used);
        }
        let refused = limits.count(&key, &plan, at(610)).expect_err("one too many");
        assert_eq!((refused.code, refused.retry_after_s), (Code::RateLimited, Some(50)));
        assert!(limits.count(&key, &plan, at(660)).is_ok());
    }

    #[test]
    fn the_day_is_limited_too_and_survives_a_restart() {
        let (limits, key) = (RateLimits::default(), "key_1".to_owned());
        let plan = Plan {
            requests_per_minute: 0,
            requests_per_day: 3,
            ..Plan::default()
        };
        limits.restore(vec![(key.clone(), 2)], at(100));
        assert!(limits.count(&key, &plan, at(100)).is_ok());
        assert_eq!(limits.take_unsaved(), vec![(key.clone(), 1)]);
        assert!(limits.take_unsaved().is_empty());
        assert!(limits.count(&key, &plan, at(101)).is_err());
        assert!(limits.count(&key, &plan, at(DAY_S)).is_ok());
        let free = Plan {
            requests_per_minute: 0,
            requests_per_day: 0,
            ..Plan::default()
        };
        assert_eq!(limits.count(&key, &free, at(1)).expect("unlimited"), None);
    }
}
