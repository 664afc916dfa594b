//! Chooses how integers are encoded: looks at all of them once, then tries on a sample.
//!
//! Pure: the same values give the same choice. What is the same in all rows, or rises evenly, or
//! has a common divisor, is seen in one pass. For the rest, every encoding that may pay is tried on
//! a sample, and those that come close to the best there are left for the caller to try on all.

use std::borrow::Cow;

use super::integers::{self, Depth};
use super::{Encoding, dictionary, divisor, step};

/// An encoding and what it needs to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Choice {
    Plain,
    Constant { value: i64 },
    Step { first: i64, step: i64 },
    Runs,
    Frame,
    Delta,
    Divisor { divisor: i64 },
    Dictionary { distinct: Vec<i64> },
}

impl Choice {
    pub(super) const fn encoding(&self) -> Encoding {
        match self {
            Self::Plain => Encoding::Plain,
            Self::Constant { .. } => Encoding::Constant,
            Self::Step { .. } => Encoding::Step,
            Self::Runs => Encoding::Runs,
            Self::Frame => Encoding::Frame,
            Self::Delta => Encoding::Delta,
            Self::Divisor { .. } => Encoding::Divisor,
            Self::Dictionary { .. } => Encoding::Dictionary,
        }
    }
}

/// Returns the encodings worth writing these integers with at this depth; at least one.
pub(super) fn choose(values: &[i64], depth: Depth) -> Vec<Choice> {
    if let Some(choice) = evident(values) {
        return vec![choice];
    }
    let choices = candidates(values, depth);
    let sample = sample(values);
    if choices.len() == 1 || sample.len() == values.len() {
        return choices;
    }
    let rows = values.len();
    let mut tried: Vec<(usize, Choice)> = choices
        .into_iter()
        .map(|choice| (estimated_bytes(&sample, &choice, rows, depth), choice))
        .collect();
    tried.sort_by_key(|(bytes, _)| *bytes);
    let best = tried.first().map_or(0, |(bytes, _)| *bytes);
    tried.retain(|(bytes, _)| *bytes <= best + best / CLOSE);
    tried.truncate(TRIED_MAX);
    tried.into_iter().map(|(_, choice)| choice).collect()
}

/// Returns the choice that one look at the values settles.
fn evident(values: &[i64]) -> Option<Choice> {
    let Some(first) = values.first().copied() else {
        return Some(Choice::Plain);
    };
    if values.len() == 1 {
        return Some(Choice::Constant { value: first });
    }
    match step::find(values) {
        Some(0) => Some(Choice::Constant { value: first }),
        Some(step) => Some(Choice::Step { first, step }),
        None => None,
    }
}

/// Returns the encodings that may pay for these integers.
fn candidates(values: &[i64], depth: Depth) -> Vec<Choice> {
    let mut candidates = vec![Choice::Frame, Choice::Plain];
    if values.len() < NESTED_ROWS_MIN || depth >= Depth::MAX {
        return candidates;
    }
    if let Some(divisor) = divisor::find(values) {
        return vec![Choice::Divisor { divisor }];
    }
    let sample = sample(values);
    if deltas_are_smaller(&sample) {
        candidates.push(Choice::Delta);
    }
    let runs = values.chunk_by(|a, b| a == b).count();
    if runs * 3 <= values.len() {
        candidates.push(Choice::Runs);
    }
    // Sorting all values is dear, so that the sample must promise something first.
    if depth < DICTIONARY_DEPTH_MAX && is_scattered(&sample) {
        let distinct = dictionary::distinct(values, values.len() / 8);
        candidates.extend(distinct.map(|distinct| Choice::Dictionary { distinct }));
    }
    candidates
}

/// Tells whether differences from row to row have fewer bits than distances from the least value.
fn deltas_are_smaller(sample: &[i64]) -> bool {
    let bits = |number: u64| u64::from(64 - number.leading_zeros());
    let least = sample.iter().min().copied().unwrap_or(0);
    let distances = sample
        .iter()
        .map(|value| bits(value.wrapping_sub(least).cast_unsigned()));
    let pairs = sample.iter().zip(sample.iter().skip(1));
    // One bit more, since a difference has a sign; where rows are equal there is nothing to sign.
    let deltas = pairs.map(|(a, b)| match b.wrapping_sub(*a) {
        0 => 0,
        delta => bits(delta.unsigned_abs()) + 1,
    });
    deltas.sum::<u64>() < distances.sum::<u64>()
}

/// Tells whether the values are few, and so far apart that numbering them saves bits.
fn is_scattered(sample: &[i64]) -> bool {
    let Some(distinct) = dictionary::distinct(sample, sample.len() / 4) else {
        return false;
    };
    let range = distinct
        .first()
        .zip(distinct.last())
        .map_or(0, |(least, most)| most.wrapping_sub(*least).cast_unsigned());
    range
        .checked_div(distinct.len() as u64)
        .is_some_and(|apart| apart >= APART_MIN)
}

/// Returns how many bytes all rows would take, judging by a sample.
fn estimated_bytes(sample: &[i64], choice: &Choice, rows: usize, depth: Depth) -> usize {
    let scaled = |bytes: usize| bytes * rows / sample.len().max(1);
    let Choice::Dictionary { distinct } = choice else {
        return scaled(integers::written(sample, choice, depth).len());
    };
    // The values are written once, however many rows there are.
    let local = dictionary::distinct(sample, sample.len()).unwrap_or_default();
    let of_local = nested_bytes(&local, depth);
    let choice = Choice::Dictionary { distinct: local };
    let codes = integers::written(sample, &choice, depth)
        .len()
        .saturating_sub(of_local);
    scaled(codes) + nested_bytes(distinct, depth)
}

fn nested_bytes(values: &[i64], depth: Depth) -> usize {
    let mut out = Vec::new();
    integers::encode_nested(values, depth.below(), &mut out);
    out.len()
}

/// Returns all values when they are few, else four stretches spread over them.
fn sample(values: &[i64]) -> Cow<'_, [i64]> {
    if values.len() <= 2 * STRETCHES * STRETCH_ROWS {
        return values.into();
    }
    let stretches = values.chunks(values.len() / STRETCHES).take(STRETCHES);
    stretches
        .flat_map(|chunk| chunk.iter().take(STRETCH_ROWS))
        .copied()
        .collect::<Vec<_>>()
        .into()
}

const STRETCHES: usize = 4;
const STRETCH_ROWS: usize = 128;
/// What is within an eighth of the best on the sample may be better on all rows.
const CLOSE: usize = 8;
const TRIED_MAX: usize = 2;
/// Fewer rows are not worth an encoding within another.
const NESTED_ROWS_MIN: usize = 8;
/// How far apart, on average, values must lie to be worth numbering.
const APART_MIN: u64 = 4;
/// Codes within codes gain nothing.
const DICTIONARY_DEPTH_MAX: Depth = Depth::TOP.below().below();
