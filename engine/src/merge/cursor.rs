//! A place within the rows of one series in one source.

use std::ops::Range;

use schema::TimeRange;

use super::reader::{Reader, Times};
use super::source::SourceRun;
use crate::Error;

/// Where a merge stands in one source.
#[derive(Debug)]
pub(crate) struct Cursor {
    /// The source, by its position; the later one wins.
    pub(crate) source: usize,
    /// No row that is left is earlier. It is the time of the next row once `times` are loaded.
    pub(crate) lower: i64,
    /// The rows that are left.
    pub(crate) rows: Range<usize>,
    times: Option<Times>,
}

impl Cursor {
    /// Returns a cursor before the rows of a run that lie in a range of time, or nothing if none do.
    ///
    /// # Errors
    /// Those of reading a page, where the range cuts through the run.
    pub(crate) fn before(
        run: SourceRun,
        range: &TimeRange,
        reader: &mut Reader,
    ) -> Result<Option<Self>, Error> {
        let Some(source) = reader.sources().get(run.source) else {
            return Ok(None);
        };
        let (earliest, latest) = source.time_bounds();
        let mut rows = run.rows;
        if earliest < range.start.nanos() {
            rows.start = first_at(reader, run.source, rows.clone(), range.start.nanos())?;
        }
        if latest >= range.end.nanos() {
            rows.end = first_at(reader, run.source, rows.clone(), range.end.nanos())?;
        }
        Ok((!rows.is_empty()).then_some(Self {
            source: run.source,
            lower: earliest.max(range.start.nanos()),
            rows,
            times: None,
        }))
    }

    /// Tells whether `lower` is the time of the next row.
    pub(crate) fn is_loaded(&self) -> bool {
        self.times.is_some()
    }

    /// Loads times from the next row on.
    ///
    /// # Errors
    /// Those of reading a page.
    pub(crate) fn load(&mut self, reader: &mut Reader) -> Result<(), Error> {
        let times = reader.times(self.source, self.rows.clone())?;
        let first = times.as_slice().first().copied();
        let Some(first) = first else {
            // A page shorter than its part says is noticed where it is opened.
            self.rows.start = self.rows.end;
            return Ok(());
        };
        self.lower = first;
        self.times = Some(times);
        Ok(())
    }

    /// Returns the times that are loaded.
    pub(crate) fn times(&self) -> &[i64] {
        self.times.as_ref().map(Times::as_slice).unwrap_or_default()
    }

    /// Moves behind the next rows without having looked at their times.
    pub(crate) fn skip(&mut self, rows: usize) {
        self.rows.start += rows;
        self.times = None;
    }

    /// Moves behind the next rows, whose times are loaded.
    pub(crate) fn advance(&mut self, rows: usize) {
        self.rows.start += rows;
        let Some(times) = &mut self.times else {
            return;
        };
        if let Some(last) = rows
            .checked_sub(1)
            .and_then(|last| times.as_slice().get(last))
        {
            self.lower = *last;
        }
        times.advance(rows);
        match times.as_slice().first() {
            Some(first) => self.lower = *first,
            // The next page is read when its turn comes; until then the last time is a bound.
            None => self.times = None,
        }
    }
}

/// Returns the first row that is not earlier than `time`, by binary search over pages, then rows.
fn first_at(
    reader: &mut Reader,
    source: usize,
    rows: Range<usize>,
    time: i64,
) -> Result<usize, Error> {
    let (mut low, mut high) = (rows.start, rows.end);
    while low < high {
        let middle = low + (high - low) / 2;
        let page = page_start(reader, source, middle).max(low);
        let times = reader.times(source, page..high)?;
        let found = page + times.as_slice().partition_point(|t| *t < time);
        if times.as_slice().is_empty() {
            return Ok(high);
        }
        if found == page {
            high = page;
        } else if found == page + times.as_slice().len() {
            low = found;
        } else {
            return Ok(found);
        }
    }
    Ok(low)
}

fn page_start(reader: &Reader, source: usize, row: usize) -> usize {
    match reader.sources().get(source) {
        Some(super::Source::Part(part)) => part.page_of(row) * part.page_rows(),
        _ => 0,
    }
}
