//! Integers whose distances have a common divisor: milliseconds in nanoseconds, blocks in bytes.
//!
//! ```text
//!  offset bytes
//!       0     8  the base, which is the first value
//!       8     8  the divisor, at least 2
//!      16     ?  (value − base) / divisor of each row, as encoded integers
//! ```

use super::integers::{self, Depth};
use super::{Damage, Input};

/// Returns the greatest divisor of all distances to the first value, if it is at least 2.
pub(super) fn find(values: &[i64]) -> Option<i64> {
    let base = *values.first()?;
    let mut divisor = 0;
    for value in values {
        // Most often the divisor so far divides this distance too, and the search is one division.
        let distance = value.wrapping_sub(base).unsigned_abs();
        if divisor == 0 || distance % divisor != 0 {
            divisor = greatest(distance, divisor);
        }
        if divisor == 1 {
            return None;
        }
    }
    i64::try_from(divisor).ok().filter(|divisor| *divisor > 1)
}

pub(super) fn encode(values: &[i64], divisor: i64, depth: Depth, out: &mut Vec<u8>) {
    let base = values.first().copied().unwrap_or(0);
    out.extend_from_slice(&base.to_le_bytes());
    out.extend_from_slice(&divisor.to_le_bytes());
    let quotients = values
        .iter()
        .map(|value| value.wrapping_sub(base) / divisor);
    integers::encode_nested(&quotients.collect::<Vec<_>>(), depth.below(), out);
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

const fn greatest(a: u64, b: u64) -> u64 {
    let (mut a, mut b) = (a, b);
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}
