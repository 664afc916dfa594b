//! Integers that rise or fall by the same amount from row to row.
//!
//! ```text
//!  offset bytes
//!       0     8  the first value
//!       8     8  the step; sums wrap around
//! ```
//!
//! A whole page of this kind without nulls has no bytes at all: the footer has its first and its
//! last value, and [`between`] gives those in the middle.

use super::{Damage, Input};

/// Returns the step, if there is one and at least two values.
pub(super) fn find(values: &[i64]) -> Option<i64> {
    let (Some(first), Some(second)) = (values.first(), values.get(1)) else {
        return None;
    };
    let step = second.wrapping_sub(*first);
    let even = |pair: &[i64]| matches!(pair, [a, b] if b.wrapping_sub(*a) == step);
    values.windows(2).all(even).then_some(step)
}

/// Tells whether [`between`] gives back values that rise by this step, whose distance may not fit.
pub(super) fn is_found_again(values: &[i64], step: i64) -> bool {
    let (Some(first), Some(last)) = (values.first(), values.last()) else {
        return false;
    };
    let steps = i64::try_from(values.len() - 1).unwrap_or(i64::MAX);
    last.checked_sub(*first)
        .is_some_and(|distance| step.checked_mul(steps) == Some(distance))
}

pub(super) fn encode(first: i64, step: i64, out: &mut Vec<u8>) {
    out.extend_from_slice(&first.to_le_bytes());
    out.extend_from_slice(&step.to_le_bytes());
}

pub(super) fn decode(input: &mut Input<'_>, rows: usize, out: &mut Vec<i64>) -> Result<(), Damage> {
    let (first, step) = (input.i64()?, input.i64()?);
    extend(first, step, rows, out);
    Ok(())
}

/// Returns the values of a page by its first and last, if they lie on one line.
pub(crate) fn between(first: i64, last: i64, rows: usize) -> Option<Vec<i64>> {
    let steps = i64::try_from(rows)
        .ok()?
        .checked_sub(1)
        .filter(|steps| *steps > 0)?;
    let distance = last.checked_sub(first)?;
    if distance % steps != 0 {
        return None;
    }
    let mut values = Vec::with_capacity(rows);
    extend(first, distance / steps, rows, &mut values);
    Some(values)
}

fn extend(first: i64, step: i64, rows: usize, out: &mut Vec<i64>) {
    let mut next = first;
    out.extend(
        std::iter::repeat_with(|| {
            let value = next;
            next = next.wrapping_add(step);
            value
        })
        .take(rows),
    );
}
