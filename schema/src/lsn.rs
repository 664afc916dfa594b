//! A position in the log, opaque outside the crate `wal`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::Error;

/// A position in our own log: larger means later.
///
/// Only `wal` gives meaning to the number (today a byte position in the endless log);
/// everybody else compares, stores and prints it.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Lsn(u64);

impl Lsn {
    /// Before the first record.
    pub const ZERO: Self = Self(0);
    /// After every record.
    pub const MAX: Self = Self(u64::MAX);

    /// Returns the position with this number.
    pub const fn new(position: u64) -> Self {
        Self(position)
    }

    /// Returns the number of this position.
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Lsn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Lsn {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        text.parse().map(Self).map_err(|_| Error::Lsn {
            text: text.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Lsn;

    #[test]
    fn prints_and_parses_the_same_number() {
        assert_eq!("42".parse(), Ok(Lsn::new(42)));
        assert_eq!(Lsn::new(42).to_string(), "42");
        assert!("0/16B3748".parse::<Lsn>().is_err());
    }
}
