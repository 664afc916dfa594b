//! The rows of a series out of chunks and parts, in time order; under scans, flushes and compactions.
//!
//! ```text
//!   sources in lsn order ─▶ Cursor each ─▶ SeriesMerge::step ─▶ Plan (slices, merged rows)
//!                                                                  │ for each field that is wanted
//!                                                                  ▼
//!                                            Reader::append ─▶ Column
//! ```
//!
//! Where one source covers a stretch of time, the plan holds one slice for it and columns are copied
//! page by page. Where sources have rows of the same time, an append-only table keeps them all, in
//! the order of the log, and any other table gets one row: field by field the value that is latest
//! in the log and not null.

mod cursor;
mod plan;
mod reader;
mod series;
mod source;

pub(crate) use plan::{Plan, Segment};
pub(crate) use reader::Reader;
pub(crate) use series::{Mode, SeriesMerge};
pub(crate) use source::{Source, SourceRun};

#[cfg(test)]
mod tests;
