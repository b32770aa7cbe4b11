//! Vendors' prices in the studio's money.
//!
//! The catalogue holds prices in credits; one credit stands for one US cent until an operator says otherwise
//! (`credits_per_usd`), so that a row can be read beside the vendor's price page.

use aquatint_domain::Credits;
use aquatint_domain::credits::MICRO;

/// Credits for a US dollar, in the rows of vendors' files.
pub const CREDITS_PER_USD: i64 = 100;

/// A vendor's price in US dollars, rounded to the nearest micro-credit.
pub const fn usd(dollars: f64) -> Credits {
    Credits::from_micro((dollars * (CREDITS_PER_USD * MICRO) as f64 + 0.5) as i64)
}

/// What `count` units cost at so many dollars a million, as vendors price tokens. Part of a micro-credit counts whole.
pub fn per_million(count: u64, dollars: f64) -> Credits {
    let micro = count as f64 * dollars * CREDITS_PER_USD as f64;
    Credits::from_micro(micro.ceil().min(9.0e17) as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dollars_become_credits() {
        assert_eq!(usd(0.04), Credits::whole(4));
        assert_eq!(usd(0.005), Credits::from_micro(500_000));
        assert_eq!(per_million(1_000_000, 30.0), Credits::whole(3_000));
        assert_eq!(per_million(1, 0.001), Credits::from_micro(1));
    }
}
