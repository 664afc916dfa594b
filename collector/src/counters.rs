//! What the collector counts about itself, for `collector_stats` and for the server's list.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use parking_lot::Mutex;

/// Counts of one instance since the collector started.
#[derive(Debug, Default)]
pub(crate) struct InstanceCounters {
    pub(crate) ticks: AtomicU64,
    pub(crate) skipped_ticks: AtomicU64,
    pub(crate) errors: AtomicU64,
    pub(crate) rows: AtomicU64,
    pub(crate) queries: AtomicU64,
    pub(crate) query_nanos: AtomicU64,
    pub(crate) connect_failures: AtomicU64,
    query_nanos_max: AtomicU64,
    words: Mutex<Words>,
}

/// What is told in words.
#[derive(Debug, Default)]
struct Words {
    last_error: Option<String>,
    stopped: BTreeMap<&'static str, String>,
}

/// Counts of the spool and the sender since the collector started.
#[derive(Debug, Default)]
pub(crate) struct SpoolCounters {
    /// Batches that the server acknowledged.
    pub(crate) sent: AtomicU64,
    /// Batches dropped for want of room.
    pub(crate) dropped: AtomicU64,
    /// Batches dropped because the server will never take them.
    pub(crate) refused: AtomicU64,
}

impl InstanceCounters {
    /// Counts a statement and how long it took.
    pub(crate) fn queried(&self, took: Duration) {
        let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        self.queries.fetch_add(1, Relaxed);
        self.query_nanos.fetch_add(nanos, Relaxed);
        self.query_nanos_max.fetch_max(nanos, Relaxed);
    }

    /// Returns how many ticks were skipped.
    pub(crate) fn skipped_ticks(&self) -> u64 {
        self.skipped_ticks.load(Relaxed)
    }

    /// Returns the longest statement since this was last asked.
    pub(crate) fn take_query_nanos_max(&self) -> u64 {
        self.query_nanos_max.swap(0, Relaxed)
    }

    /// Counts an error and keeps its words.
    pub(crate) fn failed(&self, error: &crate::Error) {
        self.errors.fetch_add(1, Relaxed);
        self.words.lock().last_error = Some(error.to_string());
    }

    /// Returns the last error, once.
    pub(crate) fn take_last_error(&self) -> Option<String> {
        self.words.lock().last_error.take()
    }

    /// Remembers that a table is stopped; true when that, or its reason, is new.
    pub(crate) fn stop_table(&self, table: &'static str, reason: String) -> bool {
        let mut words = self.words.lock();
        words
            .stopped
            .insert(table, reason.clone())
            .is_none_or(|earlier| earlier != reason)
    }

    /// Remembers that a table is collected (again); true when it was stopped.
    pub(crate) fn resume_table(&self, table: &'static str) -> bool {
        self.words.lock().stopped.remove(table).is_some()
    }

    /// Returns the stopped tables, separated by commas, if there are any.
    pub(crate) fn stopped_tables(&self) -> Option<String> {
        let words = self.words.lock();
        let names: Vec<&str> = words.stopped.keys().copied().collect();
        (!names.is_empty()).then(|| names.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::InstanceCounters;

    #[test]
    fn a_stopped_table_is_news_once_and_again_with_another_reason() {
        let counters = InstanceCounters::default();
        assert!(counters.stop_table("stat_wal", "a".into()));
        assert!(!counters.stop_table("stat_wal", "a".into()));
        assert!(counters.stop_table("stat_wal", "b".into()));
        assert_eq!(counters.stopped_tables().as_deref(), Some("stat_wal"));
        assert!(counters.resume_table("stat_wal"));
        assert!(!counters.resume_table("stat_wal"));
        assert_eq!(counters.stopped_tables(), None);
    }
}
