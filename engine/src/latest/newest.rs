//! The newest row of every series out of some sources: the last one that a scan of them would give.

use std::sync::Arc;

use schema::{ColumnDefinition, Lsn, TimeRange, Timestamp};

use crate::Error;
use crate::column::Column;
use crate::memtable::{Chunk, ChunkField, ChunkRun};
use crate::merge::{Mode, Plan, Reader, Source, SourceRun};
use crate::series::SeriesId;
use crate::state::TableState;
use crate::store::series_of;
use crate::tombstone::Deletions;

/// Where newest rows are looked for, and which count.
#[derive(Debug)]
pub(super) struct Search<'a> {
    pub(super) table: &'a TableState,
    /// How rows of equal time are read.
    pub(super) mode: Mode,
    pub(super) deletions: Deletions,
    /// Earlier rows are none.
    pub(super) from: Timestamp,
    /// Where the rows are, in the order of the log.
    pub(super) sources: Arc<[Source]>,
}

/// Is told how many bytes newest rows take from now on, and refuses if they may not (E-3).
pub(crate) type Hold<'a> = dyn Fn(u64) -> Result<(), Error> + 'a;

/// Returns the newest rows, of each series that has any one.
///
/// Reads for each run the page of times that its last row is on, and for the rows that are found the pages
/// of their fields; all times of a series whose newest rows are deleted.
///
/// # Errors
/// Those of reading a page; what `hold` refuses, which is asked each time that some more rows are found.
pub(super) fn newest(search: &Search<'_>, hold: &Hold<'_>) -> Result<Chunk, Error> {
    let mut finding = Finding::new(search, hold);
    // In the order of tags, as the runs of parts are: so each page is met once.
    for (series, runs) in series_of(&search.table.series, &search.sources) {
        finding.series(series, runs)?;
    }
    finding.write()?;
    finding.finish()
}

struct Finding<'a> {
    search: &'a Search<'a>,
    hold: &'a Hold<'a>,
    reader: Reader,
    /// The rows of the series that is looked at.
    one: Plan,
    /// Newest rows that were found and not read yet.
    block: Plan,
    /// The series of each row that was found, of those that were read the times and the fields.
    series: Vec<SeriesId>,
    times: Vec<i64>,
    columns: Vec<Option<Column>>,
}

impl<'a> Finding<'a> {
    fn new(search: &'a Search<'a>, hold: &'a Hold<'a>) -> Self {
        let fields = &search.table.definition.fields;
        let wanted: Vec<_> = fields.iter().enumerate().collect();
        let column = |(wanted, field): (usize, &ColumnDefinition)| {
            let mut sources = search.sources.iter();
            let is_there = sources.any(|source| source.field(wanted, field).is_some());
            is_there.then(|| Column::empty(field.field_type))
        };
        Self {
            search,
            hold,
            reader: Reader::new(Arc::clone(&search.sources), &wanted),
            one: Plan::new(true),
            block: Plan::new(true),
            series: Vec::new(),
            times: Vec::new(),
            columns: fields.iter().enumerate().map(column).collect(),
        }
    }

    fn series(&mut self, series: SeriesId, runs: Vec<SourceRun>) -> Result<(), Error> {
        let (start, runs) = self.narrowed(series, runs)?;
        if runs.is_empty() {
            return Ok(());
        }
        let range = TimeRange {
            start: start.max(self.search.from),
            ..TimeRange::ALL
        };
        let Search {
            table,
            mode,
            deletions,
            ..
        } = self.search;
        let place = (series, &*table.series);
        let mut merge = deletions.merge(*mode, place, runs, &range, &mut self.reader)?;
        let mut last = None;
        while !merge.is_done() {
            self.one.clear();
            merge.fill(STEP_ROWS, &mut self.one, &mut self.reader)?;
            last = self.one.last().or(last);
        }
        if let Some((time, candidates)) = last {
            let start = self.block.candidates.len();
            self.block.candidates.extend(candidates);
            self.block.push_merged(time, start);
            self.series.push(series);
        }
        match self.block.rows() < STEP_ROWS {
            true => Ok(()),
            false => self.write(),
        }
    }

    /// Returns the time of the newest row, and the runs that have one of that time; all runs where that row
    /// is deleted.
    fn narrowed(
        &mut self,
        series: SeriesId,
        mut runs: Vec<SourceRun>,
    ) -> Result<(Timestamp, Vec<SourceRun>), Error> {
        let sources = Arc::clone(&self.search.sources);
        let end = |run: &SourceRun| sources.get(run.source).map(|s| s.time_bounds().1);
        // Where the newest rows may be first: what ends before that has nothing newer.
        runs.sort_by_key(|run| std::cmp::Reverse(end(run)));
        let (mut latest, mut newest) = (i64::MIN, Vec::new());
        for run in &runs {
            if end(run).is_none_or(|end| end < latest) {
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
            let is_unique = sources.get(run.source).is_some_and(Source::is_unique);
            newest.push(SourceRun {
                source: run.source,
                rows: if is_unique { last } else { run.rows.clone() },
            });
        }
        let time = Timestamp::from_nanos(latest);
        let place = (series, &*self.search.table.series);
        if self.search.deletions.hide_any(place, &newest, time) {
            runs.sort_by_key(|run| run.source);
            return Ok((Timestamp::MIN, runs));
        }
        newest.sort_by_key(|run| run.source);
        Ok((time, newest))
    }

    /// Reads the fields of the rows that were found last.
    fn write(&mut self) -> Result<(), Error> {
        for (wanted, column) in self.columns.iter_mut().enumerate() {
            if let Some(column) = column {
                self.reader.append(wanted, &self.block, column)?;
            }
        }
        self.times.extend_from_slice(&self.block.times);
        self.block.clear();
        (self.hold)(self.bytes())
    }

    fn bytes(&self) -> u64 {
        let columns = self.columns.iter().flatten();
        let fields: usize = columns.map(Column::bytes).sum();
        (fields + self.times.len() * ROW_BYTES) as u64
    }

    /// Puts the rows in the order of their series' numbers.
    fn finish(self) -> Result<Chunk, Error> {
        let bytes = self.bytes();
        let mut order: Vec<u32> = (0u32..).take(self.series.len()).collect();
        order.sort_unstable_by_key(|row| self.series.get(*row as usize).copied());
        let mut fields = Vec::with_capacity(self.columns.len());
        for column in self.columns {
            // For a moment a column is there twice.
            (self.hold)(bytes + column.as_ref().map_or(0, Column::bytes) as u64)?;
            fields.push(column.map(|column| ChunkField::of(column.gather(&order))));
        }
        let at = |row: &u32| *row as usize;
        let runs = (0u32..).zip(&order).filter_map(|(start, row)| {
            let series = *self.series.get(at(row))?;
            Some(ChunkRun { series, start })
        });
        let times = order.iter().filter_map(|row| self.times.get(at(row)));
        let lsn = |lsn: Option<Lsn>| lsn.unwrap_or(Lsn::ZERO);
        let sources = &self.search.sources;
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

/// Rows that are looked at, or read, at a time, where they must be.
const STEP_ROWS: usize = 8_192;
/// What a row takes besides its fields: its time, its series and its place, here and in the result.
const ROW_BYTES: usize = 32;
