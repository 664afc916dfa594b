//! The data set `statements`: what `pg_stat_statements` adds, minute by minute, on many instances.
//!
//! | what | how |
//! |---|---|
//! | rows | one of each statement every minute, idle or not; instance by instance, statement by statement |
//! | tags | four: `instance` (`pg-00` …), `datname` (3 an instance), `usename` (4), `queryid` (a signed 64-bit number in text, its own on each instance) |
//! | fields | eight increases: `calls`, `rows`, `shared_blks_hit`, `shared_blks_read`, `shared_blks_dirtied`, `wal_records`, `wal_bytes` (whole numbers), `total_exec_time` (milliseconds, to the microsecond) |
//! | idle | a statement is active in 12 % of the minutes, each minute drawn for itself; when idle all eight are 0 |
//! | active | a statement has a character, drawn once: calls a minute (around 1 to 511, most have few), rows, blocks, log records and microseconds a call, one in two writes; each minute varies around it |

mod rows;
mod statement;
#[cfg(test)]
mod tests;

pub(crate) use rows::StatementRows;

/// How large the data set is, and which one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct StatementShape {
    /// Which of all data sets of this shape.
    pub(crate) seed: u64,
    /// The number of instances.
    pub(crate) instances: u32,
    /// The number of statements of each instance.
    pub(crate) statements: u32,
    /// The number of minutes.
    pub(crate) minutes: i64,
}

impl StatementShape {
    /// Returns 50 instances with 100 statements each, over so many minutes.
    pub(crate) fn of_minutes(seed: u64, minutes: u32) -> Self {
        Self {
            seed,
            instances: 50,
            statements: 100,
            minutes: i64::from(minutes),
        }
    }
}

/// The table that holds the data set; not the collector's own, which has a retention.
pub(super) const STATEMENT_TABLE: &str = "statements";

const STATEMENT_TAGS: [&str; 4] = ["instance", "datname", "usename", "queryid"];

/// The whole-numbered fields and their units; `total_exec_time` follows them.
pub(super) const STATEMENT_FIELDS: [(&str, &str); 7] = [
    ("calls", "calls"),
    ("rows", "rows"),
    ("shared_blks_hit", "blocks"),
    ("shared_blks_read", "blocks"),
    ("shared_blks_dirtied", "blocks"),
    ("wal_records", "records"),
    ("wal_bytes", "bytes"),
];

const MINUTE_NANOS: i64 = 60_000_000_000;
/// The share of minutes in which a statement is active.
const ACTIVE_PERMILLE: u32 = 120;
