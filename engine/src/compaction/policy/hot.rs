//! Merges within windows that rows still come into.

use schema::{Span, TimeRange};

use super::runs::runs;
use super::windows::{inside, windows};
use super::{Choice, Situation};
use crate::part::{Heat, PartMeta};

/// Returns a merge of many small parts, so that readers meet few until the window has settled.
pub(super) fn choose(
    situation: &Situation<'_>,
    parts: &[&PartMeta],
    lengths: &[Span],
) -> Option<Choice> {
    let mut own = parts.chunk_by(|a, b| a.window == b.window);
    own.find_map(|of_window| of_one_window(situation, of_window, parts))
        .or_else(|| of_the_past(situation, parts, lengths))
}

/// Returns a merge of parts of one window and about one level: each level has `fan_in` times the rows of
/// the one below, so that rows are written again as often as there are levels.
fn of_one_window(
    situation: &Situation<'_>,
    of_window: &[&PartMeta],
    near: &[&PartMeta],
) -> Option<Choice> {
    let settings = situation.compaction();
    let window = &of_window.first()?.window;
    let least = (settings.fan_in as usize).min(situation.fan_in_max());
    if of_window.len() < least {
        return None;
    }
    let levels = of_window.iter().map(|part| part.level).max().unwrap_or(0);
    (0..=levels).find_map(|level| {
        let least = match level {
            0 => least,
            _ => situation.fan_in_max(),
        };
        let stays = |part: &PartMeta| situation.is_final(part) || situation.is_damaged(part);
        let is_of = |part: &PartMeta| part.level <= level && !stays(part);
        let stretches = of_window.chunk_by(|a, b| is_of(a) == is_of(b));
        let mut small = stretches.filter(|stretch| stretch.first().is_some_and(|p| is_of(p)));
        small.find_map(|stretch| merge(situation, stretch, near, window, least))
    })
}

/// Returns a merge of parts that come into windows long past, as an import brings them: these have few
/// parts in each short window, and many in a long one.
fn of_the_past(situation: &Situation<'_>, parts: &[&PartMeta], lengths: &[Span]) -> Option<Choice> {
    let least = situation.fan_in_max();
    if parts.len() < least {
        return None;
    }
    lengths.iter().skip(1).find_map(|length| {
        let past = windows(parts, *length).into_iter();
        let mut past = past.filter(|window| situation.is_past(window));
        past.find_map(|window| {
            let inside = inside(parts, &window);
            let stays = |part: &PartMeta| situation.is_final(part) || situation.is_damaged(part);
            let small = inside.chunk_by(|a, b| stays(a) == stays(b));
            let mut small = small.filter(|s| s.first().is_some_and(|part| !stays(part)));
            small.find_map(|stretch| merge(situation, stretch, parts, &window, least))
        })
    })
}

fn merge(
    situation: &Situation<'_>,
    stretch: &[&PartMeta],
    near: &[&PartMeta],
    window: &TimeRange,
    least: usize,
) -> Option<Choice> {
    if stretch.len() < least {
        return None;
    }
    let runs = runs(stretch, near, situation).into_iter();
    // What is quiet all through is left to the window that has settled.
    let mut runs = runs
        .filter(|run| run.len() >= least / 2 && run.len() >= 2)
        .filter(|run| !situation.is_past(window) || run.iter().any(|p| !situation.is_quiet(p)));
    runs.find_map(|run| situation.merge(run, window, Heat::Hot))
}
