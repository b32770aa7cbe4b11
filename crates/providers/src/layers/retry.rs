//! When and how soon the same is asked again: by the vendor's `Retry-After`, else with growing pauses and jitter.

use std::time::Duration;

use crate::fault::Fault;

/// How patient we are with a vendor.
#[derive(Clone, Copy, Debug)]
pub struct Retry {
    /// Tries in all.
    pub tries: u32,
    /// Before the second try; it doubles with each.
    pub first_pause: Duration,
    /// A vendor that asks for more than this is not waited for: the job says so instead.
    pub longest_pause: Duration,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            tries: 4,
            first_pause: Duration::from_secs(1),
            longest_pause: Duration::from_secs(30),
        }
    }
}

impl Retry {
    /// The pause before the next try after `tried` tries, or `None` to give up.
    pub fn pause(&self, fault: &Fault, tried: u32) -> Option<Duration> {
        if tried >= self.tries || !fault.may_pass() {
            return None;
        }
        if let Some(wait) = fault.retry_after {
            // A little more than asked, spread, so that many waiters do not come back at once.
            return (wait <= self.longest_pause).then(|| wait + self.first_pause.mul_f64(chance() / 4.0));
        }
        let grown = self.first_pause * 2u32.saturating_pow(tried.saturating_sub(1));
        Some(grown.min(self.longest_pause).mul_f64(0.5 + chance() / 2.0))
    }
}

/// A number from 0 to 1.
fn chance() -> f64 {
    let mut byte = [0u8; 2];
    // Without chance the pauses are merely all the same.
    let _ = getrandom::fill(&mut byte);
    f64::from(u16::from_le_bytes(byte)) / f64::from(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::FaultKind;

    #[test]
    fn pauses_grow_follow_the_vendor_and_end() {
        let retry = Retry::default();
        let mut fault = Fault::new(FaultKind::Overloaded, "");
        for (tried, least, most) in [(1, 500, 1_000), (2, 1_000, 2_000), (3, 2_000, 4_000)] {
            let pause = retry.pause(&fault, tried).expect("again").as_millis();
            assert!((least..=most).contains(&pause), "{tried}: {pause}");
        }
        assert_eq!(retry.pause(&fault, 4), None);
        fault.retry_after = Some(Duration::from_secs(7));
        assert!(retry.pause(&fault, 1).expect("again") >= Duration::from_secs(7));
        fault.retry_after = Some(Duration::from_secs(31));
        assert_eq!(retry.pause(&fault, 1), None);
        assert_eq!(retry.pause(&Fault::new(FaultKind::Refused, ""), 1), None);
    }
}
