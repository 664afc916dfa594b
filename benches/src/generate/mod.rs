//! Seeded generators of the data sets that are measured.
//!
//! ```text
//!   cpu         one row a host every 10 s: ten tags, ten whole numbers that wander between 0 and 100
//!   statements  one row a statement every minute: four tags, eight counters, which move in 12 % of the rows
//!   waits       append-only samples each second: three tags, eight values, most of them texts
//! ```
//!
//! What is generated depends on the seed and on nothing else: not on the machine, not on how rows
//! are cut into batches, not on how a data set is dealt out to connections ([`Share`]).
//! A data set that is changed is another data set: its figures are no longer comparable, and the
//! tests, which hold a digest of each, say so.

mod columns;
mod cpu;
mod data_set;
#[cfg(test)]
mod digest;
mod random;
mod share;
mod statements;
mod waits;

pub(crate) use cpu::{CPU_FIELDS, CPU_TABLE, CpuRows, CpuShape, CpuValues};
pub(crate) use data_set::DataSet;
pub(crate) use random::Random;
pub(crate) use share::Share;
pub(crate) use statements::{StatementRows, StatementShape};
pub(crate) use waits::{WaitRows, WaitShape};

use columns::{TagColumn, TextColumn, bigint, double};
use share::Ticks;

use wire::v1::Table;

/// Rows of one data set, or of one connection's share of it, in the order of time.
pub(crate) trait Rows: Send {
    /// Returns the next rows, at most `rows_max` of them; nothing after the last.
    fn next_table(&mut self, rows_max: usize) -> Option<Table>;
}

/// The first moment of every data set: 2025-01-01T00:00:00Z, in nanoseconds.
pub(crate) const START_NANOS: i64 = 1_735_689_600_000_000_000;
