//! What tombstones leave of some sources.

use schema::{Lsn, TimeRange, Timestamp};

use super::Tombstone;
use crate::Error;
use crate::merge::{Mode, Reader, SeriesMerge, Source, SourceRun};
use crate::series::{SeriesId, SeriesIndex};
use crate::state::TableState;

/// The tombstones of a scan or a merge, resolved once.
#[derive(Debug, Default)]
pub(crate) struct Deletions {
    /// For each source what is deleted of it; nothing at all where no tombstone is for any.
    of_source: Vec<Vec<Deletion>>,
}

/// A tombstone, its values by codes.
#[derive(Debug, Clone)]
struct Deletion {
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
        let of_source = |source: &Source| -> Vec<Deletion> {
            let for_source = resolved.iter().filter(|(t, _)| t.is_for(source));
            for_source.map(|(_, deletion)| deletion.clone()).collect()
        };
        let of_source: Vec<Vec<Deletion>> = sources.iter().map(of_source).collect();
        if of_source.iter().all(Vec::is_empty) {
            return Self::default();
        }
        Self { of_source }
    }

    /// Tells whether nothing is deleted.
    pub(crate) fn is_empty(&self) -> bool {
        self.of_source.is_empty()
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
        if self.of_source.is_empty() {
            return SeriesMerge::new(mode, runs, range, reader);
        }
        let mut pieces = Vec::new();
        for run in runs {
            let kept = self.kept(run.source, series, index, range);
            pieces.extend(kept.into_iter().map(|piece| (run.clone(), piece)));
        }
        SeriesMerge::of_pieces(mode, pieces, reader)
    }

    /// Returns what is left of a range of time for a series in a source, earliest first.
    fn kept(
        &self,
        source: usize,
        series: SeriesId,
        index: &SeriesIndex,
        range: &TimeRange,
    ) -> Vec<TimeRange> {
        let all = self.of_source.get(source).map(Vec::as_slice);
        let all = all.unwrap_or_default();
        if all.is_empty() {
            return vec![*range];
        }
        let mut deleted: Vec<TimeRange> = index.read(|table| {
            let is_meant = |deletion: &&Deletion| {
                let mut tags = deletion.tags.iter();
                tags.all(|(tag, code)| table.code_of(*tag, series) == Some(*code))
            };
            all.iter().filter(is_meant).map(|d| d.time).collect()
        });
        deleted.sort_unstable_by_key(|time| time.start);
        without(range, &deleted)
    }
}

/// Returns nothing for values that no series has: no row is meant.
fn resolve(table: &TableState, tombstone: &Tombstone) -> Option<Deletion> {
    let tags = table.series.read(|series| {
        let tags = tombstone.rows.tags.iter().map(|(name, value)| {
            let tag = table.definition.tag_index(name)?;
            Some((tag, series.code(tag, value)?))
        });
        tags.collect::<Option<_>>()
    });
    Some(Deletion {
        time: tombstone.rows.time,
        tags: tags?,
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
