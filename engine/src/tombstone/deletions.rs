//! What tombstones leave of some sources.

use std::collections::HashMap;

use schema::{Lsn, TimeRange, Timestamp};

use super::Tombstone;
use crate::Error;
use crate::merge::{Mode, Reader, SeriesMerge, Source, SourceRun};
use crate::series::{SeriesId, SeriesIndex};
use crate::state::TableState;

/// The tombstones of a scan or a merge, resolved once.
#[derive(Debug, Default)]
pub(crate) struct Deletions {
    /// In the order of the log.
    all: Vec<Deletion>,
    /// Those that are for every series, by their positions.
    of_all_series: Vec<usize>,
    /// The others, by their first tag and its value, so that a series looks among those of its own values.
    of_value: HashMap<(usize, u32), Vec<usize>>,
    /// Those tags.
    tags: Vec<usize>,
    /// For each source the first record whose deletion is for it, if any is; nothing at all where none is for
    /// any source.
    from: Vec<Option<Lsn>>,
}

/// A tombstone, its values by codes.
#[derive(Debug)]
struct Deletion {
    lsn: Lsn,
    time: TimeRange,
    tags: Vec<(usize, u32)>,
}

impl Deletions {
    /// Resolves a table's tombstones of records below a position for some of its sources.
    pub(crate) fn below(lsn: Lsn, table: &TableState, sources: &[Source]) -> Self {
        let tombstones = table.tombstones.iter().filter(|t| t.lsn < lsn);
        let resolved: Vec<(&Tombstone, Deletion)> = tombstones
            .filter_map(|tombstone| Some((tombstone, resolve(table, tombstone)?)))
            .collect();
        let from = |source: &Source| {
            // The first is for it that is not older; time is looked at row by row.
            let first = resolved.iter().find(|(t, _)| t.is_for(source))?;
            Some(first.0.lsn)
        };
        let from: Vec<Option<Lsn>> = sources.iter().map(from).collect();
        if from.iter().all(Option::is_none) {
            return Self::default();
        }
        let mut deletions = Self {
            from,
            ..Self::default()
        };
        for (position, (_, deletion)) in resolved.into_iter().enumerate() {
            match deletion.tags.first() {
                None => deletions.of_all_series.push(position),
                Some(value) => {
                    if !deletions.tags.contains(&value.0) {
                        deletions.tags.push(value.0);
                    }
                    let of_value = deletions.of_value.entry(*value);
                    of_value.or_default().push(position);
                }
            }
            deletions.all.push(deletion);
        }
        deletions
    }

    /// Tells whether nothing is deleted.
    pub(crate) fn is_empty(&self) -> bool {
        self.from.is_empty()
    }

    /// Returns the merge of a series' runs within a range of time, deleted rows left out.
    ///
    /// # Errors
    /// Those of reading a page.
    pub(crate) fn merge(
        &self,
        mode: Mode,
        (series, index): (SeriesId, &SeriesIndex),
        runs: Vec<SourceRun>,
        range: &TimeRange,
        reader: &mut Reader,
    ) -> Result<SeriesMerge, Error> {
        if self.is_empty() {
            return SeriesMerge::new(mode, runs, range, reader);
        }
        let meant = self.meant(series, index);
        let mut pieces = Vec::new();
        for run in runs {
            let mut deleted: Vec<TimeRange> = self.times(run.source, &meant).collect();
            deleted.sort_unstable_by_key(|time| time.start);
            let kept = without(range, &deleted);
            pieces.extend(kept.into_iter().map(|piece| (run.clone(), piece)));
        }
        SeriesMerge::of_pieces(mode, pieces, reader)
    }

    /// Tells whether a row of one time is deleted in any of these runs of a series.
    pub(crate) fn hide_any(
        &self,
        (series, index): (SeriesId, &SeriesIndex),
        runs: &[SourceRun],
        time: Timestamp,
    ) -> bool {
        if self.is_empty() {
            return false;
        }
        let meant = self.meant(series, index);
        let is_deleted = |run: &SourceRun| {
            let mut deleted = self.times(run.source, &meant);
            deleted.any(|range| range.contains(time))
        };
        runs.iter().any(is_deleted)
    }

    /// Returns what is deleted of a series, each with the record that says so.
    fn meant(&self, series: SeriesId, index: &SeriesIndex) -> Vec<&Deletion> {
        let mut meant = self.of_all_series.clone();
        if !self.tags.is_empty() {
            index.read(|table| {
                let value = |tag: &usize| Some((*tag, table.code_of(*tag, series)?));
                let values = self.tags.iter().filter_map(value);
                meant.extend(
                    values
                        .filter_map(|value| self.of_value.get(&value))
                        .flatten(),
                );
                meant.retain(|position| {
                    let of =
                        |(tag, code): &(usize, u32)| table.code_of(*tag, series) == Some(*code);
                    let deletion = self.all.get(*position);
                    deletion.is_some_and(|deletion| deletion.tags.iter().all(of))
                });
            });
        }
        let meant = meant.into_iter();
        meant
            .filter_map(|position| self.all.get(position))
            .collect()
    }

    /// Returns the stretches of time of those deletions that are for a source.
    fn times<'a>(
        &self,
        source: usize,
        meant: &'a [&Deletion],
    ) -> impl Iterator<Item = TimeRange> + use<'a> {
        let from = self.from.get(source).copied().flatten();
        let is_for = move |deletion: &&&Deletion| from.is_some_and(|from| from <= deletion.lsn);
        meant.iter().filter(is_for).map(|deletion| deletion.time)
    }
}

/// Returns nothing for values that no series has: no row is meant.
fn resolve(table: &TableState, tombstone: &Tombstone) -> Option<Deletion> {
    Some(Deletion {
        lsn: tombstone.lsn,
        time: tombstone.rows.time,
        tags: tombstone.rows.codes(table)?,
    })
}

/// Returns the parts of a range that lie in none of these, which rise by their start.
fn without(range: &TimeRange, deleted: &[TimeRange]) -> Vec<TimeRange> {
    let (mut kept, mut start) = (Vec::new(), range.start);
    let mut push = |start: Timestamp, end: Timestamp| {
        let piece = TimeRange { start, end }.intersect(range);
        if !piece.is_empty() {
            kept.push(piece);
        }
    };
    for time in deleted {
        push(start, time.start);
        start = start.max(time.end);
    }
    push(start, range.end);
    kept
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use schema::{TimeRange, Timestamp};

    use super::without;

    fn range((start, end): (i64, i64)) -> TimeRange {
        TimeRange {
            start: Timestamp::from_nanos(start),
            end: Timestamp::from_nanos(end),
        }
    }

    proptest! {
        #[test]
        fn what_is_left_are_the_moments_that_nothing_deletes(
            whole in (0i64..40, 0i64..40),
            mut deleted in prop::collection::vec((0i64..40, 1i64..12), 0..6),
        ) {
            deleted.sort_unstable();
            let deleted: Vec<TimeRange> =
                deleted.iter().map(|(start, length)| range((*start, start + length))).collect();
            let whole = range(whole);
            let kept = without(&whole, &deleted);
            for moment in (0..60).map(Timestamp::from_nanos) {
                let is_left = whole.contains(moment) && !deleted.iter().any(|d| d.contains(moment));
                let found = kept.iter().filter(|piece| piece.contains(moment)).count();
                prop_assert_eq!(found, usize::from(is_left));
            }
            prop_assert!(kept.windows(2).all(|pair| pair[0].end <= pair[1].start));
        }
    }
}
