//! The numbers by which encodings are known on disk.

use std::fmt;

use super::Damage;

/// An encoding. The number stands before its bytes, and in the footer for each page.
#[non_exhaustive]
#[repr(u8)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// Each value for itself.
    Plain = 0,
    /// One value for all rows.
    Constant = 1,
    /// A first value and a step from row to row.
    Step = 2,
    /// Values and how often each is repeated.
    Runs = 3,
    /// Distances from a base, packed into as few bits as they need.
    Frame = 4,
    /// Differences from row to row.
    Delta = 5,
    /// Distances from a base, divided by what divides them all.
    Divisor = 6,
    /// Distinct values and a code for each row.
    Dictionary = 7,
    /// Doubles that were decimals, as integers.
    Alp = 8,
    /// Doubles, byte by byte: all first bytes, all second bytes, and so on.
    Planes = 9,
    /// No row has a value.
    Nulls = 10,
    /// Stretches of rising values, each distinct one once.
    Clock = 11,
    /// Classes of values by how often they come, and the bits of each value within its class.
    Entropy = 12,
    /// What another column does not tell.
    Given = 13,
}

impl Encoding {
    /// Returns the encoding with this number.
    pub(crate) const fn from_code(code: u8) -> Result<Self, Damage> {
        Ok(match code {
            0 => Self::Plain,
            1 => Self::Constant,
            2 => Self::Step,
            3 => Self::Runs,
            4 => Self::Frame,
            5 => Self::Delta,
            6 => Self::Divisor,
            7 => Self::Dictionary,
            8 => Self::Alp,
            9 => Self::Planes,
            10 => Self::Nulls,
            11 => Self::Clock,
            12 => Self::Entropy,
            13 => Self::Given,
            _ => return Err(Damage("no encoding has this number")),
        })
    }

    /// Returns the number on disk.
    pub(crate) const fn code(self) -> u8 {
        self as u8
    }

    /// Returns the name, as commands print it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Constant => "constant",
            Self::Step => "step",
            Self::Runs => "runs",
            Self::Frame => "frame",
            Self::Delta => "delta",
            Self::Divisor => "divisor",
            Self::Dictionary => "dictionary",
            Self::Alp => "alp",
            Self::Planes => "planes",
            Self::Nulls => "nulls",
            Self::Clock => "clock",
            Self::Entropy => "entropy",
            Self::Given => "given",
        }
    }
}

impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
