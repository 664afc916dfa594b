//! Reading a table of a view: which series, in which partitions, as which batches.
//!
//! ```text
//!   ScanRequest ─ selection (tags, by codes) ─▶ series in tag order ─ split by rows ─▶ partitions
//!   ScanPartition: series after series ─ merge ─▶ Plan ─▶ columns ─▶ RecordBatch
//! ```
//!
//! Sources that cannot have a row in the range of time are left out before anything is read; pages
//! are read only for rows that are planned, and only of columns that are wanted.
//!
//! A scan that does not ask for the total order and whose parts have more footers than it may hold is cut
//! into strips of time. Each partition reads its series strip by strip, and of no more than one holds the
//! footers:
//!
//! ```text
//!               ┌ strip ┐┌ strip ┐┌ strip ┐
//!   partition 1 │ a b c ─▶ a b c ─▶ a b c │ ─▶ rows by series and time in each strip
//!   partition 2 │ d e   ─▶ d e   ─▶ d e   │
//!               └───────┘└───────┘└───────┘
//! ```

mod arrays;
mod partition;
mod planning;
mod request;
mod runs;
mod selection;
mod strip;
mod strips;
mod tags;
mod walk;

pub use partition::ScanPartition;
pub(crate) use planning::plan;
pub use request::{ScanOrder, ScanRequest, TagSelection};
