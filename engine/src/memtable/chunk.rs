//! Rows in memory, sorted by series and time; never changed once made.

use std::ops::Range;
use std::sync::Arc;

use schema::Lsn;

use super::ChunkField;
use crate::series::SeriesId;

/// Rows of one table from a contiguous stretch of the log.
///
/// **Invariant:** runs rise by series, rows of a run rise by time, and rows of equal time are in the
/// order of the log; every column that is there has as many rows as `time`.
#[derive(Debug)]
pub(crate) struct Chunk {
    /// The first record that rows come from.
    pub(crate) first_lsn: Lsn,
    /// The last record that rows come from.
    pub(crate) last_lsn: Lsn,
    /// The series and where its rows begin.
    pub(crate) runs: Vec<ChunkRun>,
    /// The time of each row.
    pub(crate) time: Vec<i64>,
    /// The fields by their position in the table; absent means null in all rows.
    pub(crate) fields: Vec<Option<Arc<ChunkField>>>,
    /// Whether no two rows have the same series and time.
    pub(crate) is_unique: bool,
    /// The earliest time.
    pub(crate) time_min: i64,
    /// The latest time.
    pub(crate) time_max: i64,
    /// The bytes that all of it takes in memory.
    pub(crate) bytes: usize,
}

/// Where the rows of a series begin; they end where the next run begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ChunkRun {
    /// The series.
    pub(crate) series: SeriesId,
    /// Its first row.
    pub(crate) start: u32,
}

impl Chunk {
    /// Returns a chunk of sorted rows.
    pub(crate) fn new(
        lsns: (Lsn, Lsn),
        runs: Vec<ChunkRun>,
        time: Vec<i64>,
        fields: Vec<Option<ChunkField>>,
    ) -> Self {
        let fields = fields.into_iter().map(|field| field.map(Arc::new));
        let mut chunk = Self {
            first_lsn: lsns.0,
            last_lsn: lsns.1,
            bytes: 0,
            time_min: time.iter().copied().min().unwrap_or(i64::MAX),
            time_max: time.iter().copied().max().unwrap_or(i64::MIN),
            is_unique: true,
            fields: fields.collect(),
            runs,
            time,
        };
        let fields: usize = chunk.fields.iter().flatten().map(|f| f.bytes()).sum();
        chunk.bytes = fields + chunk.time.len() * 8 + chunk.runs.len() * 8 + CHUNK_OVERHEAD_BYTES;
        chunk.is_unique = chunk.has_unique_times();
        chunk
    }

    /// Returns the same rows with other numbers for their series, which rise as the old ones do.
    pub(crate) fn renumbered(&self, number: impl Fn(SeriesId) -> SeriesId) -> Self {
        let runs = self.runs.iter().map(|run| ChunkRun {
            series: number(run.series),
            start: run.start,
        });
        Self {
            runs: runs.collect(),
            time: self.time.clone(),
            fields: self.fields.clone(),
            ..*self
        }
    }

    /// Returns the number of rows.
    pub(crate) fn rows(&self) -> usize {
        self.time.len()
    }

    /// Returns the rows of the run at this position.
    pub(crate) fn rows_of(&self, run: usize) -> Range<usize> {
        let start = |run: usize| {
            self.runs
                .get(run)
                .map_or(self.time.len(), |r| r.start as usize)
        };
        start(run)..start(run + 1)
    }

    /// Returns the position of a series' run, if it has rows here.
    pub(crate) fn run_of(&self, series: SeriesId) -> Option<usize> {
        self.runs
            .binary_search_by_key(&series, |run| run.series)
            .ok()
    }

    /// Returns the times of some rows.
    pub(crate) fn times(&self, rows: Range<usize>) -> &[i64] {
        self.time.get(rows).unwrap_or_default()
    }

    fn has_unique_times(&self) -> bool {
        (0..self.runs.len()).all(|run| {
            let times = self.times(self.rows_of(run));
            times
                .windows(2)
                .all(|pair| !matches!(pair, [a, b] if a == b))
        })
    }
}

/// The chunk's own fields and its allocations, roughly.
const CHUNK_OVERHEAD_BYTES: usize = 512;
