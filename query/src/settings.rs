//! The limits of the query engine.

use serde::{Deserialize, Serialize};

/// What queries may use; every number is a limit that is refused by name when it is reached (E-3).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Threads that one query is spread over, and the partitions that a scan is split into.
    /// Default: one less than the machine has, at least 2. Range: 1 to 256.
    /// There are so many threads for each of up to four queries; each of them costs 128 MiB of
    /// address space, not of memory, for its stack.
    pub threads: usize,
    /// Memory of all queries together, as DataFusion accounts it (some 20 % below the truth).
    /// Default: 1 GiB.
    pub memory_bytes_max: usize,
    /// Memory of one query. Default: 512 MiB.
    pub query_memory_bytes_max: usize,
    /// Queries that run at a time. Default: twice the threads.
    pub concurrency: usize,
    /// Queries that wait for a place; one more is refused. Default: 64.
    pub queued_max: usize,
    /// How long a query may take, waiting and sending included, when it does not say.
    /// Default: 60 000.
    pub timeout_ms: u64,
    /// The longest time that a query may ask for. Default: 600 000.
    pub timeout_ms_max: u64,
    /// Rows of one result. Default: 50 000 000.
    pub rows_max: u64,
    /// Bytes of one encoded result. Default: 8 GiB.
    pub result_bytes_max: u64,
    /// Bytes of one SQL text. Default: 128 KiB: the parser's stack is what it guards.
    pub sql_bytes_max: usize,
    /// Rows of one batch between operators. Default: 8192.
    pub batch_rows: usize,
}

impl Default for Settings {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let threads = cores.saturating_sub(1).max(2);
        Self {
            threads,
            memory_bytes_max: 1 << 30,
            query_memory_bytes_max: 512 << 20,
            concurrency: 2 * threads,
            queued_max: 64,
            timeout_ms: 60_000,
            timeout_ms_max: 600_000,
            rows_max: 50_000_000,
            result_bytes_max: 8 << 30,
            sql_bytes_max: 128 << 10,
            batch_rows: 8192,
        }
    }
}

impl Settings {
    /// Returns the time that a query gets: what it asks for, within the limit.
    pub(crate) fn timeout_ms(&self, asked_ms: Option<u64>) -> u64 {
        asked_ms
            .unwrap_or(self.timeout_ms)
            .clamp(1, self.timeout_ms_max.max(1))
    }

    /// Returns how many threads there are: those of one query for each that runs, up to four.
    pub(crate) fn worker_threads(&self) -> usize {
        self.threads * self.concurrency.min(QUERIES_WITH_THREADS)
    }

    /// Returns the settings with every number inside its range.
    pub(crate) fn checked(mut self) -> Self {
        self.threads = self.threads.clamp(1, 256);
        self.concurrency = self.concurrency.max(1);
        self.batch_rows = self.batch_rows.clamp(64, 65_536);
        self.query_memory_bytes_max = self.query_memory_bytes_max.min(self.memory_bytes_max);
        self
    }
}

/// Queries beyond these share the threads of the others.
const QUERIES_WITH_THREADS: usize = 4;

#[cfg(test)]
mod tests {
    use super::Settings;

    #[test]
    fn a_query_gets_the_time_it_asks_for_within_the_limit() {
        let settings = Settings {
            timeout_ms: 10,
            timeout_ms_max: 100,
            ..Settings::default()
        };
        assert_eq!(settings.timeout_ms(None), 10);
        assert_eq!(settings.timeout_ms(Some(50)), 50);
        assert_eq!(settings.timeout_ms(Some(1_000)), 100);
        assert_eq!(settings.timeout_ms(Some(0)), 1);
    }

    #[test]
    fn numbers_out_of_range_are_brought_into_it() {
        let settings = Settings {
            threads: 0,
            concurrency: 0,
            query_memory_bytes_max: usize::MAX,
            ..Settings::default()
        }
        .checked();
        assert_eq!((settings.threads, settings.concurrency), (1, 1));
        assert_eq!(settings.query_memory_bytes_max, settings.memory_bytes_max);
    }
}
