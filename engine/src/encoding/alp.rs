//! Doubles that were decimals, as the integers they were before their point was set (ALP).
//!
//! ```text
//!  offset bytes
//!       0     1  exponent e, 0 to 18
//!       1     1  factor f, 0 to e
//!       2     4  number of exceptions
//!       6     ?  rows of the exceptions, as encoded integers
//!       ?   8·n  the exceptions, IEEE 754
//!       ?     ?  the integer of each row, as encoded integers
//! ```
//!
//! An integer is `round(value · 10^e · 10^-f)` and becomes the value again as
//! `integer · 10^f · 10^-e`. Values of which that is not true, bit by bit, are exceptions: 1/3, NaN,
//! −0.0 and whatever was never a short decimal.
//!
//! **Source**: Afroozeh, Kuffó and Boncz, "ALP: Adaptive Lossless floating-Point Compression",
//! SIGMOD 2024.

use super::integers;
use super::{Damage, Input, push_count};

/// The power of ten that a page's decimals share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Scale {
    exponent: u8,
    factor: u8,
}

/// The factors of a [`Scale`].
#[derive(Debug, Clone, Copy)]
struct Factors {
    up: f64,
    down: f64,
    up_again: f64,
    down_again: f64,
}

impl Scale {
    fn factors(self) -> Option<Factors> {
        if self.factor > self.exponent {
            return None;
        }
        let (exponent, factor) = (usize::from(self.exponent), usize::from(self.factor));
        Some(Factors {
            up: *POWERS.get(exponent)?,
            down: *FRACTIONS.get(factor)?,
            up_again: *POWERS.get(factor)?,
            down_again: *FRACTIONS.get(exponent)?,
        })
    }
}

impl Factors {
    fn integer(self, value: f64) -> i64 {
        // Adding and taking away 1.5 · 2^52 rounds to the nearest integer without a call. Beyond
        // its reach, and for NaN, the integer is wrong, and the value becomes an exception.
        #[expect(
            clippy::cast_possible_truncation,
            reason = "`as` saturates, and NaN becomes 0"
        )]
        let integer = ((value * self.up * self.down + ROUND) - ROUND) as i64;
        integer
    }

    fn value(self, integer: i64) -> f64 {
        integer as f64 * self.up_again * self.down_again
    }
}

/// Returns the scale that suits a sample of the values best, if most of them are decimals.
pub(super) fn find(values: &[f64]) -> Option<Scale> {
    let gap = values.len().div_ceil(SAMPLE_ROWS).max(1);
    let sample: Vec<f64> = values.iter().step_by(gap).copied().collect();
    let scales =
        (0..=18u8).flat_map(|exponent| (0..=exponent).map(move |factor| (exponent, factor)));
    let costed = scales.filter_map(|(exponent, factor)| {
        let scale = Scale { exponent, factor };
        Some((cost(&sample, scale.factors()?)?, scale))
    });
    costed.min_by_key(|(cost, _)| *cost).map(|(_, scale)| scale)
}

pub(super) fn encode(values: &[f64], scale: Scale, out: &mut Vec<u8>) {
    let Some(factors) = scale.factors() else {
        return;
    };
    let (mut rows, mut exceptions) = (Vec::new(), Vec::new());
    let mut previous = 0;
    let integers: Vec<i64> = (0..)
        .zip(values)
        .map(|(row, value)| {
            let integer = factors.integer(*value);
            if factors.value(integer).to_bits() == value.to_bits() {
                previous = integer;
                return integer;
            }
            rows.push(row);
            exceptions.push(*value);
            previous
        })
        .collect();
    out.extend_from_slice(&[scale.exponent, scale.factor]);
    push_count(out, rows.len());
    integers::encode(&rows, out);
    out.extend(exceptions.iter().flat_map(|value| value.to_le_bytes()));
    integers::encode(&integers, out);
}

pub(super) fn decode(input: &mut Input<'_>, rows: usize) -> Result<Vec<f64>, Damage> {
    let scale = Scale {
        exponent: input.u8()?,
        factor: input.u8()?,
    };
    let factors = scale
        .factors()
        .ok_or(Damage("no power of ten has this number"))?;
    let count = input.count(rows)?;
    let exception_rows = integers::decode(input, count)?;
    let (exceptions, _) = input.take(count * 8)?.as_chunks::<8>();
    let integers = integers::decode(input, rows)?;
    let mut values: Vec<f64> = integers
        .iter()
        .map(|integer| factors.value(*integer))
        .collect();
    for (row, exception) in exception_rows.iter().zip(exceptions) {
        let place = usize::try_from(*row)
            .ok()
            .and_then(|row| values.get_mut(row));
        *place.ok_or(Damage("an exception lies behind its page"))? = f64::from_le_bytes(*exception);
    }
    Ok(values)
}

/// Returns the bits that a sample would take, or `None` when half of it are exceptions.
fn cost(sample: &[f64], factors: Factors) -> Option<u64> {
    let (mut least, mut most, mut exceptions) = (i64::MAX, i64::MIN, 0u64);
    for value in sample {
        let integer = factors.integer(*value);
        if factors.value(integer).to_bits() == value.to_bits() {
            (least, most) = (least.min(integer), most.max(integer));
        } else {
            exceptions += 1;
        }
    }
    let rows = sample.len() as u64;
    let width = u64::from(64 - most.wrapping_sub(least).leading_zeros());
    (exceptions * 2 < rows).then_some(rows * width + exceptions * EXCEPTION_BITS)
}

/// Half as much again as 2^52: a double of that size has no digits behind its point.
const ROUND: f64 = 6_755_399_441_055_744.0;
const SAMPLE_ROWS: usize = 64;
const EXCEPTION_BITS: u64 = 80;

const POWERS: [f64; 19] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
    1e17, 1e18,
];
const FRACTIONS: [f64; 19] = [
    1e0, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9, 1e-10, 1e-11, 1e-12, 1e-13, 1e-14,
    1e-15, 1e-16, 1e-17, 1e-18,
];
