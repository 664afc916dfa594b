//! Which parts to merge next.
//!
//! Rows of one series and time are told apart by their place in the log, and a part knows only the
//! first and last record of its rows. So what is merged must be closed: no other part of the table
//! may share both moments and a stretch of the log with the result.

use schema::{TimeRange, Timestamp};

use crate::Settings;
use crate::flush::aligned;
use crate::part::{PartId, PartMeta};

/// A merge that is worth its cost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Choice {
    /// The parts, in the order of the log.
    pub(crate) parts: Vec<PartId>,
    /// The stretch of time that the result covers.
    pub(crate) window: TimeRange,
    /// The level of the result.
    pub(crate) level: u8,
}

impl Choice {
    /// Tells whether merging these parts tries much the same once more.
    ///
    /// One part in common suffices: what is beside a damaged part may have been merged meanwhile.
    fn is_like(&self, run: &[&PartMeta], window: &TimeRange) -> bool {
        self.window == *window && run.iter().any(|part| self.parts.contains(&part.id))
    }
}

/// How eagerly parts are merged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effort {
    /// What pays by itself.
    Usual,
    /// Whatever can be merged; somebody asked for it.
    Full,
}

/// Returns the next merge of a table's parts, other than those that have `failed`.
pub(crate) fn choose(
    parts: &[&PartMeta],
    settings: &Settings,
    now: Timestamp,
    effort: Effort,
    failed: &[Choice],
) -> Option<Choice> {
    let lengths = [settings.compaction.window, settings.window];
    lengths.into_iter().find_map(|length| {
        windows(parts, length).into_iter().find_map(|window| {
            let is_long = length == settings.compaction.window;
            let settled = window.end.saturating_add(settings.compaction.settle) <= now;
            // A long stretch is merged as a whole, once nothing more is expected in it.
            if is_long && !settled && effort == Effort::Usual && length != settings.window {
                return None;
            }
            let near = near(parts, &window);
            let run = runs(&inside(&near, &window), &near, settings)
                .into_iter()
                .filter(|run| pays(run, settings, settled, effort))
                .find(|run| !failed.iter().any(|choice| choice.is_like(run, &window)))?;
            Some(Choice {
                level: run
                    .iter()
                    .map(|part| part.level)
                    .max()
                    .unwrap_or(0)
                    .saturating_add(1),
                parts: run.iter().map(|part| part.id).collect(),
                window,
            })
        })
    })
}

/// Returns the windows of a length that parts begin in, earliest first.
fn windows(parts: &[&PartMeta], length: schema::Span) -> Vec<TimeRange> {
    let window = |part: &&PartMeta| aligned(part.time_min.nanos(), length);
    let mut windows: Vec<TimeRange> = parts.iter().map(window).collect();
    windows.sort_unstable_by_key(|window| window.start);
    windows.dedup();
    windows
}

/// Returns the parts that may have rows in a window.
fn near<'a>(parts: &[&'a PartMeta], window: &TimeRange) -> Vec<&'a PartMeta> {
    let is_near = |part: &&&PartMeta| part.time_min < window.end && window.start <= part.time_max;
    parts.iter().filter(is_near).copied().collect()
}

/// Returns the parts whose window lies in this one, in the order of the log, then of time.
fn inside<'a>(parts: &[&'a PartMeta], window: &TimeRange) -> Vec<&'a PartMeta> {
    let lies_in =
        |part: &&&PartMeta| window.start <= part.window.start && part.window.end <= window.end;
    let mut inside: Vec<&PartMeta> = parts.iter().filter(lies_in).copied().collect();
    inside.sort_unstable_by_key(|part| (part.first_lsn, part.time_min));
    inside
}

/// Returns the longest stretches of parts, as they follow in the log, that may be merged.
///
/// A stretch may be open while it grows and closed once it is longer: two parts of one flush lie
/// beside each other in time, and those of the next flush lie over both.
fn runs<'a>(
    inside: &[&'a PartMeta],
    near: &[&PartMeta],
    settings: &Settings,
) -> Vec<Vec<&'a PartMeta>> {
    let (mut runs, mut rest) = (Vec::new(), inside);
    while !rest.is_empty() {
        let lengths = (2..=rest.len())
            .take_while(|length| rest.get(..*length).is_some_and(|run| fits(run, settings)));
        let closed = |length: &usize| rest.get(..*length).is_some_and(|run| is_closed(run, near));
        let longest = lengths.filter(closed).last().unwrap_or(1);
        let (run, behind) = rest.split_at(longest);
        runs.push(run.to_vec());
        rest = behind;
    }
    runs
}

fn fits(run: &[&PartMeta], settings: &Settings) -> bool {
    let sum = |of: fn(&PartMeta) -> u64| run.iter().map(|part| of(part)).sum::<u64>();
    run.len() <= settings.compaction.fan_in_max as usize
        && sum(|part| part.bytes) <= settings.compaction.bytes_max
        && sum(|part| part.series) <= RUNS_MAX
        && sum(|part| part.rows) <= ROWS_MAX
}

/// Tells whether no other part shares moments and a stretch of the log with the merge of these.
fn is_closed(run: &[&PartMeta], all: &[&PartMeta]) -> bool {
    let time_min = run.iter().map(|part| part.time_min).min();
    let time_max = run.iter().map(|part| part.time_max).max();
    let first = run.iter().map(|part| part.first_lsn).min();
    let last = run.iter().map(|part| part.last_lsn).max();
    let mixes = |other: &&PartMeta| {
        Some(other.time_min) <= time_max
            && time_min <= Some(other.time_max)
            && Some(other.first_lsn) <= last
            && first <= Some(other.last_lsn)
    };
    let is_other = |part: &&&PartMeta| !run.iter().any(|own| own.id == part.id);
    !all.iter().filter(is_other).any(mixes)
}

/// Tells whether merging these is worth reading and writing them.
fn pays(run: &[&PartMeta], settings: &Settings, settled: bool, effort: Effort) -> bool {
    if run.len() < 2 {
        return false;
    }
    if effort == Effort::Full {
        return true;
    }
    // A large part is not written again for a few rows that came late.
    let largest = run.iter().map(|part| part.bytes).max().unwrap_or(0);
    let rest = run.iter().map(|part| part.bytes).sum::<u64>() - largest;
    let is_worth = largest <= rest.saturating_mul(REWRITE_MAX);
    let is_many = run.len() >= settings.compaction.fan_in as usize;
    is_many && (is_worth || run.len() >= MANY) || settled && is_worth
}

/// How many times its company a part may be, and still be written again with it.
const REWRITE_MAX: u64 = 8;
/// So many parts are merged whatever their sizes: each costs every query an opened page.
const MANY: usize = 16;
/// E-3: a merge holds 12 bytes for each run of each part.
const RUNS_MAX: u64 = 8 << 20;
/// A part counts its rows in 32 bits.
const ROWS_MAX: u64 = 1 << 31;

#[cfg(test)]
mod tests;
