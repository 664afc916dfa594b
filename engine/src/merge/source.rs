//! Where rows are: a chunk in memory or a part on disk.

use std::ops::Range;
use std::sync::Arc;

use schema::{ColumnDefinition, Lsn};

use crate::memtable::Chunk;
use crate::series::SeriesId;
use crate::state::ReadPart;

/// A chunk or a part of one table.
#[derive(Debug, Clone)]
pub(crate) enum Source {
    /// Rows in memory.
    Chunk(Arc<Chunk>),
    /// Rows on disk.
    Part(Arc<ReadPart>),
}

/// The rows of one series in one source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SourceRun {
    /// The source, by its position among those that are merged.
    pub(crate) source: usize,
    /// The rows.
    pub(crate) rows: Range<usize>,
}

impl Source {
    /// Returns the first record that rows come from.
    pub(crate) fn first_lsn(&self) -> Lsn {
        match self {
            Self::Chunk(chunk) => chunk.first_lsn,
            Self::Part(part) => part.meta().first_lsn,
        }
    }

    /// Returns the last record that rows come from.
    pub(crate) fn last_lsn(&self) -> Lsn {
        match self {
            Self::Chunk(chunk) => chunk.last_lsn,
            Self::Part(part) => part.meta().last_lsn,
        }
    }

    /// Returns the earliest and the latest time of all rows.
    pub(crate) fn time_bounds(&self) -> (i64, i64) {
        match self {
            Self::Chunk(chunk) => (chunk.time_min, chunk.time_max),
            Self::Part(part) => (part.time_min(), part.time_max()),
        }
    }

    /// Tells whether no two rows have the same series and time.
    pub(crate) fn is_unique(&self) -> bool {
        match self {
            Self::Chunk(chunk) => chunk.is_unique,
            Self::Part(part) => part.is_unique(),
        }
    }

    /// Returns the number of series.
    pub(crate) fn runs(&self) -> usize {
        match self {
            Self::Chunk(chunk) => chunk.runs.len(),
            Self::Part(part) => part.series().len(),
        }
    }

    /// Returns the series of the run at this position.
    pub(crate) fn series_of(&self, run: usize) -> Option<SeriesId> {
        match self {
            Self::Chunk(chunk) => chunk.runs.get(run).map(|run| run.series),
            Self::Part(part) => part.series().get(run).copied(),
        }
    }

    /// Returns the rows of the run at this position.
    pub(crate) fn rows_of_run(&self, run: usize) -> Range<usize> {
        match self {
            Self::Chunk(chunk) => chunk.rows_of(run),
            Self::Part(part) => part.rows_of(run),
        }
    }

    /// Returns the rows of a series, if it has any here.
    pub(crate) fn rows_of_series(&self, series: SeriesId) -> Option<Range<usize>> {
        match self {
            Self::Chunk(chunk) => chunk.run_of(series).map(|run| chunk.rows_of(run)),
            Self::Part(part) => part.run_of(series).map(|run| part.rows_of(run)),
        }
    }

    /// Returns the position of a field of the table among this source's columns, if it is here.
    pub(crate) fn field(&self, index: usize, definition: &ColumnDefinition) -> Option<usize> {
        match self {
            Self::Chunk(chunk) => chunk.fields.get(index)?.as_ref().map(|_| index),
            Self::Part(part) => part.field(&definition.name),
        }
    }
}
