//! Differences from row to row; nested in itself, differences of differences.
//!
//! ```text
//!  offset bytes
//!       0     8  the first value
//!       8     ?  the difference of each later row to the one before, as encoded integers
//! ```
//!
//! Differences and sums wrap around, so that every series of integers can be encoded.

use super::choose::Differences;
use super::effort::Nesting;
use super::integers::{self, Depth, Take};
use super::{Damage, Input};

/// Returns the difference of each row but the first to the one before.
pub(super) fn differences(values: &[i64]) -> Vec<i64> {
    let later = values.get(1..).unwrap_or_default().iter();
    later.zip(values).map(|(b, a)| b.wrapping_sub(*a)).collect()
}

/// Encodes values, whose differences may have been looked at already.
pub(super) fn encode(
    values: &[i64],
    known: Option<Differences>,
    nesting: Nesting,
    out: &mut Vec<u8>,
) {
    let first = values.first().copied().unwrap_or(0);
    out.extend_from_slice(&first.to_le_bytes());
    match known {
        Some(known) => integers::encode_differences(known, nesting.below(), out),
        None => integers::encode_nested(&differences(values), nesting.below(), out),
    };
}

/// Decodes values and hands them on as they come.
pub(super) fn decode(
    input: &mut Input<'_>,
    rows: usize,
    depth: Depth,
    take: &mut Take<'_>,
) -> Result<(), Damage> {
    let first = input.i64()?;
    let Some(deltas) = rows.checked_sub(1) else {
        return Err(Damage("differences need a row"));
    };
    take(&[first]);
    integers::decode_sums(input, deltas, depth.below(), first, take)
}
