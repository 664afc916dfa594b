//! The merge of one series.

use schema::{TableDefinition, TimeRange};

use super::cursor::Cursor;
use super::plan::{Candidate, Plan};
use super::reader::Reader;
use super::source::SourceRun;
use crate::Error;

/// What becomes of rows that have the same series and time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Every row stays.
    AppendOnly,
    /// One row stays, of the latest values that are not null.
    Merging,
}

impl Mode {
    /// Returns how rows of this table are read.
    pub(crate) const fn of(table: &TableDefinition) -> Self {
        if table.append_only {
            Self::AppendOnly
        } else {
            Self::Merging
        }
    }

    /// Returns how rows are written that are to be read in either mode: no row goes that one of them keeps.
    pub(crate) const fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Merging, Self::Merging) => Self::Merging,
            _ => Self::AppendOnly,
        }
    }
}

/// The rows of one series that are not planned yet.
#[derive(Debug)]
pub(crate) struct SeriesMerge {
    mode: Mode,
    /// Sources that overlap where the merge stands.
    active: Vec<Cursor>,
    /// Sources that begin later, the latest first.
    waiting: Vec<Cursor>,
}

impl SeriesMerge {
    /// Returns a merge of the runs of a series within a range of time.
    ///
    /// # Errors
    /// Those of reading a page.
    pub(crate) fn new(
        mode: Mode,
        runs: impl IntoIterator<Item = SourceRun>,
        range: &TimeRange,
        reader: &mut Reader,
    ) -> Result<Self, Error> {
        let pieces = runs.into_iter().map(|run| (run, *range));
        Self::of_pieces(mode, pieces, reader)
    }

    /// Returns a merge of pieces of the runs of a series, each with its own range of time; pieces of one
    /// source have no moment in common.
    ///
    /// # Errors
    /// Those of reading a page.
    pub(crate) fn of_pieces(
        mode: Mode,
        pieces: impl IntoIterator<Item = (SourceRun, TimeRange)>,
        reader: &mut Reader,
    ) -> Result<Self, Error> {
        let mut waiting = Vec::new();
        for (run, range) in pieces {
            waiting.extend(Cursor::before(run, &range, reader)?);
        }
        waiting.sort_unstable_by_key(|cursor| std::cmp::Reverse((cursor.lower, cursor.source)));
        Ok(Self {
            mode,
            active: Vec::new(),
            waiting,
        })
    }

    /// Tells whether all rows are planned.
    pub(crate) fn is_done(&self) -> bool {
        self.active.is_empty() && self.waiting.is_empty()
    }

    /// Appends rows to the plan until it has `rows_max` or there are no more.
    ///
    /// # Errors
    /// Those of reading a page.
    pub(crate) fn fill(
        &mut self,
        rows_max: usize,
        plan: &mut Plan,
        reader: &mut Reader,
    ) -> Result<(), Error> {
        while plan.rows() < rows_max && !self.is_done() {
            self.step(rows_max - plan.rows(), plan, reader)?;
            self.active.retain(|cursor| !cursor.rows.is_empty());
        }
        Ok(())
    }

    fn step(&mut self, room: usize, plan: &mut Plan, reader: &mut Reader) -> Result<(), Error> {
        let (first, next) = self.first_and_next();
        let mode = self.mode;
        let Some(cursor) = self.active.get_mut(first) else {
            return Ok(());
        };
        let source = reader.sources().get(cursor.source);
        let is_plain = mode == Mode::AppendOnly || source.is_some_and(|s| s.is_unique());
        let latest = source.map_or(i64::MAX, |source| source.time_bounds().1);
        if is_plain && !plan.wants_times && next.is_none_or(|next| latest < next) {
            let rows = room.min(cursor.rows.len());
            plan.push_slice(cursor.source, cursor.rows.start, rows, &[]);
            // Its times were never loaded, or are not needed any more: the bound stays true.
            cursor.skip(rows);
            return Ok(());
        }
        if !cursor.is_loaded() {
            // The bound may rise by this, and another source be first.
            return cursor.load(reader);
        }
        if is_plain && next.is_none_or(|next| cursor.lower < next) {
            let times = cursor.times();
            let alone = next.map_or(times.len(), |next| times.partition_point(|t| *t < next));
            let rows = alone.min(room);
            plan.push_slice(
                cursor.source,
                cursor.rows.start,
                rows,
                times.get(..rows).unwrap_or(times),
            );
            cursor.advance(rows);
            return Ok(());
        }
        let time = cursor.lower;
        let undecided = |c: &&mut Cursor| c.lower == time && !c.is_loaded();
        if let Some(undecided) = self.active.iter_mut().find(undecided) {
            return undecided.load(reader);
        }
        match mode {
            Mode::AppendOnly => self.push_equal(first, time, room, plan),
            Mode::Merging => self.push_merged(time, plan, reader),
        }
    }

    /// Returns the cursor that is first, and where the earliest of the others may begin.
    fn first_and_next(&mut self) -> (usize, Option<i64>) {
        loop {
            let first = (0..)
                .zip(&self.active)
                .min_by_key(|(_, c)| (c.lower, c.source));
            let first = first.map(|(position, cursor)| (position, cursor.lower));
            let late = |waiting: &Cursor| first.is_none_or(|(_, lower)| waiting.lower <= lower);
            if self.waiting.last().is_some_and(late) {
                self.active.extend(self.waiting.pop());
                continue;
            }
            let first = first.map_or(0, |(position, _)| position);
            let others = (0..)
                .zip(&self.active)
                .filter(|(position, _)| *position != first);
            let others = others.map(|(_, cursor)| cursor.lower);
            let next = others.chain(self.waiting.last().map(|c| c.lower)).min();
            return (first, next);
        }
    }

    /// Appends rows of one time from the source that is earliest in the log.
    fn push_equal(
        &mut self,
        first: usize,
        time: i64,
        room: usize,
        plan: &mut Plan,
    ) -> Result<(), Error> {
        if let Some(cursor) = self.active.get_mut(first) {
            let times = cursor.times();
            let rows = times.partition_point(|t| *t <= time).min(room);
            plan.push_slice(
                cursor.source,
                cursor.rows.start,
                rows,
                times.get(..rows).unwrap_or(times),
            );
            cursor.advance(rows);
        }
        Ok(())
    }

    /// Appends one row of this time, out of the rows that all sources have of it.
    fn push_merged(
        &mut self,
        time: i64,
        plan: &mut Plan,
        reader: &mut Reader,
    ) -> Result<(), Error> {
        let start = plan.candidates.len();
        self.active.sort_unstable_by_key(|cursor| cursor.source);
        for cursor in &mut self.active {
            while cursor.lower == time && !cursor.rows.is_empty() {
                if !cursor.is_loaded() {
                    cursor.load(reader)?;
                    continue;
                }
                let rows = cursor.times().partition_point(|t| *t <= time);
                let (source, first) = (cursor.source, cursor.rows.start);
                plan.candidates
                    .extend((first..first + rows).map(|row| Candidate { source, row }));
                cursor.advance(rows);
            }
        }
        plan.push_merged(time, start);
        Ok(())
    }
}
