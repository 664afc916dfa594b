//! Which rows of which source come next; made from times alone, before any field is read.

/// Rows to be put one after the other.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    /// Where the rows come from, in their order.
    pub(crate) segments: Vec<Segment>,
    /// The rows that merged rows are made of, earliest in the log first.
    pub(crate) candidates: Vec<Candidate>,
    /// The times, where they are wanted.
    pub(crate) times: Vec<i64>,
    /// Whether times are wanted.
    pub(crate) wants_times: bool,
    rows: usize,
}

/// Rows of a plan that come from one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Segment {
    /// Rows of one source as they stand there.
    Slice {
        /// The source, by its position.
        source: usize,
        /// The first row.
        start: usize,
        /// How many.
        rows: usize,
    },
    /// One row out of several of the same time.
    Merged {
        /// The first of its candidates.
        start: usize,
        /// How many there are.
        candidates: usize,
    },
}

/// A row of a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Candidate {
    /// The source, by its position.
    pub(crate) source: usize,
    /// The row.
    pub(crate) row: usize,
}

impl Plan {
    /// Returns an empty plan that collects times only if they are wanted.
    pub(crate) fn new(wants_times: bool) -> Self {
        Self {
            wants_times,
            ..Self::default()
        }
    }

    /// Returns the number of rows.
    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// Forgets all rows, keeping the memory.
    pub(crate) fn clear(&mut self) {
        self.segments.clear();
        self.candidates.clear();
        self.times.clear();
        self.rows = 0;
    }

    /// Returns the time of the last row and the rows that it is made of.
    pub(crate) fn last(&self) -> Option<(i64, Vec<Candidate>)> {
        let time = *self.times.last()?;
        let candidates = match *self.segments.last()? {
            Segment::Slice {
                source,
                start,
                rows,
            } => vec![Candidate {
                source,
                row: start + rows - 1,
            }],
            Segment::Merged { start, candidates } => {
                self.candidates.get(start..start + candidates)?.to_vec()
            }
        };
        Some((time, candidates))
    }

    /// Appends rows of one source; `times` may be empty where they are not wanted.
    pub(crate) fn push_slice(&mut self, source: usize, start: usize, rows: usize, times: &[i64]) {
        if rows == 0 {
            return;
        }
        self.rows += rows;
        if self.wants_times {
            self.times.extend_from_slice(times);
        }
        if let Some(Segment::Slice {
            source: last,
            start: last_start,
            rows: last_rows,
        }) = self.segments.last_mut()
            && *last == source
            && *last_start + *last_rows == start
        {
            *last_rows += rows;
            return;
        }
        self.segments.push(Segment::Slice {
            source,
            start,
            rows,
        });
    }

    /// Appends one row of this time, made of the candidates from `start` on.
    pub(crate) fn push_merged(&mut self, time: i64, start: usize) {
        let candidates = self.candidates.len() - start;
        if let (1, Some(only)) = (candidates, self.candidates.last().copied()) {
            self.candidates.truncate(start);
            self.push_slice(only.source, only.row, 1, &[time]);
            return;
        }
        self.rows += 1;
        if self.wants_times {
            self.times.push(time);
        }
        self.segments.push(Segment::Merged { start, candidates });
    }
}
