//! Integers whose distances have a common divisor: milliseconds in nanoseconds, blocks in bytes.
//!
//! ```text
//!  offset bytes
//!       0     8  the base, which is the first value
//!       8     8  the divisor, at least 2
//!      16     ?  (value − base) / divisor of each row, as encoded integers
//! ```

use super::effort::Nesting;
use super::integers::{self, Depth};
use super::{Damage, Input};

/// Returns the greatest divisor of all distances to the first value, if it is at least 2.
pub(super) fn find(values: &[i64]) -> Option<i64> {
    let base = *values.first()?;
    let mut divisor = 0;
    let mut test = Exact::by(1);
    for value in values {
        // Most often the divisor so far divides this distance too, which a multiplication tells.
        let distance = value.wrapping_sub(base).unsigned_abs();
        if divisor == 0 || !test.divides(distance) {
            divisor = greatest(distance, divisor);
            test = Exact::by(divisor);
        }
        if divisor == 1 {
            return None;
        }
    }
    i64::try_from(divisor).ok().filter(|divisor| *divisor > 1)
}

pub(super) fn encode(values: &[i64], divisor: i64, nesting: Nesting, out: &mut Vec<u8>) {
    let base = values.first().copied().unwrap_or(0);
    out.extend_from_slice(&base.to_le_bytes());
    out.extend_from_slice(&divisor.to_le_bytes());
    let exact = Exact::by(divisor.unsigned_abs());
    let quotients = values
        .iter()
        .map(|value| exact.quotient(value.wrapping_sub(base)));
    integers::encode_nested(&quotients.collect::<Vec<_>>(), nesting.below(), out);
}

pub(super) fn decode(
    input: &mut Input<'_>,
    rows: usize,
    depth: Depth,
    out: &mut Vec<i64>,
) -> Result<(), Damage> {
    let (base, divisor) = (input.i64()?, input.i64()?);
    let start = out.len();
    integers::decode_into(input, rows, depth.below(), out)?;
    for value in out.iter_mut().skip(start) {
        *value = value.wrapping_mul(divisor).wrapping_add(base);
    }
    Ok(())
}

/// A division that multiplies: an odd number has an inverse modulo 2^64.
///
/// **Source**: Warren, "Hacker's Delight", 10-16 and 10-17.
#[derive(Debug, Clone, Copy)]
struct Exact {
    zeros: u32,
    inverse: u64,
    quotient_max: u64,
}

impl Exact {
    fn by(divisor: u64) -> Self {
        let zeros = divisor.trailing_zeros() & 63;
        let odd = (divisor >> zeros).max(1);
        // Each step of Newton's doubles the bits that are right; an odd number is its own inverse
        // modulo 8.
        let newton =
            |inverse: u64, _| inverse.wrapping_mul(2u64.wrapping_sub(odd.wrapping_mul(inverse)));
        Self {
            zeros,
            inverse: (0..5).fold(odd, newton),
            quotient_max: u64::MAX / odd,
        }
    }

    const fn divides(self, number: u64) -> bool {
        number & ((1 << self.zeros) - 1) == 0
            && (number >> self.zeros).wrapping_mul(self.inverse) <= self.quotient_max
    }

    /// Returns the quotient of a number that divides without remainder.
    const fn quotient(self, number: i64) -> i64 {
        (number >> self.zeros)
            .cast_unsigned()
            .wrapping_mul(self.inverse)
            .cast_signed()
    }
}

const fn greatest(a: u64, b: u64) -> u64 {
    let (mut a, mut b) = (a, b);
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}
