//! The data set `waits`: samples of what the backends of many instances wait for, each second.
//!
//! | what | how |
//! |---|---|
//! | rows | one for each backend that is doing something, each second, instance by instance; the table is append-only, and several rows of one second belong to one series |
//! | tags | three: `instance` (`pg-00` …), `datname` (3), `usename` (4) |
//! | fields | eight: `pid`, `query_id` (whole numbers), `backend_type`, `application_name`, `client_addr`, `state`, `wait_event_type`, `wait_event` (texts) |
//! | backends | twenty connections an instance; each is idle for 20 s on average, then busy for 5 s, so that four are seen each second; one in a hundred busy stretches is of another process, with another `pid` |
//! | waits | what a busy backend waits for changes with one chance in three each second; in 45 % it is on a processor, and both wait columns are null |

mod backend;
mod entropy;
mod rows;
#[cfg(test)]
mod tests;

pub(crate) use rows::WaitRows;

/// How large the data set is, and which one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct WaitShape {
    /// Which of all data sets of this shape.
    pub(crate) seed: u64,
    /// The number of instances.
    pub(crate) instances: u32,
    /// The number of seconds.
    pub(crate) seconds: i64,
}

impl WaitShape {
    /// Returns 50 instances over so many minutes: about 12 000 rows each.
    pub(crate) fn of_minutes(seed: u64, minutes: u32) -> Self {
        Self {
            seed,
            instances: 50,
            seconds: i64::from(minutes) * 60,
        }
    }
}

/// The table that holds the data set; not the collector's own, which has a retention.
pub(super) const WAIT_TABLE: &str = "waits";

const WAIT_TAGS: [&str; 3] = ["instance", "datname", "usename"];

/// The number of fields.
pub(super) const WAIT_FIELD_COUNT: usize = 8;

const SECOND_NANOS: i64 = 1_000_000_000;
/// The connections of an instance.
const BACKENDS: u32 = 20;

const BACKEND_TYPES: &[&str] = &["client backend", "parallel worker", "autovacuum worker"];
const APPLICATIONS: &[&str] = &[
    "orders-api",
    "billing",
    "search",
    "reports",
    "psql",
    "pgbouncer",
];
const STATES: &[&str] = &["active", "idle in transaction"];
const WAIT_TYPES: &[&str] = &["IO", "LWLock", "Lock", "Client", "IPC", "Timeout"];
const WAIT_EVENTS: &[&str] = &[
    "DataFileRead",
    "DataFileWrite",
    "WALSync",
    "WALWrite",
    "BufferContent",
    "LockManager",
    "BufferMapping",
    "transactionid",
    "tuple",
    "relation",
    "ClientRead",
    "ClientWrite",
    "BgWorkerShutdown",
    "ExecuteGather",
    "VacuumDelay",
    "PgSleep",
];
/// The number in [`WAIT_TYPES`] of each of [`WAIT_EVENTS`].
const TYPES_OF_EVENTS: [u32; 16] = [0, 0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 4, 4, 5, 5];
const ADDRESSES: &[&str] = &[
    "10.0.0.11",
    "10.0.0.12",
    "10.0.0.13",
    "10.0.1.21",
    "10.0.1.22",
    "10.0.2.7",
];
