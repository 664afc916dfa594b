//! What can be wrong with a name, a time, a duration or a schema change.

use crate::{ColumnRole, FieldType};

/// A refusal by the vocabulary itself; always the caller's mistake.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A table, column or collector name that breaks the rules of [`crate::validate_name`].
    #[error("the name {name:?} is not allowed: {reason}")]
    Name {
        /// The name as it was given, cut to a printable length.
        name: String,
        /// Which rule it breaks.
        reason: &'static str,
    },
    /// A text that is not a time.
    #[error("{text:?} is not a time: use RFC 3339, such as 2026-11-22T10:00:00Z")]
    Time {
        /// The text as it was given.
        text: String,
    },
    /// A text that is not a span of time.
    #[error(
        "{text:?} is not a duration: use a number and ns, us, ms, s, m, h, d or w, such as 90d"
    )]
    Span {
        /// The text as it was given.
        text: String,
    },
    /// A text that is not a log position.
    #[error("{text:?} is not a log position: use a decimal number")]
    Lsn {
        /// The text as it was given.
        text: String,
    },
    /// A column that arrives with another type than it has.
    #[error("column {column:?} of table {table:?} is {expected}, the batch sends {actual}")]
    ColumnType {
        /// The table.
        table: String,
        /// The column that disagrees.
        column: String,
        /// What the table has.
        expected: FieldType,
        /// What the batch has.
        actual: FieldType,
    },
    /// A tag that arrives as a field, or the other way round.
    #[error("column {column:?} of table {table:?} is a {expected}, the batch sends a {actual}")]
    ColumnRole {
        /// The table.
        table: String,
        /// The column that disagrees.
        column: String,
        /// What the table has.
        expected: ColumnRole,
        /// What the batch has.
        actual: ColumnRole,
    },
    /// More columns than the table may have.
    #[error("table {table:?} would have more than {columns_max} columns")]
    ColumnsMax {
        /// The table.
        table: String,
        /// The limit in force.
        columns_max: usize,
    },
}

/// What the caller should do; the shape that every crate's error shares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The request is wrong and will stay wrong: change it.
    Invalid,
    /// The caller may not do this.
    Denied,
    /// Not now: something is missing or stopped.
    Unavailable,
    /// Not now: a limit is reached, come again later.
    Overloaded,
    /// Bytes on disk are not what was written.
    Corrupt,
    /// A rule of our own is broken, or the machine failed us.
    Internal,
}

impl Error {
    /// Returns what the caller should do: always to change the request.
    pub fn kind(&self) -> Kind {
        Kind::Invalid
    }
}
