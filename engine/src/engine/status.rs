//! How the store is: for `system.*`, `/metrics` and whoever looks after it.

use schema::{Lsn, Timestamp};

use super::Engine;
use super::memory::{MemoryShare, shares};
use crate::part::{PageCacheUsage, PartMeta, QuarantinedPage};

/// What is known of the store at one moment.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Status {
    /// The last record that is visible.
    pub applied_lsn: Lsn,
    /// When it was committed.
    pub applied_time: Timestamp,
    /// The position before which the log is durable.
    pub durable_lsn: Lsn,
    /// The position behind the log.
    pub log_end_lsn: Lsn,
    /// The position before which everything is in parts.
    pub flushed_lsn: Lsn,
    /// The history that the store is on.
    pub timeline: u32,
    /// Bytes of rows that are not in parts.
    pub memtable_bytes: u64,
    /// Series over all tables.
    pub series: u64,
    /// About how many bytes of memory they take.
    pub series_bytes: u64,
    /// The parts, by table and first record.
    pub parts: Vec<PartStatus>,
    /// Pages that turned out damaged.
    pub quarantined_pages: u64,
    /// Bytes of opened pages in the cache.
    pub page_cache_bytes: u64,
    /// The page cache.
    pub page_cache: PageCacheUsage,
    /// Merges that wait to be done because rows come in, while somebody merges; ten stands for more.
    pub merges_due: u32,
    /// What the shares of the memory budget hold.
    pub memory: Vec<MemoryShare>,
    /// Whether the log has failed (W-3): only a restart helps.
    pub is_poisoned: bool,
    /// Whether nothing more is taken until a restart; see [`Engine::has_failed`].
    pub has_failed: bool,
}

/// A part and what is wrong with it.
#[derive(Debug, Clone)]
pub struct PartStatus {
    /// What the manifest says of it.
    pub meta: PartMeta,
    /// Its damaged pages, as far as they were read.
    pub quarantined: Vec<QuarantinedPage>,
}

impl Engine {
    /// Returns how the store is, and brings the metrics up to date.
    pub fn status(&self) -> Status {
        let store = self.store();
        let state = store.state.load();
        let parts = state.tables.values().flat_map(|table| table.parts.iter());
        let parts: Vec<PartStatus> = parts
            .map(|part| PartStatus {
                meta: part.meta().clone(),
                quarantined: part.quarantined(),
            })
            .collect();
        let page_cache = store.shelf.pages.usage();
        let series_bytes = state
            .tables
            .values()
            .map(|table| table.series.bytes())
            .sum();
        let timeline = store.manifest.lock().present().manifest.timeline;
        let has_failed = store.has_failed();
        let memory = shares(store, &state);
        let status = Status {
            applied_lsn: state.applied_lsn,
            applied_time: state.applied_time,
            durable_lsn: store.log.durable_lsn(),
            log_end_lsn: store.log.end_lsn(),
            flushed_lsn: state.flushed_lsn,
            timeline,
            memtable_bytes: state.memtable_bytes(),
            series: state.series_count(),
            series_bytes,
            quarantined_pages: parts.iter().map(|part| part.quarantined.len() as u64).sum(),
            page_cache_bytes: page_cache.bytes,
            page_cache,
            merges_due: store.brake.merges_due(),
            memory,
            is_poisoned: store.log.is_poisoned(),
            has_failed,
            parts,
        };
        store.metrics.show(&status);
        status
    }
}
