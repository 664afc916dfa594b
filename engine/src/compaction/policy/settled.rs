//! Merges of windows that nothing more is expected in.

use schema::{Span, TimeRange};

use super::runs::runs;
use super::windows::{inside, windows};
use super::{Choice, Effort, Situation};
use crate::part::{Heat, PartMeta};

/// Returns a merge of what has settled in the longest window that has.
pub(super) fn choose(
    situation: &Situation<'_>,
    parts: &[&PartMeta],
    lengths: &[Span],
) -> Option<Choice> {
    let longest = lengths.len().saturating_sub(1);
    let mut by_length = lengths.iter().enumerate().rev();
    by_length.find_map(|(position, length)| {
        let place = Place {
            situation,
            near: parts,
            is_shortest: position == 0,
            is_longest: position == longest,
        };
        let windows = windows(parts, *length);
        windows.iter().find_map(|window| place.in_window(window))
    })
}

/// Where a merge is looked for.
#[derive(Debug, Clone, Copy)]
struct Place<'a> {
    situation: &'a Situation<'a>,
    /// The parts that may share moments with those of a window.
    near: &'a [&'a PartMeta],
    is_shortest: bool,
    is_longest: bool,
}

impl Place<'_> {
    fn in_window(&self, window: &TimeRange) -> Option<Choice> {
        let situation = self.situation;
        let parts = match situation.effort {
            Effort::Usual if !situation.is_past(window) => return None,
            // A window that has not ended would have to be merged again.
            Effort::Full if !self.is_shortest && situation.now < window.end => return None,
            Effort::Usual => {
                let mut parts = inside(self.near, window);
                if !situation.is_left_behind(&parts) {
                    parts.retain(|part| situation.is_quiet(part));
                }
                parts
            }
            Effort::Full => inside(self.near, window),
        };
        let is_kept = |part: &PartMeta| {
            situation.is_damaged(part) || situation.is_final(part) && part.heat == Heat::Cold
        };
        let stretches = parts.chunk_by(|a, b| is_kept(a) == is_kept(b));
        let mut stretches = stretches.filter(|s| s.first().is_some_and(|part| !is_kept(part)));
        stretches.find_map(|stretch| {
            let runs = runs(stretch, self.near, situation);
            runs.into_iter().find_map(|run| self.of_run(run, window))
        })
    }

    /// Returns the merge of a run, or where a large part would be written again for a few rows, of what
    /// lies before or behind it in the log.
    fn of_run(&self, run: &[&PartMeta], window: &TimeRange) -> Option<Choice> {
        if self.pays(run) {
            let is_cold = self.situation.effort == Effort::Full || !self.is_shortest;
            let heat = match is_cold || self.is_longest {
                true => Heat::Cold,
                false => Heat::Hot,
            };
            return self.situation.merge(run, window, heat);
        }
        if run.len() < 3 {
            return None;
        }
        let largest = (0..).zip(run).max_by_key(|(_, part)| part.bytes)?.0;
        let (before, rest) = run.split_at(largest);
        let behind = rest.get(1..).unwrap_or_default();
        [before, behind].into_iter().find_map(|piece| {
            let runs = runs(piece, self.near, self.situation);
            runs.into_iter().find_map(|run| self.of_run(run, window))
        })
    }

    /// Tells whether merging these is worth reading and writing them.
    fn pays(&self, run: &[&PartMeta]) -> bool {
        let is_full = self.situation.effort == Effort::Full;
        if let [only] = run {
            // Nothing joins it any more: it is written again once, to be small.
            return only.heat == Heat::Hot && (is_full || self.is_longest);
        }
        let largest = run.iter().map(|part| part.bytes).max().unwrap_or(0);
        let rest = run.iter().map(|part| part.bytes).sum::<u64>() - largest;
        run.len() >= 2 && (is_full || largest <= rest.saturating_mul(REWRITE_MAX))
    }
}

/// How many times its company a part may be, and still be written again with it.
const REWRITE_MAX: u64 = 2;
