//! Which parts to merge next; decided from the manifest's lines alone.
//!
//! ```text
//!   flush ─▶ [2 h] hot ──fan_in──▶ [2 h] hot ──settled──▶ [1 d] cold ──settled──▶ [8 d] cold
//!                                       └── as soon as it has final_bytes ──▶ cold, and stays
//! ```
//!
//! Rows are written again when it saves much: within a window that fills, once `fan_in` parts lie beside
//! each other ([`hot`]); when a window has settled, as a whole ([`settled`]). What has `final_bytes` is
//! large enough and stays. The figures that follow are in `docs/internals/compaction.md`, from the
//! simulation of a year.
//!
//! Rows of one series and time are told apart by their place in the log, and a part knows only the
//! first and last record of its rows. So what is merged must be closed ([`runs`]): no other part of the
//! table may share both moments and a stretch of the log with the result.

mod deletes;
mod due;
mod hot;
mod runs;
mod settled;
mod windows;

use schema::{Span, TimeRange, Timestamp};

pub(crate) use due::merges_due;

use crate::CompactionSettings;
use crate::Settings;
use crate::part::{Heat, PartId, PartMeta};
use crate::tombstone::Tombstone;

/// A table's parts, and what the decision rests on besides.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Situation<'a> {
    pub(crate) parts: &'a [&'a PartMeta],
    /// What can be made real: tombstones that are in the manifest.
    pub(crate) tombstones: &'a [&'a Tombstone],
    /// Whether there are so many that none of them waits until it has settled.
    pub(crate) is_crowded: bool,
    pub(crate) retention: Option<Span>,
    /// Most parts that a merge can keep open within its memory.
    pub(crate) parts_max: usize,
    pub(crate) settings: &'a Settings,
    pub(crate) now: Timestamp,
    pub(crate) effort: Effort,
    /// Parts with a damaged page: they stay as they are, and nothing is merged across them (E-4).
    pub(crate) damaged: &'a [PartId],
    /// Merges that met a page which did not read, in this round.
    pub(crate) failed: &'a [Choice],
}

/// A merge that is worth its cost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Choice {
    /// The parts, in the order of the log.
    pub(crate) parts: Vec<PartId>,
    /// The stretch of time that the result covers.
    pub(crate) window: TimeRange,
    /// The level of the result.
    pub(crate) level: u8,
    /// Whether the result will be written again soon.
    pub(crate) heat: Heat,
}

/// How eagerly parts are merged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effort {
    /// What pays by itself.
    Usual,
    /// Whatever can be merged; somebody asked for it.
    Full,
}

/// Returns the next merge of a table's parts, other than those that have failed.
pub(crate) fn choose(situation: &Situation<'_>) -> Option<Choice> {
    choose_for_reading(situation).or_else(|| deletes::choose(situation, situation.parts))
}

/// Returns the next merge that leaves fewer parts to read.
fn choose_for_reading(situation: &Situation<'_>) -> Option<Choice> {
    let lengths = situation.lengths();
    let mut parts = situation.parts.to_vec();
    let neighbourhoods = windows::neighbourhoods(&mut parts, &lengths);
    // What fills first: its merges are small, and every query of the newest rows gains by them.
    let hot = || {
        let mut all = neighbourhoods.iter();
        all.find_map(|parts| hot::choose(situation, parts, &lengths))
    };
    let settled = || {
        let mut all = neighbourhoods.iter();
        all.find_map(|parts| settled::choose(situation, parts, &lengths))
    };
    match situation.effort {
        Effort::Usual => hot().or_else(settled),
        Effort::Full => settled(),
    }
}

impl Situation<'_> {
    /// Returns the lengths of windows, shortest first.
    ///
    /// Retention drops whole parts: a window that is long beside it would keep rows far too long.
    fn lengths(&self) -> Vec<Span> {
        let fits = |length: &&Span| {
            self.retention
                .is_none_or(|kept| kept.nanos() / RETENTION_SHARE >= length.nanos())
        };
        let longer = self.compaction().windows.iter().take_while(fits);
        std::iter::once(self.settings.window)
            .chain(longer.copied())
            .collect()
    }

    const fn compaction(&self) -> &CompactionSettings {
        &self.settings.compaction
    }

    /// Returns the most parts of one merge.
    fn fan_in_max(&self) -> usize {
        let most = self.compaction().fan_in_max as usize;
        most.min(self.parts_max).max(2)
    }

    /// Tells whether nothing more is expected in a window by its time.
    fn is_past(&self, window: &TimeRange) -> bool {
        window.end.saturating_add(self.compaction().settle) <= self.now
    }

    /// Tells whether a part is not one of those that come in right now.
    fn is_quiet(&self, part: &PartMeta) -> bool {
        part.committed.saturating_add(self.compaction().settle) <= self.now
    }

    /// Tells whether rows have come into the table for long, as the log counts, and none of them were for
    /// these parts: as an import leaves a window behind.
    fn is_left_behind(&self, parts: &[&PartMeta]) -> bool {
        let end = |parts: &[&PartMeta]| parts.iter().map(|part| part.last_lsn.get()).max();
        let (newest, last) = (end(self.parts).unwrap_or(0), end(parts).unwrap_or(u64::MAX));
        newest.saturating_sub(last) >= self.settings.replay_bytes_max.saturating_mul(LEFT_BEHIND)
    }

    /// Tells whether a part is of the last stretch of the log, in which an import leaves windows behind.
    fn is_of_late(&self, part: &PartMeta) -> bool {
        let newest = self.parts.iter().map(|part| part.last_lsn.get()).max();
        let behind = newest.unwrap_or(0).saturating_sub(part.last_lsn.get());
        behind < self.settings.replay_bytes_max.saturating_mul(OF_LATE)
    }

    /// Tells whether a part is large enough to stay as it is.
    fn is_final(&self, part: &PartMeta) -> bool {
        part.bytes >= self.compaction().final_bytes
    }

    /// Tells whether a part cannot be read to its end.
    fn is_damaged(&self, part: &PartMeta) -> bool {
        self.damaged.contains(&part.id)
    }

    /// Returns the merge of a run, unless much the same has failed.
    fn merge(&self, run: &[&PartMeta], window: &TimeRange, heat: Heat) -> Option<Choice> {
        // One part in common suffices: what is beside a damaged part may have been merged meanwhile.
        let is_like = |choice: &Choice| {
            choice.window == *window && run.iter().any(|part| choice.parts.contains(&part.id))
        };
        if self.failed.iter().any(is_like) {
            return None;
        }
        let bytes: u64 = run.iter().map(|part| part.bytes).sum();
        let is_final = bytes >= self.compaction().final_bytes;
        let level = run.iter().map(|part| part.level).max().unwrap_or(0);
        Some(Choice {
            parts: run.iter().map(|part| part.id).collect(),
            window: *window,
            level: level.saturating_add(1),
            heat: if is_final { Heat::Cold } else { heat },
        })
    }
}

/// A window is at most this share of its table's retention.
const RETENTION_SHARE: i64 = 8;
/// So many times the log that a restart replays: at a hundred kilobytes a second longer than `settle`.
const LEFT_BEHIND: u64 = 4;
/// Likewise: what was left behind before that came in faster than it comes in now, or will be merged in time.
const OF_LATE: u64 = 16;

#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;
