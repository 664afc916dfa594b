//! What queries read from: a seam between SQL and the engine.
//!
//! A [`Store`] pins a state ([`Tables`]) that a whole query reads, whatever is written meanwhile.
//! The engine is the one store today ([`engine`]); parts in an object store can be another.

mod engine;
#[cfg(test)]
pub(crate) mod memory;

use std::fmt::Debug;
use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;
use schema::{TableDefinition, TimeRange, Timestamp};

use crate::system::SystemTable;

pub(crate) use engine::EngineStore;

/// Where a query finds its tables.
pub(crate) trait Store: Debug + Send + Sync {
    /// Pins the present state.
    fn pin(&self) -> Arc<dyn Tables>;

    /// Returns the tables of schema `system` that the store itself fills.
    fn system(&self) -> Vec<Arc<dyn SystemTable>>;
}

/// A pinned state: all tables as of one moment.
pub(crate) trait Tables: Debug + Send + Sync {
    /// Returns the names, sorted.
    fn names(&self) -> Vec<String>;

    /// Returns a table, if there is one of that name.
    fn table(&self, name: &str) -> Option<Arc<dyn Table>>;
}

/// A pinned table.
pub(crate) trait Table: Debug + Send + Sync {
    /// Returns what it is.
    fn definition(&self) -> &TableDefinition;

    /// Returns its columns: time, tags, fields.
    fn schema(&self) -> SchemaRef;

    /// Returns the distinct values of a tag, by code.
    fn tag_values(&self, tag: usize) -> Arc<[Arc<str>]>;

    /// Returns how much there is of it.
    fn size(&self) -> Size;

    /// Splits the rows that the scan asks for into partitions, without reading any yet.
    ///
    /// # Errors
    /// When the store cannot serve them.
    fn scan(&self, scan: &Scan) -> Result<Vec<Partition>, ::engine::Error>;

    /// Returns the table with just the newest row of every series, in memory, and the bytes that it takes.
    /// Blocks on the disk. `hold` is told how many bytes the rows take so far, as they are found.
    ///
    /// # Errors
    /// When the store cannot find them; what `hold` refuses.
    fn latest(&self, hold: &Hold<'_>) -> Result<(Arc<dyn Table>, u64), ::engine::Error>;
}

/// Is told how many bytes are held from now on, and refuses if there may not be so many.
pub(crate) type Hold<'a> = dyn Fn(u64) -> Result<(), ::engine::Error> + 'a;

/// Rows to be read, batch by batch; reading blocks on the disk for a page at a time.
pub(crate) type Partition = Box<dyn Iterator<Item = Result<RecordBatch, ::engine::Error>> + Send>;

/// How much a table holds.
#[derive(Debug, Clone, Default)]
pub(crate) struct Size {
    /// The number of series.
    pub(crate) series: u64,
    /// No more rows than this.
    pub(crate) rows_max: u64,
    /// The number of rows, where it is known without reading.
    pub(crate) rows: Option<u64>,
    /// The first and the last time.
    pub(crate) bounds: Option<(Timestamp, Timestamp)>,
    /// The number of parts.
    pub(crate) parts: u64,
    /// The bytes of the parts' files.
    pub(crate) part_bytes: u64,
    /// The rows that are in memory.
    pub(crate) memory_rows: u64,
    /// The bytes that they take there.
    pub(crate) memory_bytes: u64,
}

/// Which rows and columns to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Scan {
    /// The columns, by position in the schema; may be empty.
    pub(crate) projection: Vec<usize>,
    /// The times.
    pub(crate) time: TimeRange,
    /// The series, by their tags.
    pub(crate) tags: Vec<TagValues>,
    /// The most rows that each partition need give.
    pub(crate) limit: Option<usize>,
    /// The number of partitions wished for.
    pub(crate) partitions: usize,
    /// Rows of one batch.
    pub(crate) batch_rows: usize,
}

/// The values of one tag that are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TagValues {
    /// The tag, by position among the tags.
    pub(crate) tag: usize,
    /// By code: whether the value is asked for.
    pub(crate) accepts: Vec<bool>,
    /// Whether series without the tag are asked for.
    pub(crate) accepts_null: bool,
}
