//! The newest row of every series out of some sources: the last one that a scan of them would give.

use std::sync::Arc;

use schema::{Lsn, TimeRange, Timestamp};

use super::SHARE_OF_INDEX;
use crate::column::Column;
use crate::memtable::{Chunk, ChunkField, ChunkRun};
use crate::merge::{Plan, Reader, Source, SourceRun};
use crate::series::SeriesId;
use crate::state::TableState;
use crate::store::series_of;
use crate::tombstone::Deletions;
use crate::{Error, Settings};

/// Where newest rows are looked for, and which count.
#[derive(Debug)]
pub(super) struct Search<'a> {
    pub(super) table: &'a TableState,
    pub(super) deletions: Deletions,
    /// Earlier rows are none.
    pub(super) from: Timestamp,
    /// The most that the rows may take (E-3).
    pub(super) bytes_max: u64,
}

impl<'a> Search<'a> {
    /// Returns a search for what a latest part is to have.
    pub(super) fn of_parts(table: &'a TableState, settings: &Settings) -> Self {
        Self {
            table,
            deletions: Deletions::default(),
            from: Timestamp::MIN,
            bytes_max: settings.shares.index_bytes_max / SHARE_OF_INDEX,
        }
    }

    /// Returns the search for rows that are within their retention at a moment, which must be one that
    /// retention believes.
    pub(super) fn kept_at(self, now: Timestamp) -> Self {
        let kept = self.table.definition.retention;
        let from = kept.map_or(Timestamp::MIN, |kept| now.saturating_sub(kept));
        Self { from, ..self }
    }
}

/// Returns the newest rows, of each series that has any one.
///
/// Reads for each run the page of times that its last row is on, and for the rows that are found the pages
/// of their fields; all times of a series where some of its rows are deleted.
///
/// # Errors
/// Those of reading a page; [`Error::Limit`] for more rows than fit their memory.
pub(super) fn newest(search: &Search<'_>, sources: Arc<[Source]>) -> Result<Chunk, Error> {
    let fields = &search.table.definition.fields;
    let wanted: Vec<_> = fields.iter().enumerate().collect();
    let mut finding = Finding {
        search,
        reader: Reader::new(Arc::clone(&sources), &wanted),
        one: Plan::new(true),
        all: Plan::new(true),
        series: Vec::new(),
    };
    // In the order of tags, as the runs of parts are: so each page is met once.
    for (series, runs) in series_of(&search.table.series, &sources) {
        finding.series(series, runs)?;
    }
    finding.finish(&sources)
}

struct Finding<'a> {
    search: &'a Search<'a>,
    reader: Reader,
    /// The rows of the series that is looked at.
    one: Plan,
    /// The newest row of each series so far.
    all: Plan,
    series: Vec<SeriesId>,
}

impl Finding<'_> {
    fn series(&mut self, series: SeriesId, runs: Vec<SourceRun>) -> Result<(), Error> {
        let (start, runs) = self.narrowed(runs)?;
        if runs.is_empty() {
            return Ok(());
        }
        let range = TimeRange {
            start: start.max(self.search.from),
            ..TimeRange::ALL
        };
        let table = self.search.table;
        let (reader, deletions) = (&mut self.reader, &self.search.deletions);
        let place = (series, &*table.series);
        let mut merge = deletions.merge(table.mode(), place, runs, &range, reader)?;
        let mut last = None;
        while !merge.is_done() {
            self.one.clear();
            merge.fill(STEP_ROWS, &mut self.one, &mut self.reader)?;
            last = self.one.last().or(last);
        }
        if let Some((time, candidates)) = last {
            let start = self.all.candidates.len();
            self.all.candidates.extend(candidates);
            self.all.push_merged(time, start);
            self.series.push(series);
        }
        Ok(())
    }

    /// Returns the time of the newest row, and the runs that have one of that time; of a table with
    /// deletions all runs, since the newest row may be deleted.
    fn narrowed(&mut self, mut runs: Vec<SourceRun>) -> Result<(Timestamp, Vec<SourceRun>), Error> {
        if !self.search.deletions.is_empty() {
            return Ok((Timestamp::MIN, runs));
        }
        let sources = Arc::clone(self.reader.sources());
        let end = |run: &SourceRun| sources.get(run.source).map(|s| s.time_bounds().1);
        // Where the newest rows may be first: what ends before that has nothing newer.
        runs.sort_by_key(|run| std::cmp::Reverse(end(run)));
        let (mut latest, mut newest) = (i64::MIN, Vec::new());
        for mut run in runs {
            if end(&run).is_none_or(|end| end < latest) {
                break;
            }
            let last = run.rows.end - 1..run.rows.end;
            let times = self.reader.times(run.source, last.clone())?;
            let Some(time) = times.as_slice().first().copied().filter(|t| *t >= latest) else {
                continue;
            };
            if time > latest {
                newest.clear();
                latest = time;
            }
            if sources.get(run.source).is_some_and(Source::is_unique) {
                run.rows = last;
            }
            newest.push(run);
        }
        newest.sort_by_key(|run| run.source);
        Ok((Timestamp::from_nanos(latest), newest))
    }

    /// Reads the fields and puts the rows in the order of their series' numbers.
    fn finish(mut self, sources: &[Source]) -> Result<Chunk, Error> {
        let mut order: Vec<u32> = (0u32..).take(self.series.len()).collect();
        order.sort_unstable_by_key(|row| self.series.get(*row as usize).copied());
        let at = |row: &u32| *row as usize;
        let (table, limit) = (self.search.table, self.search.bytes_max);
        let (mut fields, mut bytes) = (Vec::new(), 0);
        for (wanted, field) in table.definition.fields.iter().enumerate() {
            if !sources.iter().any(|s| s.field(wanted, field).is_some()) {
                fields.push(None);
                continue;
            }
            let mut column = Column::empty(field.field_type);
            self.reader.append(wanted, &self.all, &mut column)?;
            bytes += column.bytes() as u64;
            if bytes > limit {
                let what = "bytes of newest rows, which follow from memory_bytes_max";
                return Err(Error::Limit { what, limit });
            }
            fields.push(Some(ChunkField::of(column.gather(&order))));
        }
        let runs = (0u32..).zip(&order).filter_map(|(start, row)| {
            let series = *self.series.get(at(row))?;
            Some(ChunkRun { series, start })
        });
        let times = order.iter().filter_map(|row| self.all.times.get(at(row)));
        let lsn = |lsn: Option<Lsn>| lsn.unwrap_or(Lsn::ZERO);
        let first = lsn(sources.iter().map(Source::first_lsn).min());
        let last = lsn(sources.iter().map(Source::last_lsn).max());
        Ok(Chunk::new(
            (first, last),
            runs.collect(),
            times.copied().collect(),
            fields,
        ))
    }
}

/// Rows that are looked at at a time, where they must be.
const STEP_ROWS: usize = 8_192;
