//! Sizes as people write them: `1GiB`, `512MiB`.

use std::fmt;
use std::str::FromStr;

use serde::Deserialize;

/// A number of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub struct ByteSize(pub u64);

impl FromStr for ByteSize {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is not a size: use a number and B, KiB, MiB, GiB or TiB");
        let digits = text
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(text.len());
        let (number, unit) = text.split_at(digits);
        let number: u64 = number.parse().map_err(|_| wrong())?;
        let scale = UNITS
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(unit.trim()));
        let (_, scale) = scale.ok_or_else(wrong)?;
        number.checked_mul(*scale).map(Self).ok_or_else(wrong)
    }
}

impl TryFrom<String> for ByteSize {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = |scale: u64| self.0 >= scale && self.0.is_multiple_of(scale);
        let unit = UNITS.iter().rev().find(|(_, scale)| whole(*scale));
        let (name, scale) = unit.copied().unwrap_or(("B", 1));
        write!(f, "{}{name}", self.0 / scale)
    }
}

const UNITS: [(&str, u64); 9] = [
    ("B", 1),
    ("kB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("TB", 1_000_000_000_000),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("TiB", 1 << 40),
];

#[cfg(test)]
mod tests {
    use super::ByteSize;

    #[test]
    fn sizes_are_read_and_shown() {
        assert_eq!("1GiB".parse(), Ok(ByteSize(1 << 30)));
        assert_eq!("64 MB".parse(), Ok(ByteSize(64_000_000)));
        assert_eq!(ByteSize(3 << 20).to_string(), "3MiB");
        for text in ["", "GiB", "1", "-1B", "1.5GiB", "99999999999TiB"] {
            assert!(text.parse::<ByteSize>().is_err(), "{text}");
        }
    }
}
