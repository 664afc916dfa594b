//! What a log tells Prometheus.

use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

/// The metrics of one log.
#[derive(Debug, Clone)]
pub struct Metrics {
    written_bytes: Counter,
    groups: Counter,
    records: Counter,
    fsync_seconds: Histogram,
    pub(crate) queue_bytes: Gauge,
    pub(crate) refused: Counter,
    pub(crate) segments: Gauge,
    pub(crate) spares: Gauge,
    pub(crate) poisoned: Gauge,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        Self {
            written_bytes: Counter::default(),
            groups: Counter::default(),
            records: Counter::default(),
            // 50 microseconds to 13 seconds: from a write cache to a disk that is about to fail.
            fsync_seconds: Histogram::new(exponential_buckets(50e-6, 2.0, 19)),
            queue_bytes: Gauge::default(),
            refused: Counter::default(),
            segments: Gauge::default(),
            spares: Gauge::default(),
            poisoned: Gauge::default(),
        }
    }

    /// Adds the metrics to a registry.
    pub fn register(&self, registry: &mut Registry) {
        let wal = registry.sub_registry_with_prefix("pga_wal");
        wal.register(
            "written_bytes",
            "Bytes written to log segments",
            self.written_bytes.clone(),
        );
        wal.register(
            "groups",
            "Groups written, idle markers included",
            self.groups.clone(),
        );
        wal.register("records", "Payloads written", self.records.clone());
        wal.register(
            "fsync_seconds",
            "Time that fdatasync of a group took",
            self.fsync_seconds.clone(),
        );
        wal.register(
            "queue_bytes",
            "Bytes taken and not yet on disk",
            self.queue_bytes.clone(),
        );
        wal.register(
            "refused",
            "Payloads refused for want of room, in the queue or on disk",
            self.refused.clone(),
        );
        wal.register(
            "segments",
            "Segments kept, the newest included",
            self.segments.clone(),
        );
        wal.register("spare_segments", "Segments made ready", self.spares.clone());
        wal.register(
            "poisoned",
            "1 after a failed write or sync, until the process starts again",
            self.poisoned.clone(),
        );
    }

    /// Counts a group that is on disk.
    pub(crate) fn committed(&self, bytes: u64, records: u64, fsync: Duration) {
        self.written_bytes.inc_by(bytes);
        self.groups.inc();
        self.records.inc_by(records);
        self.fsync_seconds.observe(fsync.as_secs_f64());
    }
}
