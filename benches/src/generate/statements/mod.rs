//! The data set `statements`: the counters of `pg_stat_statements`, minute by minute, on many instances.
//!
//! | what | how |
//! |---|---|
//! | rows | one of each statement every minute, idle or not; instance by instance, statement by statement |
//! | time | all statements of an instance are read together: the full minute and from 0 to 249 ms more, drawn for each instance and minute |
//! | tags | four: `instance` (`pg-00` …), `datname` (3 an instance), `usename` (4), `queryid` (a signed 64-bit number in text, its own on each instance) |
//! | fields | eight counters that only grow: `calls`, `rows`, `shared_blks_hit`, `shared_blks_read`, `wal_records`, `wal_bytes` (whole numbers), `total_exec_time`, `shared_blk_read_time` (milliseconds, to the microsecond) |
//! | idle | a statement is active in 12 % of the minutes, each minute drawn for itself; when idle no counter moves |
//! | active | a statement has a character, drawn once: calls a minute (around 1 to 511, most have few), rows, blocks, log records and microseconds a call, one in two writes; each minute varies around it; one minute in ten reads from disk |
//! | begin | each counter has run before: it begins at up to 6 000 of its statement's average active minutes |

mod clock;
mod entropy;
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

/// The whole-numbered fields and their units; those of [`STATEMENT_TIMES`] follow them.
pub(super) const STATEMENT_COUNTS: [(&str, &str); 6] = [
    ("calls", "calls"),
    ("rows", "rows"),
    ("shared_blks_hit", "blocks"),
    ("shared_blks_read", "blocks"),
    ("wal_records", "records"),
    ("wal_bytes", "bytes"),
];

/// The fractional fields, in milliseconds.
pub(super) const STATEMENT_TIMES: [&str; 2] = ["total_exec_time", "shared_blk_read_time"];

const MINUTE_NANOS: i64 = 60_000_000_000;
/// The share of minutes in which a statement is active.
const ACTIVE_PERMILLE: u32 = 120;
/// The share of active minutes in which a statement reads from disk.
const READ_PERMILLE: u32 = 100;
/// Of how many blocks that were hit one is read in such a minute.
const HITS_PER_READ: i64 = 16;
/// Bytes of a log record: at least, and so many more at most.
const WAL_RECORD_BYTES: (u32, u32) = (60, 40);
/// Microseconds of reading a block: at least, and so many more at most.
const READ_MICROSECONDS: (u32, u32) = (100, 100);
/// An instance is sampled less than so many milliseconds after the full minute.
const JITTER_MILLISECONDS: u32 = 250;
