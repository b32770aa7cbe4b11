//! Language models: words, with pictures where the model can look, to words. Answered at once, billed by tokens.

use aquatint_domain::{Credits, Timestamp};

use crate::order::Medium;
use crate::price::per_million;

/// Tokens that a request has beside its words: roles, separators.
const FRAME_TOKENS: u64 = 64;

/// A language model of a vendor, as data.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ChatModel {
    /// Such as `text/openai/gpt-5.6-luna`.
    pub id: &'static str,
    /// The vendor's own name.
    pub vendor_model: &'static str,
    pub best_for: &'static str,
    /// The most tokens that it counts for a picture of [`PICTURE_SIDE`], or 0 where it sees none.
    pub picture_tokens: u64,
    pub rates: ChatRates,
    /// Rates until a day, such as `2027-01-01T00:00:00Z`.
    pub until: Option<(&'static str, ChatRates)>,
}

/// US dollars for a million tokens.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ChatRates {
    pub input: f64,
    pub output: f64,
}

/// The longest side of pictures that are sent along, in pixels.
pub const PICTURE_SIDE: u32 = 1_024;

/// What is asked.
#[derive(Clone, Debug)]
pub struct ChatOrder {
    /// The vendor's own name of the model.
    pub model: String,
    /// What the model is told before.
    pub instructions: Option<String>,
    pub prompt: String,
    pub pictures: Vec<Medium>,
    /// Tokens of the answer, thinking among them.
    pub max_tokens: u32,
}

/// What came back.
#[derive(Clone, Debug, PartialEq)]
pub struct ChatAnswer {
    pub text: String,
    /// Tokens that went in and came out, where the vendor says.
    pub tokens: Option<(u64, u64)>,
    /// It ended because of `max_tokens`.
    pub is_cut: bool,
    pub request_id: Option<String>,
    pub version: Option<String>,
}

impl ChatModel {
    pub fn rates(&self, now: Timestamp) -> ChatRates {
        match self.until {
            Some((end, rates)) if end.parse::<Timestamp>().is_ok_and(|end| now < end) => rates,
            _ => self.rates,
        }
    }

    /// The most that an order of so many bytes of words and so many pictures can cost. A token stands for at least one byte.
    pub fn most(&self, bytes: usize, pictures: usize, max_tokens: u32, now: Timestamp) -> Credits {
        let input = bytes as u64 + FRAME_TOKENS + pictures as u64 * self.picture_tokens;
        self.cost(input, max_tokens.into(), now)
    }

    /// What so many tokens cost.
    pub fn cost(&self, input: u64, output: u64, now: Timestamp) -> Credits {
        let rates = self.rates(now);
        per_million(input, rates.input) + per_million(output, rates.output)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bound_is_above_what_is_counted_and_rates_end_on_their_day() {
        let model = ChatModel {
            id: "text/acme/a",
            vendor_model: "a",
            best_for: "tests",
            picture_tokens: 1_000,
            rates: ChatRates {
                input: 2.0,
                output: 12.0,
            },
            until: Some((
                "2027-01-01T00:00:00Z",
                ChatRates {
                    input: 1.0,
                    output: 6.0,
                },
            )),
        };
        let (before, after): (Timestamp, Timestamp) = (
            "2026-12-31T23:59:59Z".parse().expect("a time"),
            "2027-01-01T00:00:00Z".parse().expect("a time"),
        );
        assert_eq!(model.cost(1_000_000, 0, before), Credits::whole(100));
        assert_eq!(model.cost(1_000_000, 0, after), Credits::whole(200));
        assert!(model.most("many words".len(), 2, 100, after) > model.cost(3 + 2_000, 100, after));
    }
}
