//! Chooses how integers are encoded: looks at all of them once, then judges by a sample.
//!
//! Pure: the same values give the same choice. What is the same in all rows, or rises evenly, or
//! has a common divisor, or repeats in stretches, is seen in a pass over all values. For the rest,
//! what every encoding would take is reckoned from rows of four vectors, and the least is chosen;
//! nothing is encoded twice.

use super::clock::Clock;
use super::dictionary::Coded;
use super::effort::{Effort, Nesting};
use super::integers::Depth;
use super::profile::Profile;
use super::sample::Sample;
use super::window::bits;
use super::{Encoding, delta, divisor, entropy};

/// An encoding and what it needs to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Choice {
    Plain,
    Constant { value: i64 },
    Step { first: i64, step: i64 },
    Runs,
    Frame,
    Delta(Option<Differences>),
    Divisor { divisor: i64 },
    Dictionary(Coded),
    Clock(Clock),
    Entropy(entropy::Plan),
}

impl Choice {
    pub(super) const fn encoding(&self) -> Encoding {
        match self {
            Self::Plain => Encoding::Plain,
            Self::Constant { .. } => Encoding::Constant,
            Self::Step { .. } => Encoding::Step,
            Self::Runs => Encoding::Runs,
            Self::Frame => Encoding::Frame,
            Self::Delta(_) => Encoding::Delta,
            Self::Divisor { .. } => Encoding::Divisor,
            Self::Dictionary(_) => Encoding::Dictionary,
            Self::Clock(_) => Encoding::Clock,
            Self::Entropy(_) => Encoding::Entropy,
        }
    }
}

/// The differences from row to row, and what coding them by how often they come would take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Differences {
    pub(super) values: Vec<i64>,
    plan: Option<(u64, entropy::Plan)>,
}

/// Returns the encoding to write these integers with.
pub(super) fn choose(values: &[i64], nesting: Nesting) -> Choice {
    choose_with(values, nesting, None)
}

/// Returns the encoding to write differences with that were looked at before.
pub(super) fn choose_again(differences: Differences, nesting: Nesting) -> (Vec<i64>, Choice) {
    let Differences { values, plan } = differences;
    let choice = choose_with(&values, nesting, plan);
    (values, choice)
}

fn choose_with(values: &[i64], nesting: Nesting, plan: Option<(u64, entropy::Plan)>) -> Choice {
    let Some(profile) = Profile::of(values) else {
        return Choice::Plain;
    };
    let first = profile.first;
    if values.len() == 1 {
        return Choice::Constant { value: first };
    }
    match profile.step() {
        Some(0) => return Choice::Constant { value: first },
        Some(step) => return Choice::Step { first, step },
        None => {}
    }
    if values.len() < NESTED_ROWS_MIN || nesting.depth >= Depth::MAX {
        return flat(values);
    }
    structured(values, &profile, nesting)
        .unwrap_or_else(|| cheapest(values, &profile, nesting, plan))
}

/// Returns the better of the encodings that nest nothing.
fn flat(values: &[i64]) -> Choice {
    match Sample::of(values).frame_bits() < plain_bits(values) {
        true => Choice::Frame,
        false => Choice::Plain,
    }
}

/// Returns the encoding of what all values have in common.
fn structured(values: &[i64], profile: &Profile, nesting: Nesting) -> Option<Choice> {
    if let Some(divisor) = divisor::find(values) {
        return Some(Choice::Divisor { divisor });
    }
    // Values that rise, and now and then begin again.
    let may_repeat = profile.delta_min < 0 && profile.delta_max > 0;
    if nesting.depth < CODED_DEPTH_MAX && may_repeat && profile.falls * 4 < values.len() as u64 {
        return Clock::of(values).map(Choice::Clock);
    }
    None
}

/// Returns the encoding that takes the fewest bits, as reckoned.
fn cheapest(
    values: &[i64],
    profile: &Profile,
    nesting: Nesting,
    plan: Option<(u64, entropy::Plan)>,
) -> Choice {
    let sample = Sample::of(values);
    let (frame, mut delta) = (sample.frame_bits(), sample.delta_bits());
    let is_cold = nesting.effort == Effort::Cold && values.len() >= ENTROPY_ROWS_MIN;
    // Where packing one takes far more than packing the other, coding it would, too.
    let plan = plan.or_else(|| match is_cold && frame / 2 <= delta {
        true => entropy::Plan::of(values, profile.min, profile.max),
        false => None,
    });
    let mut differences = None;
    if is_cold && delta <= frame + values.len() as u64 / 4 {
        let found = differences.insert(Differences::of(values, profile));
        delta = delta.min(found.plan.as_ref().map_or(u64::MAX, |(bits, _)| *bits));
    }
    let mut best = (plain_bits(values), Choice::Plain);
    let mut consider = |bits: u64, choice: Choice| {
        if bits < best.0 {
            best = (bits, choice);
        }
    };
    consider(frame, Choice::Frame);
    consider(delta + HEADER_BITS, Choice::Delta(differences));
    plan.into_iter()
        .for_each(|(bits, plan)| consider(bits + bits / CODED_BIAS, Choice::Entropy(plan)));
    consider(runs_bits(values, profile, frame), Choice::Runs);
    if nesting.depth < CODED_DEPTH_MAX
        && sample.is_scattered()
        && let Some(coded) = Coded::of(values, values.len() / 8)
    {
        consider(coded_bits(&coded), Choice::Dictionary(coded));
    }
    best.1
}

impl Differences {
    fn of(values: &[i64], profile: &Profile) -> Self {
        let values = delta::differences(values);
        Self {
            plan: entropy::Plan::of(&values, profile.delta_min, profile.delta_max),
            values,
        }
    }
}

fn plain_bits(values: &[i64]) -> u64 {
    values.len() as u64 * 64
}

/// Returns the bits of runs: each takes a value, and a length that is small on average.
fn runs_bits(values: &[i64], profile: &Profile, frame_bits: u64) -> u64 {
    let (rows, runs) = (values.len() as u64, profile.changes + 1);
    let length = u64::from(bits(rows / runs)) + 2;
    frame_bits * runs / rows + runs * length + 2 * HEADER_BITS
}

fn coded_bits(coded: &Coded) -> u64 {
    let width = bits(coded.distinct.len() as u64 - 1);
    coded.distinct.len() as u64 * 64 + coded.codes.len() as u64 * u64::from(width) + 2 * HEADER_BITS
}

/// Fewer rows are not worth an encoding within another.
const NESTED_ROWS_MIN: usize = 8;
/// A gain of less than a part of this is not worth decoding several times as slowly.
const CODED_BIAS: u64 = 32;
/// Fewer rows are not worth a table of frequencies.
const ENTROPY_ROWS_MIN: usize = 64;
/// What stands before the bits of an encoding, about.
const HEADER_BITS: u64 = 128;
/// Codes within codes gain nothing.
const CODED_DEPTH_MAX: Depth = Depth::TOP.below().below();
