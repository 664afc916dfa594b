//! Doubles that were decimals, as the integers they were before their point was set (after ALP).
//!
//! ```text
//!  offset bytes
//!       0     1  digits behind the point, d, 0 to 18
//!       1     4  number of exceptions
//!       5     ?  rows of the exceptions, as encoded integers
//!       ?   8·n  the exceptions, IEEE 754
//!       ?     ?  the integer of each row, as encoded integers
//! ```
//!
//! An integer is `round(value · 10^d)` and becomes the value again as `integer / 10^d`. A division
//! rounds to the nearest double, as reading the decimal did, so that every decimal short enough comes
//! back; ALP multiplies by `10^-d`, which is not exact, and makes up for it with a second factor.
//! Values that do not come back bit by bit are exceptions: 1/3, NaN, −0.0 and whatever was never a
//! short decimal. Zeros behind a long integer are left to [`super::divisor`].
//!
//! **Source**: Afroozeh, Kuffó and Boncz, "ALP: Adaptive Lossless floating-Point Compression",
//! SIGMOD 2024.

use super::effort::Effort;
use super::integers;
use super::window::bits;
use super::{Damage, Input, push_count};

/// The power of ten that a page's decimals share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Scale {
    digits: u8,
}

impl Scale {
    fn power(self) -> Option<f64> {
        POWERS.get(usize::from(self.digits)).copied()
    }
}

/// Returns the scale that suits a sample of the values best, if nearly all of them are decimals.
pub(super) fn find(values: &[f64]) -> Option<Scale> {
    let gap = values.len().div_ceil(SAMPLE_ROWS).max(1);
    let sample: Vec<f64> = values.iter().step_by(gap).copied().collect();
    let costed = (0..=18).filter_map(|digits| {
        let scale = Scale { digits };
        let (exceptions, width) = cost(&sample, scale.power()?)?;
        (width < DECIMAL_BITS_MAX).then_some((exceptions, scale))
    });
    // More digits than are needed only make integers larger; the first with fewest exceptions wins.
    let best = costed.min_by_key(|(exceptions, _)| *exceptions);
    best.map(|(_, scale)| scale)
}

pub(super) fn encode(values: &[f64], scale: Scale, effort: Effort, out: &mut Vec<u8>) {
    let Some(power) = scale.power() else {
        return;
    };
    let (mut rows, mut exceptions) = (Vec::new(), Vec::new());
    let mut integers = Vec::with_capacity(values.len());
    let mut previous = 0;
    for (row, value) in (0..).zip(values) {
        match decimal(*value, power) {
            Some(integer) => previous = integer,
            None => {
                rows.push(row);
                exceptions.push(*value);
            }
        }
        integers.push(previous);
    }
    out.push(scale.digits);
    push_count(out, rows.len());
    integers::encode(&rows, effort, out);
    out.extend(exceptions.iter().flat_map(|value| value.to_le_bytes()));
    integers::encode(&integers, effort, out);
}

pub(super) fn decode(input: &mut Input<'_>, rows: usize) -> Result<Vec<f64>, Damage> {
    let scale = Scale {
        digits: input.u8()?,
    };
    let power = scale
        .power()
        .ok_or(Damage("no power of ten has this number"))?;
    let count = input.count(rows)?;
    let exception_rows = integers::decode(input, count)?;
    let (exceptions, _) = input.take(count * 8)?.as_chunks::<8>();
    let integers = integers::decode(input, rows)?;
    let mut values: Vec<f64> = integers
        .iter()
        .map(|integer| *integer as f64 / power)
        .collect();
    for (row, exception) in exception_rows.iter().zip(exceptions) {
        let place = usize::try_from(*row)
            .ok()
            .and_then(|row| values.get_mut(row));
        *place.ok_or(Damage("an exception lies behind its page"))? = f64::from_le_bytes(*exception);
    }
    Ok(values)
}

/// Returns the integer that a value was before its point was set, if it comes back bit by bit.
fn decimal(value: f64, power: f64) -> Option<i64> {
    // Adding and taking away 1.5 · 2^52 rounds to the nearest integer without a call. Beyond its
    // reach, and for NaN, the integer is wrong, and the value becomes an exception.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "`as` saturates, and NaN becomes 0"
    )]
    let integer = ((value * power + ROUND) - ROUND) as i64;
    let again = integer as f64 / power;
    (again.to_bits() == value.to_bits()).then_some(integer)
}

/// Returns how many of a sample are exceptions and the bits that the integers of the others range
/// over, or `None` when more than an eighth are exceptions.
fn cost(sample: &[f64], power: f64) -> Option<(usize, u32)> {
    let (mut least, mut most, mut exceptions) = (i64::MAX, i64::MIN, 0);
    for value in sample {
        match decimal(*value, power) {
            Some(integer) => (least, most) = (least.min(integer), most.max(integer)),
            None => exceptions += 1,
        }
        // Most scales suit no value at all, which a few of them show.
        if exceptions * 8 > sample.len() {
            return None;
        }
    }
    Some((exceptions, bits(most.wrapping_sub(least).cast_unsigned())))
}

/// Half as much again as 2^52: a double of that size has no digits behind its point.
const ROUND: f64 = 6_755_399_441_055_744.0;
const SAMPLE_ROWS: usize = 64;
/// Decimals that take more bits than this gain nothing over the bits of the doubles.
const DECIMAL_BITS_MAX: u32 = 54;

const POWERS: [f64; 19] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
    1e17, 1e18,
];
