//! What the store tells Prometheus.

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use crate::apply::Change;
use crate::engine::Status;

/// The metrics of one store.
#[derive(Debug, Clone, Default)]
pub struct Metrics {
    pub(crate) batches: Counter,
    pub(crate) rows: Counter,
    pub(crate) duplicates: Counter,
    pub(crate) refused: Counter,
    pub(crate) flushes: Counter,
    pub(crate) flushed_rows: Counter,
    pub(crate) flush_failures: Counter,
    pub(crate) compactions: Counter,
    pub(crate) compacted_bytes: Counter,
    pub(crate) compaction_failures: Counter,
    pub(crate) expired_parts: Counter,
    memtable_bytes: Gauge,
    parts: Gauge,
    part_bytes: Gauge,
    series: Gauge,
    quarantined_pages: Gauge,
    page_cache_bytes: Gauge,
    unflushed_log_bytes: Gauge,
    failed: Gauge,
}

impl Metrics {
    /// Adds the metrics to a registry, under `pga_engine_`.
    pub fn register(&self, registry: &mut Registry) {
        let engine = registry.sub_registry_with_prefix("pga_engine");
        let counters = [
            ("batches", "Batches applied", &self.batches),
            ("rows", "Rows applied", &self.rows),
            (
                "duplicate_batches",
                "Numbered batches that were there before",
                &self.duplicates,
            ),
            (
                "refused_batches",
                "Batches that admission refused",
                &self.refused,
            ),
            ("flushes", "Flushes published", &self.flushes),
            (
                "flushed_rows",
                "Rows written to parts by flushes",
                &self.flushed_rows,
            ),
            (
                "flush_failures",
                "Flushes that failed and were tried again",
                &self.flush_failures,
            ),
            (
                "compactions",
                "Merges of parts published",
                &self.compactions,
            ),
            (
                "compacted_bytes",
                "Bytes of parts read by merges",
                &self.compacted_bytes,
            ),
            (
                "compaction_failures",
                "Merges that failed",
                &self.compaction_failures,
            ),
            (
                "expired_parts",
                "Parts dropped by retention",
                &self.expired_parts,
            ),
        ];
        for (name, help, counter) in counters {
            engine.register(name, help, counter.clone());
        }
        let gauges = [
            (
                "memtable_bytes",
                "Bytes of rows that are not in parts",
                &self.memtable_bytes,
            ),
            ("parts", "Parts", &self.parts),
            ("part_bytes", "Bytes of parts", &self.part_bytes),
            ("series", "Series over all tables", &self.series),
            (
                "quarantined_pages",
                "Pages that are damaged or cannot be read (E-4)",
                &self.quarantined_pages,
            ),
            (
                "page_cache_bytes",
                "Bytes of opened pages in the cache",
                &self.page_cache_bytes,
            ),
            (
                "unflushed_log_bytes",
                "Bytes of log that a restart would replay",
                &self.unflushed_log_bytes,
            ),
            (
                "failed",
                "Whether the store takes nothing more until a restart (W-3), 0 or 1",
                &self.failed,
            ),
        ];
        for (name, help, gauge) in gauges {
            engine.register(name, help, gauge.clone());
        }
    }

    /// Counts a record that was applied.
    pub(crate) fn count(&self, change: &Change) {
        if let Change::Batch(batch) = change {
            self.batches.inc();
            self.rows.inc_by(batch.frame.view().rows() as u64);
        }
    }

    /// Sets the gauges to what a status says; to be called before they are read.
    pub(crate) fn show(&self, status: &Status) {
        let set = |gauge: &Gauge, value: u64| {
            gauge.set(i64::try_from(value).unwrap_or(i64::MAX));
        };
        set(&self.memtable_bytes, status.memtable_bytes);
        set(&self.parts, status.parts.len() as u64);
        set(
            &self.part_bytes,
            status.parts.iter().map(|part| part.meta.bytes).sum(),
        );
        set(&self.series, status.series);
        set(&self.quarantined_pages, status.quarantined_pages);
        set(&self.page_cache_bytes, status.page_cache_bytes);
        let unflushed = status
            .log_end_lsn
            .get()
            .saturating_sub(status.flushed_lsn.get());
        set(&self.unflushed_log_bytes, unflushed);
        set(&self.failed, u64::from(status.has_failed));
    }
}
