//! Sorts integers into classes: small ones each for itself, larger ones by length and first bits.
//!
//! ```text
//!  grain 3: class   0 1 2 3 4 5 6 7 │ 8   9     10    11    │ 12   …
//!           number  0 1 2 3 4 5 6 7 │ 8+1 10+1  12+1  14+1  │ 16+3 …
//!                                     the bits behind `+` are kept beside the class
//! ```
//!
//! Numbers are unsigned: distances from the least value, or values with their sign folded into the
//! lowest bit, whichever keeps them smaller.

use super::window::bits;

/// How values become numbers, and numbers classes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Classes {
    /// Taken from each value.
    pub(super) base: i64,
    /// Whether signs are folded; otherwise no value lies below the base.
    pub(super) is_folded: bool,
    /// Numbers below 2^grain have a class each; from 1 to 8.
    pub(super) grain: u32,
}

/// A class: its least number, and the bits that tell its numbers apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Class {
    pub(super) least: u64,
    pub(super) width: u32,
}

impl Classes {
    /// Returns the number of a value.
    #[inline(always)]
    pub(super) const fn number(self, value: i64) -> u64 {
        let distance = value.wrapping_sub(self.base);
        match self.is_folded {
            true => ((distance << 1) ^ (distance >> 63)).cast_unsigned(),
            false => distance.cast_unsigned(),
        }
    }

    /// Returns the value of a number.
    #[inline(always)]
    pub(super) const fn value(self, number: u64) -> i64 {
        let distance = match self.is_folded {
            true => (number >> 1).cast_signed() ^ -((number & 1).cast_signed()),
            false => number.cast_signed(),
        };
        distance.wrapping_add(self.base)
    }

    /// Returns the class of a number, by its position.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "there are fewer than 8 192 classes"
    )]
    #[inline(always)]
    pub(super) const fn position(self, number: u64) -> usize {
        let beyond = bits(number).saturating_sub(self.grain);
        ((beyond as u64) << (self.grain - 1)) as usize + (number >> beyond) as usize
    }

    /// Returns the class at a position.
    #[expect(clippy::cast_possible_truncation, reason = "a width is at most 63")]
    pub(super) const fn class(self, position: usize) -> Class {
        let width = ((position >> (self.grain - 1)) as u32).saturating_sub(1);
        let first_bits = position as u64 - ((width as u64) << (self.grain - 1));
        Class {
            least: first_bits << width,
            width,
        }
    }

    /// Returns the number of classes that there can be.
    pub(super) const fn count(self) -> usize {
        self.position(u64::MAX) + 1
    }
}
