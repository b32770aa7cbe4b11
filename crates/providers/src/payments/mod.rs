//! Who takes money: one vendor, [`stripe`], its calls and its events. What they mean for credits and plans is decided above.

mod event;
mod signature;
pub mod stripe;

pub use event::{Charged, Checkout, Event, Happening, Invoice, read_event};
pub use signature::verify;

/// How many decimals the amounts of a currency have: Stripe counts in the smallest unit.
/// <https://docs.stripe.com/currencies#zero-decimal>, <https://docs.stripe.com/currencies#three-decimal>.
pub fn decimals(currency: &str) -> u32 {
    match currency {
        "bif" | "clp" | "djf" | "gnf" | "jpy" | "kmf" | "krw" | "mga" | "pyg" | "rwf" | "vnd" | "vuv" | "xaf"
        | "xof" | "xpf" => 0,
        "bhd" | "jod" | "kwd" | "omr" | "tnd" => 3,
        _ => 2,
    }
}

/// An amount for people: `19.99 USD`.
pub fn money(minor: i64, currency: &str) -> String {
    let decimals = decimals(currency) as usize;
    let sign = if minor < 0 { "-" } else { "" };
    let digits = format!("{:0>width$}", minor.unsigned_abs(), width = decimals + 1);
    let (whole, rest) = digits.split_at(digits.len() - decimals);
    let point = if decimals == 0 { "" } else { "." };
    format!("{sign}{whole}{point}{rest} {}", currency.to_uppercase())
}

#[cfg(test)]
mod tests {
    #[test]
    fn amounts_have_the_decimals_of_their_currency() {
        for (minor, currency, text) in [
            (1999, "usd", "19.99 USD"),
            (5, "eur", "0.05 EUR"),
            (500, "jpy", "500 JPY"),
            (1234, "kwd", "1.234 KWD"),
            (-100, "usd", "-1.00 USD"),
        ] {
            assert_eq!(super::money(minor, currency), text);
        }
    }
}
