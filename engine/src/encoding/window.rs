//! Finds the frame for a vector: the base and width that take the fewest bits, exceptions counted.

use super::packing::low_bits;
use super::tally::tally;

/// The least value that is packed, and the bits that a distance from it takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Window {
    pub(super) base: i64,
    pub(super) width: u32,
}

impl Window {
    /// Returns the window that suits the values best, most of which lie within.
    pub(super) fn best(values: &[i64]) -> Self {
        let first = values.first().copied().unwrap_or(0);
        let (min, max) = bounds(values, first);
        let whole = Self {
            base: min,
            width: bits(max.wrapping_sub(min).cast_unsigned()),
        };
        let Some(middle) = crowded(values).filter(|_| whole.width > 0) else {
            return whole;
        };
        if middle.width >= whole.width {
            return whole;
        }
        // Few values may lie above the crowd, or below it, or at both ends.
        let crowd_last = middle.base.wrapping_add_unsigned(low_bits(middle.width));
        let near = |distance: i64| bits(distance.cast_unsigned()) <= middle.width;
        let (cost, window) = if near(middle.base.wrapping_sub(min)) {
            cheapest(values, |value| {
                bits(value.wrapping_sub(min).cast_unsigned())
            })
            .at(|_| min)
        } else if max <= crowd_last || near(max.wrapping_sub(crowd_last)) {
            cheapest(values, |value| {
                bits(max.wrapping_sub(value).cast_unsigned())
            })
            .at(|width| max.wrapping_sub_unsigned(low_bits(width)))
        } else {
            let centre = middle
                .base
                .wrapping_add_unsigned(low_bits(middle.width) / 2);
            cheapest(values, |value| signed_bits(value.wrapping_sub(centre)))
                .at(|width| centre.wrapping_sub_unsigned(half(width)))
        };
        match cost < values.len() as u64 * u64::from(whole.width) {
            true => window,
            false => whole,
        }
    }

    /// Tells whether a value lies within.
    pub(super) const fn has(self, value: i64) -> bool {
        value.wrapping_sub(self.base).cast_unsigned() <= low_bits(self.width)
    }
}

platform::wide_fn! {
    /// Returns the least and the greatest of some values, and of one more.
    fn bounds<'a>(values: &'a [i64], first: i64) -> (i64, i64) {
        let wider = |(min, max): (i64, i64), value: &i64| (min.min(*value), max.max(*value));
        values.iter().fold((first, first), wider)
    }
}

/// Returns the bits that so many values would take in frames, judging by some of them, sorted.
pub(super) fn estimated_bits(sorted: &[i64], rows: usize) -> u64 {
    let rows = rows as u64;
    let kept = |outside: usize| {
        let (first, last) = trimmed(sorted, outside)?;
        let width = u64::from(bits(last.wrapping_sub(first).cast_unsigned()));
        let exceptions = 2 * outside as u64 * rows / sorted.len().max(1) as u64;
        Some(rows * width + exceptions * EXCEPTION_BITS)
    };
    (0..=TRIMMED_MAX).filter_map(kept).min().unwrap_or(0)
}

/// Returns the bits that a number takes.
#[inline(always)]
pub(super) const fn bits(number: u64) -> u32 {
    64 - number.leading_zeros()
}

/// Returns the window over most of a sample.
fn crowded(values: &[i64]) -> Option<Window> {
    let mut sample = [0i64; SAMPLE_ROWS];
    let gap = values.len().div_ceil(SAMPLE_ROWS).max(1);
    let mut taken = 0;
    for (place, value) in sample.iter_mut().zip(values.iter().step_by(gap)) {
        *place = *value;
        taken += 1;
    }
    let sample = sample.get_mut(..taken)?;
    sample.sort_unstable();
    let (first, last) = trimmed(sample, 1)?;
    Some(Window {
        base: first,
        width: bits(last.wrapping_sub(first).cast_unsigned()),
    })
}

fn trimmed(sorted: &[i64], outside: usize) -> Option<(i64, i64)> {
    let last = sorted.len().checked_sub(outside + 1)?;
    (last >= outside).then_some(())?;
    Some((*sorted.get(outside)?, *sorted.get(last)?))
}

/// What a window of some width costs.
struct Costed {
    bits: u64,
    width: u32,
}

impl Costed {
    /// Returns the cost, and the window with this base.
    fn at(self, base: impl Fn(u32) -> i64) -> (u64, Window) {
        let window = Window {
            base: base(self.width),
            width: self.width,
        };
        (self.bits, window)
    }
}

/// Returns the cheapest width, by the bits that each value would need.
fn cheapest(values: &[i64], bits_of: impl Fn(i64) -> u32) -> Costed {
    let counts = tally(values, 65, |value| bits_of(value) as usize);
    let mut outside = values.len() as u64;
    let costs = (0u32..).zip(counts).map(|(width, count)| {
        outside -= u64::from(count);
        Costed {
            bits: values.len() as u64 * u64::from(width) + outside * EXCEPTION_BITS,
            width,
        }
    });
    let least = costs.min_by_key(|costed| costed.bits);
    least.expect("there are 65 widths")
}

/// Returns the bits of a window around zero that holds the number.
const fn signed_bits(number: i64) -> u32 {
    let magnitude = bits((number ^ (number >> 63)).cast_unsigned());
    if number == 0 { 0 } else { magnitude + 1 }
}

/// Returns how far a window of this width reaches below its centre.
const fn half(width: u32) -> u64 {
    if width == 0 { 0 } else { 1 << (width - 1) }
}

const SAMPLE_ROWS: usize = 64;
const TRIMMED_MAX: usize = 2;
/// Its row and its distance.
const EXCEPTION_BITS: u64 = 56;
