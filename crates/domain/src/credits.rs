//! Money of the studio: credits, held as whole micro-credits so that sums are exact.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, Neg, Sub};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An amount of credits in micro-credits (one credit is 1,000,000). In JSON it is a number of credits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Credits(i64);

/// Micro-credits in one credit.
pub const MICRO: i64 = 1_000_000;

impl Credits {
    pub const ZERO: Self = Self(0);

    /// From micro-credits.
    pub const fn from_micro(micro: i64) -> Self {
        Self(micro)
    }

    /// From whole credits; saturates at the ends of the range.
    pub const fn whole(credits: i64) -> Self {
        Self(credits.saturating_mul(MICRO))
    }

    /// From a JSON or TOML number of credits, rounded to the nearest micro-credit.
    /// `None` for what is not finite or outside ±9 trillion credits.
    pub fn from_f64(credits: f64) -> Option<Self> {
        let micro = (credits * MICRO as f64).round();
        (micro.is_finite() && micro.abs() < 9.0e18).then_some(Self(micro as i64))
    }

    pub const fn micro(self) -> i64 {
        self.0
    }

    pub fn as_f64(self) -> f64 {
        self.0 as f64 / MICRO as f64
    }

    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// `self × times`; saturates.
    pub const fn times(self, times: i64) -> Self {
        Self(self.0.saturating_mul(times))
    }
}

impl Add for Credits {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sub for Credits {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl Neg for Credits {
    type Output = Self;
    fn neg(self) -> Self {
        Self(self.0.saturating_neg())
    }
}

impl Sum for Credits {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, Add::add)
    }
}

impl fmt::Display for Credits {
    /// `12`, `0.5`, `-3.000001`: exact, without trailing zeros.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let micro = self.0.unsigned_abs();
        let (whole, rest) = (micro / MICRO as u64, micro % MICRO as u64);
        if rest == 0 {
            return write!(f, "{sign}{whole}");
        }
        let digits = format!("{rest:06}");
        write!(f, "{sign}{whole}.{}", digits.trim_end_matches('0'))
    }
}

impl Serialize for Credits {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0 % MICRO == 0 {
            return serializer.serialize_i64(self.0 / MICRO);
        }
        serializer.serialize_f64(self.as_f64())
    }
}

impl<'de> Deserialize<'de> for Credits {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let credits = f64::deserialize(deserializer)?;
        Self::from_f64(credits).ok_or_else(|| serde::de::Error::custom("the amount of credits is out of range"))
    }
}

impl JsonSchema for Credits {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Credits".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "number" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credits_print_exactly_and_read_back() {
        for (micro, text) in [(0, "0"), (1_500_000, "1.5"), (-1, "-0.000001"), (12_000_000, "12")] {
            let credits = Credits::from_micro(micro);
            assert_eq!(credits.to_string(), text);
            let json = serde_json::to_string(&credits).expect("serialises");
            assert_eq!(serde_json::from_str::<Credits>(&json).expect("reads back"), credits);
        }
        assert_eq!(Credits::from_f64(f64::NAN), None);
    }
}
