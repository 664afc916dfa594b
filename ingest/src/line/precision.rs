//! The unit of the times in a line protocol body.

use std::str::FromStr;

use crate::Error;

/// What one step of a time is worth.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Precision {
    /// Nanoseconds, when nothing is said.
    #[default]
    Nanoseconds,
    /// Microseconds.
    Microseconds,
    /// Milliseconds.
    Milliseconds,
    /// Seconds.
    Seconds,
    /// Minutes, which InfluxDB's older endpoint knows.
    Minutes,
    /// Hours, likewise.
    Hours,
}

impl Precision {
    /// Returns the nanoseconds of a time, or `None` before 1677 or after 2262.
    pub fn to_nanos(self, time: i64) -> Option<i64> {
        time.checked_mul(match self {
            Self::Nanoseconds => 1,
            Self::Microseconds => 1_000,
            Self::Milliseconds => 1_000_000,
            Self::Seconds => 1_000_000_000,
            Self::Minutes => 60_000_000_000,
            Self::Hours => 3_600_000_000_000,
        })
    }
}

impl FromStr for Precision {
    type Err = Error;

    /// Reads `ns`, `us`, `ms` and `s`, and the names of InfluxDB's older endpoint: `n`, `u`, `µ`,
    /// `m`, `h`.
    fn from_str(text: &str) -> Result<Self, Error> {
        Ok(match text {
            "ns" | "n" => Self::Nanoseconds,
            "us" | "u" | "µ" => Self::Microseconds,
            "ms" => Self::Milliseconds,
            "s" => Self::Seconds,
            "m" => Self::Minutes,
            "h" => Self::Hours,
            _ => {
                return Err(Error::Precision {
                    text: text.chars().take(32).collect(),
                });
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Precision;

    #[test]
    fn every_precision_scales_and_stops_at_the_end_of_time() {
        for (text, expected) in [
            ("ns", 7),
            ("us", 7_000),
            ("ms", 7_000_000),
            ("s", 7_000_000_000),
            ("m", 420_000_000_000),
            ("h", 25_200_000_000_000),
        ] {
            let precision: Precision = text.parse().unwrap();
            assert_eq!(precision.to_nanos(7), Some(expected), "{text}");
            assert_eq!(precision.to_nanos(i64::MAX).is_some(), text == "ns");
        }
        assert!("d".parse::<Precision>().is_err());
    }
}
