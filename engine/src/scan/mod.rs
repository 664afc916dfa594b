//! Reading a table of a view: which series, in which partitions, as which batches.
//!
//! ```text
//!   ScanRequest ─ selection (tags, by codes) ─▶ series in tag order ─ split by rows ─▶ partitions
//!   ScanPartition: series after series ─ merge ─▶ Plan ─▶ columns ─▶ RecordBatch
//! ```
//!
//! Sources that cannot have a row in the range of time are left out before anything is read; pages
//! are read only for rows that are planned, and only of columns that are wanted.

mod arrays;
mod partition;
mod planning;
mod request;
mod runs;
mod selection;
mod tags;

pub use partition::ScanPartition;
pub(crate) use planning::plan;
pub use request::{ScanRequest, TagSelection};
