//! How often one may fail to prove who one is. Counted in this process: a second process doubles the tries, which
//! is still far from guessing.

use std::collections::HashMap;
use std::net::Ipv6Addr;
use std::time::Duration;

use aquatint_domain::{Code, Problem, Timestamp};
use parking_lot::Mutex;

/// Failures within this time count.
const WINDOW: Duration = Duration::from_secs(15 * 60);
/// Subjects remembered at one time.
const MAX_SUBJECTS: usize = 50_000;

/// Failures by subject: an account at an address, an account, an address.
#[derive(Default)]
pub(crate) struct Throttle(Mutex<HashMap<String, (Timestamp, u32)>>);

/// What one may fail at, and how often in a quarter of an hour.
pub(crate) struct Limit {
    pub subject: String,
    pub most: u32,
}

impl Throttle {
    /// The limits on signing in: few for one account from one address, more for an account from everywhere, so that a
    /// stranger can hardly lock a person out, and for an address.
    pub(crate) fn on_account(account: &str, address: &str) -> [Limit; 3] {
        let address = network(address);
        [
            Limit {
                subject: format!("both {account} {address}"),
                most: 10,
            },
            Limit {
                subject: format!("account {account}"),
                most: 100,
            },
            Limit {
                subject: format!("address {address}"),
                most: 100,
            },
        ]
    }

    /// Refuses where too many tries failed before.
    pub(crate) fn check(&self, limits: &[Limit], now: Timestamp) -> Result<(), Problem> {
        let counts = self.0.lock();
        for limit in limits {
            let Some((since, failures)) = counts.get(&limit.subject) else {
                continue;
            };
            let left = WINDOW.as_secs() as i64 - (now.as_second() - since.as_second());
            if *failures >= limit.most && left > 0 {
                return Err(
                    Problem::new(Code::RateLimited, "Too many tries failed. Wait a while and try again.")
                        .retry_after(left as u64),
                );
            }
        }
        Ok(())
    }

    /// Counts a failure, or anything else that is limited.
    pub(crate) fn count(&self, limits: &[Limit], now: Timestamp) {
        let mut counts = self.0.lock();
        if counts.len() >= MAX_SUBJECTS {
            counts.retain(|_, (since, _)| is_recent(*since, now));
            // Still too many: whoever failed once or twice is let go first, and never more than this is kept.
            let mut least = 1;
            while counts.len() >= MAX_SUBJECTS {
                counts.retain(|_, (_, failures)| *failures > least);
                least *= 2;
            }
        }
        for limit in limits {
            let entry = counts.entry(limit.subject.clone()).or_insert((now, 0));
            if !is_recent(entry.0, now) {
                *entry = (now, 0);
            }
            entry.1 += 1;
        }
    }

    /// Forgets the failures of one who proved who they are, from there.
    pub(crate) fn forgive(&self, limits: &[Limit]) {
        let mut counts = self.0.lock();
        // What others failed at from that address or for that account stays counted.
        if let Some(first) = limits.first() {
            counts.remove(&first.subject);
        }
    }
}

/// Whose address it is: of an IPv6 address the first 64 bits, for a customer has all that follow.
pub(crate) fn network(address: &str) -> String {
    match address.parse::<Ipv6Addr>() {
        Ok(address) => {
            let parts = address.segments();
            format!("{:x}:{:x}:{:x}:{:x}::/64", parts[0], parts[1], parts[2], parts[3])
        }
        Err(_) => address.to_owned(),
    }
}

fn is_recent(since: Timestamp, now: Timestamp) -> bool {
    now.as_second() - since.as_second() < WINDOW.as_secs() as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_eleventh_try_waits_and_others_do_not() {
        let at = |second| Timestamp::from_second(second).expect("in range");
        let throttle = Throttle::default();
        let limits = Throttle::on_account("ada@example.com", "10.0.0.1");
        for _ in 0..10 {
            assert!(throttle.check(&limits, at(100)).is_ok());
            throttle.count(&limits, at(100));
        }
        let refused = throttle.check(&limits, at(160)).expect_err("too many");
        assert_eq!((refused.code, refused.retry_after_s), (Code::RateLimited, Some(840)));
        assert!(
            throttle
                .check(&Throttle::on_account("ada@example.com", "10.0.0.2"), at(160))
                .is_ok()
        );
        assert!(
            throttle
                .check(&Throttle::on_account("eve@example.com", "10.0.0.1"), at(160))
                .is_ok()
        );
        assert!(throttle.check(&limits, at(1_001)).is_ok());
        throttle.forgive(&limits);
        assert!(throttle.check(&limits, at(160)).is_ok());
        assert_eq!(network("2001:db8:1:2:3:4:5:6"), network("2001:db8:1:2::9"));
        assert_ne!(network("2001:db8:1:2::9"), network("2001:db8:1:3::9"));
        assert_eq!(network("10.0.0.1"), "10.0.0.1");
    }

    #[test]
    fn memory_has_an_end_and_the_worst_stay() {
        let now = Timestamp::from_second(100).expect("in range");
        let throttle = Throttle::default();
        let one = |subject: String| [Limit { subject, most: 10 }];
        for _ in 0..10 {
            throttle.count(&one("the worst".into()), now);
        }
        for number in 0..MAX_SUBJECTS + 10 {
            throttle.count(&one(number.to_string()), now);
        }
        assert!(throttle.0.lock().len() <= MAX_SUBJECTS);
        assert!(throttle.check(&one("the worst".into()), now).is_err());
    }
}
