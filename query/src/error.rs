//! What can go wrong with a query, and what the caller should do about it.

use schema::ErrorKind;

use crate::statement::Position;

/// A refusal or a failure of one query.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The SQL is wrong: it does not parse, or names what is not there, or mixes types.
    #[error("{detail}")]
    Sql {
        /// A few words: `syntax error`, `unknown column`, …
        title: &'static str,
        /// What is wrong and, where one is known, the nearest name that exists.
        detail: String,
        /// Where in the text, when that could be found.
        position: Option<Position>,
    },
    /// A statement that is not a query.
    #[error(
        "{statement} is refused: SQL reads only, so use SELECT, WITH, VALUES, EXPLAIN, SHOW or DESCRIBE"
    )]
    ReadOnly {
        /// The statement's first words.
        statement: String,
    },
    /// The values of the parameters do not fit the query.
    #[error("{detail}")]
    Parameter {
        /// Which parameter, and why.
        detail: String,
    },
    /// The query is well formed but cannot be computed: a division by zero, a text that is no number.
    #[error("{detail}")]
    Execution {
        /// What DataFusion says.
        detail: String,
    },
    /// The query ran past its time.
    #[error(
        "the query ran past its time of {timeout_ms} ms: \
         ask for a shorter span of time or fewer columns, or raise timeout_ms (at most {timeout_ms_max})"
    )]
    Timeout {
        /// The time that it had.
        timeout_ms: u64,
        /// The most that may be asked for.
        timeout_ms_max: u64,
    },
    /// Somebody cancelled it, or its reader went away.
    #[error("the query was cancelled")]
    Cancelled,
    /// More than one query may hold, read or return.
    #[error(
        "the query exceeds {limit} = {limit_max}: {advice}",
        limit = limit.name(),
        advice = limit.advice()
    )]
    Limit {
        /// Which limit.
        limit: Limit,
        /// Its value.
        limit_max: u64,
        /// What DataFusion adds: the largest consumers of memory; empty for other limits.
        detail: String,
    },
    /// All places are taken, by running and waiting queries.
    #[error("{running} queries run and {waiting} wait already: come again in {retry_after_ms} ms")]
    Busy {
        /// How many run.
        running: usize,
        /// How many wait.
        waiting: usize,
        /// When to come again.
        retry_after_ms: u64,
    },
    /// The engine is shutting down.
    #[error("the server is stopping and takes no more queries")]
    Closing,
    /// No query of that id runs.
    #[error("no query {id} runs: it has ended, or never was")]
    NoSuchQuery {
        /// The id as it was given.
        id: String,
    },
    /// A format that is not one of ours.
    #[error("the format {name:?} is not known: use json, jsonl, csv, arrow or parquet")]
    Format {
        /// The name as it was given.
        name: String,
    },
    /// A file that cannot be imported.
    #[error("{path} cannot be read: {detail}")]
    File {
        /// The file.
        path: String,
        /// Why.
        detail: String,
    },
    /// The store could not read what the query needs.
    #[error("the store cannot answer: {detail}")]
    Store {
        /// What the store says.
        detail: String,
        /// What its error asks the caller to do.
        kind: ErrorKind,
    },
    /// A panic, or a rule of our own broken.
    #[error("internal error: {detail}")]
    Internal {
        /// What happened, for the report.
        detail: String,
    },
}

/// The limits that one query may run into, by the name that the settings give them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// Bytes of SQL text.
    SqlBytes,
    /// Rows of the result.
    Rows,
    /// Bytes of the encoded result.
    ResultBytes,
    /// Memory that one query holds.
    QueryMemory,
    /// Memory that all queries hold together.
    Memory,
}

impl Limit {
    /// Returns the name of the setting.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SqlBytes => "sql_bytes_max",
            Self::Rows => "rows_max",
            Self::ResultBytes => "result_bytes_max",
            Self::QueryMemory => "query_memory_bytes_max",
            Self::Memory => "memory_bytes_max",
        }
    }

    /// Returns how to ask for less.
    pub const fn advice(self) -> &'static str {
        match self {
            Self::SqlBytes => "send values as parameters ($1, $2, …) instead of text",
            Self::Rows | Self::ResultBytes => {
                "add LIMIT, aggregate with time_bucket, or ask for a shorter span of time"
            }
            Self::QueryMemory => {
                "group by fewer or coarser keys, ask for a shorter span of time, or add LIMIT to ORDER BY"
            }
            Self::Memory => "other queries hold the rest: come again later, or ask for less",
        }
    }
}

impl Error {
    /// Returns what the caller should do.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Busy { .. } | Self::Timeout { .. } => ErrorKind::Overloaded,
            Self::Limit { limit, .. } if *limit == Limit::Memory => ErrorKind::Overloaded,
            Self::Closing | Self::Cancelled => ErrorKind::Unavailable,
            Self::Store { kind, .. } => *kind,
            Self::Internal { .. } => ErrorKind::Internal,
            _ => ErrorKind::Invalid,
        }
    }

    /// Returns the HTTP status that `docs/reference/sql.md` promises for this error.
    pub fn status(&self) -> u16 {
        match self {
            Self::Timeout { .. } => 408,
            Self::NoSuchQuery { .. } => 404,
            Self::Busy { .. } => 429,
            Self::Limit { limit, .. } if *limit == Limit::Memory => 429,
            Self::Limit { .. } => 413,
            // Somebody wanted it to end: a client that tries again by itself must not run it again.
            Self::Cancelled => 409,
            Self::Closing => 503,
            Self::Store { kind, .. } => store_status(*kind),
            Self::Internal { .. } => 500,
            _ => 400,
        }
    }

    /// Returns a few words for people, the same for every error of its sort.
    pub fn title(&self) -> &'static str {
        match self {
            Self::Sql { title, .. } => title,
            Self::ReadOnly { .. } => "only queries are allowed",
            Self::Parameter { .. } => "wrong parameter",
            Self::Execution { .. } => "the query cannot be computed",
            Self::Timeout { .. } => "query timed out",
            Self::Cancelled => "query cancelled",
            Self::Limit { .. } => "query too large",
            Self::Busy { .. } => "too many queries",
            Self::Closing => "server stopping",
            Self::NoSuchQuery { .. } => "no such query",
            Self::Format { .. } => "unknown format",
            Self::File { .. } => "unreadable file",
            Self::Store { .. } => "store unavailable",
            Self::Internal { .. } => "internal error",
        }
    }

    /// Returns where in the SQL text the error lies, lines and columns counted from 1.
    pub fn position(&self) -> Option<Position> {
        match self {
            Self::Sql { position, .. } => *position,
            _ => None,
        }
    }

    /// Returns when to come again, for errors that pass.
    pub fn retry_after_ms(&self) -> Option<u64> {
        match self {
            Self::Busy { retry_after_ms, .. } => Some(*retry_after_ms),
            Self::Limit { limit, .. } if *limit == Limit::Memory => Some(RETRY_AFTER_MS),
            Self::Closing => Some(RETRY_AFTER_MS),
            _ => None,
        }
    }

    pub(crate) fn internal(detail: impl Into<String>) -> Self {
        Self::Internal {
            detail: detail.into(),
        }
    }
}

fn store_status(kind: ErrorKind) -> u16 {
    match kind {
        ErrorKind::Invalid => 400,
        ErrorKind::Denied => 403,
        ErrorKind::Unavailable | ErrorKind::Overloaded => 503,
        _ => 500,
    }
}

/// When a refused query should be tried again.
pub(crate) const RETRY_AFTER_MS: u64 = 1_000;
