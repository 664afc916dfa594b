//! What the store tells Prometheus.

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use crate::Error;
use crate::apply::Change;
use crate::engine::Status;

/// The metrics of one store.
#[derive(Debug, Clone, Default)]
pub struct Metrics {
    pub(crate) batches: Counter,
    pub(crate) rows: Counter,
    pub(crate) duplicates: Counter,
    refused: Family<Label, Counter>,
    delayed: Counter,
    memory: Family<Label, Gauge>,
    memory_max: Family<Label, Gauge>,
    pub(crate) flushes: Counter,
    pub(crate) flushed_rows: Counter,
    pub(crate) flush_failures: Counter,
    pub(crate) compactions: Counter,
    pub(crate) compacted_bytes: Counter,
    pub(crate) compaction_failures: Counter,
    pub(crate) expired_parts: Counter,
    merges_due: Gauge,
    memtable_bytes: Gauge,
    parts: Gauge,
    part_bytes: Gauge,
    series: Gauge,
    quarantined_pages: Gauge,
    page_cache_bytes: Gauge,
    open_part_files: Gauge,
    unflushed_log_bytes: Gauge,
    failed: Gauge,
}

type Label = [(&'static str, &'static str); 1];

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
        let help = "Batches that admission refused, by the limit or rule";
        engine.register("refused_batches", help, self.refused.clone());
        let help = "Batches that waited for room or for merging before they were taken or refused";
        engine.register("delayed_batches", help, self.delayed.clone());
        let help = "Bytes that a share of the memory budget holds, as the store counts";
        engine.register("memory_bytes", help, self.memory.clone());
        let help = "The most bytes that a share of the memory budget may hold";
        engine.register("memory_bytes_max", help, self.memory_max.clone());
        let gauges = [
            (
                "memtable_bytes",
                "Bytes of rows that are not in parts",
                &self.memtable_bytes,
            ),
            (
                "merges_due",
                "Merges that wait to be done because rows come in; from 2 on ingest is slowed down",
                &self.merges_due,
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
                "open_part_files",
                "Files of parts that are open",
                &self.open_part_files,
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

    /// Counts a batch that was refused.
    pub(crate) fn refuse(&self, error: &Error) {
        self.refused
            .get_or_create(&[("reason", error.reason())])
            .inc();
    }

    /// Counts a batch whose sender was made to wait.
    pub fn delay(&self) {
        self.delayed.inc();
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
        set(&self.merges_due, status.merges_due.into());
        set(&self.parts, status.parts.len() as u64);
        set(
            &self.part_bytes,
            status.parts.iter().map(|part| part.meta.bytes).sum(),
        );
        set(&self.series, status.series);
        set(&self.quarantined_pages, status.quarantined_pages);
        set(&self.page_cache_bytes, status.page_cache_bytes);
        set(&self.open_part_files, status.page_cache.files);
        let unflushed = status
            .log_end_lsn
            .get()
            .saturating_sub(status.flushed_lsn.get());
        set(&self.unflushed_log_bytes, unflushed);
        set(&self.failed, u64::from(status.has_failed));
        for share in &status.memory {
            let label = [("share", share.name)];
            set(&self.memory.get_or_create(&label), share.bytes);
            set(&self.memory_max.get_or_create(&label), share.bytes_max);
        }
    }
}
