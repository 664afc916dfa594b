//! Spans of time as people write them: `90d`, `30s`, `1h`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::Error;

/// A length of time in nanoseconds, never negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Span(i64);

impl Span {
    /// Returns a span of this many nanoseconds; a negative number counts as none.
    pub const fn from_nanos(nanos: i64) -> Self {
        Self(if nanos < 0 { 0 } else { nanos })
    }

    /// Returns a span of this many seconds.
    pub const fn from_secs(seconds: u32) -> Self {
        Self(seconds as i64 * 1_000_000_000)
    }

    /// Returns a span of this many days.
    pub const fn from_days(days: u16) -> Self {
        Self(days as i64 * 86_400_000_000_000)
    }

    /// Returns the nanoseconds.
    pub const fn nanos(self) -> i64 {
        self.0
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = UNITS
            .iter()
            .rev()
            .find(|(_, nanos)| self.0 % nanos == 0 && self.0 >= *nanos);
        let (name, nanos) = unit.copied().unwrap_or(("ns", 1));
        write!(f, "{}{name}", self.0 / nanos)
    }
}

impl FromStr for Span {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let wrong = || Error::Span {
            text: text.to_owned(),
        };
        let number_end = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
        let (number, unit) = text.split_at(number_end);
        let number: i64 = number.parse().map_err(|_| wrong())?;
        let (_, nanos) = UNITS
            .iter()
            .find(|(name, _)| *name == unit.trim())
            .ok_or_else(wrong)?;
        number.checked_mul(*nanos).map(Self).ok_or_else(wrong)
    }
}

impl TryFrom<String> for Span {
    type Error = Error;
    fn try_from(text: String) -> Result<Self, Error> {
        text.parse()
    }
}

impl From<Span> for String {
    fn from(span: Span) -> Self {
        span.to_string()
    }
}

const UNITS: [(&str, i64); 8] = [
    ("ns", 1),
    ("us", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
    ("d", 86_400_000_000_000),
    ("w", 604_800_000_000_000),
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Span;

    #[test]
    fn spans_of_the_documentation_are_read() {
        assert_eq!("90d".parse(), Ok(Span::from_days(90)));
        assert_eq!("60s".parse(), Ok(Span::from_secs(60)));
        assert_eq!("1m".parse(), Ok(Span::from_secs(60)));
    }

    #[test]
    fn what_is_no_span_is_refused() {
        for text in ["", "d", "10", "-1s", "1y", "99999999999999w", "1.5h"] {
            assert!(text.parse::<Span>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_span_survives_its_text(nanos in 0..i64::MAX) {
            let span = Span::from_nanos(nanos);
            prop_assert_eq!(span.to_string().parse(), Ok(span));
        }
    }
}
