//! The texts behind the query ids of [`stat_statements`](super::STAT_STATEMENTS).
//!
//! Texts have no retention: rows of other tables refer to them for as long as those rows are kept.

use super::{BuiltIn, Field};

/// The normalised text of each query id, when it was first seen by a run of the collector.
pub static QUERY_TEXT: BuiltIn = BuiltIn {
    name: "query_text",
    about: "The normalised text of each query id, when it was first seen by a run of the collector.",
    append_only: false,
    retention: None,
    tags: &["instance", "queryid"],
    fields: &[Field::text("query"), Field::level("query_bytes", "bytes")],
};
