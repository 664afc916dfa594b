//! Footers of parts in memory: those read last, and those that scans and merges hold (E-3).
//!
//! ```text
//!   StoredPart::open ─ cached? ─ no: read, open the seal, find the series ─▶ Arc<Footing>
//!                                                                  ├─ Footers: at most half the share
//!                                                                  └─ whoever reads: the rest, a scan
//!                                                                     no more than its part of it
//! ```

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{DefaultHashBuilder, OptionsBuilder, Weighter};

use crate::part::{Opened, PartId};
use crate::series::{SeriesId, SeriesIndex};
use crate::{Error, Shares};

/// The footers that are in memory.
pub(crate) struct Footers {
    cached: Cache<PartId, Arc<Footing>, ByBytes>,
    held: Arc<AtomicU64>,
    bytes_max: u64,
    scan_bytes_max: u64,
}

/// A footer, and the numbers that an index gives to its series.
#[derive(Debug)]
pub(crate) struct Footing {
    pub(crate) opened: Arc<Opened>,
    pub(crate) index: Arc<SeriesIndex>,
    /// The series of each run, in the order of the part's directory.
    pub(crate) series: Vec<SeriesId>,
    /// The runs in the order of their series.
    pub(crate) by_series: Vec<u32>,
    held: Held,
}

/// Bytes that count as held until this is dropped.
#[derive(Debug)]
struct Held {
    all: Arc<AtomicU64>,
    bytes: u64,
}

impl Footers {
    /// Returns room for the bytes of footers that there may be.
    pub(crate) fn new(shares: &Shares) -> Self {
        Self {
            cached: whole_cache(shares.footer_bytes_max / 2),
            held: Arc::default(),
            bytes_max: shares.footer_bytes_max,
            scan_bytes_max: shares.scan_footer_bytes_max,
        }
    }

    /// Returns what one scan should hold of it, if it can be read strip by strip.
    pub(super) const fn scan_bytes_max(&self) -> u64 {
        self.scan_bytes_max
    }

    /// Returns the footer of a part, if it is here with the numbers of this index.
    pub(super) fn find(&self, part: &PartId, index: &Arc<SeriesIndex>) -> Option<Arc<Footing>> {
        let found = self.cached.get(part)?;
        Arc::ptr_eq(&found.index, index).then_some(found)
    }

    /// Puts a footer in, and returns it.
    pub(super) fn add(
        &self,
        part: PartId,
        opened: Opened,
        index: &Arc<SeriesIndex>,
        series: Vec<SeriesId>,
    ) -> Arc<Footing> {
        let mut by_series: Vec<u32> = (0u32..).take(series.len()).collect();
        by_series.sort_unstable_by_key(|run| series.get(*run as usize));
        let bytes = (opened.memory_bytes() + 8 * series.len() + FOOTING_BYTES) as u64;
        self.held.fetch_add(bytes, Ordering::Relaxed);
        let footing = Arc::new(Footing {
            opened: Arc::new(opened),
            index: Arc::clone(index),
            series,
            by_series,
            held: Held {
                all: Arc::clone(&self.held),
                bytes,
            },
        });
        self.cached.insert(part, Arc::clone(&footing));
        footing
    }

    /// Forgets the footer of a part that is gone.
    pub(super) fn remove(&self, part: &PartId) {
        self.cached.remove(part);
    }

    /// Checks that a footer of so many bytes may be held besides all others; those that are only cached
    /// make room for it.
    ///
    /// # Errors
    /// [`Error::Overloaded`] while scans hold all that there may be.
    pub(super) fn check_room(&self, bytes: u64) -> Result<(), Error> {
        // One footer is always let through, however large, or its part could never be read.
        let bytes = bytes.min(self.bytes_max);
        let is_there = || self.bytes() + bytes <= self.bytes_max;
        if is_there() {
            return Ok(());
        }
        self.cached.clear();
        if is_there() {
            return Ok(());
        }
        Err(Error::Overloaded {
            what: FOOTERS_FULL,
            retry_after_ms: RETRY_MS,
        })
    }

    /// Returns the bytes of all footers in memory.
    pub(crate) fn bytes(&self) -> u64 {
        self.held.load(Ordering::Relaxed)
    }
}

impl Footing {
    /// Returns what this takes in memory.
    pub(super) const fn bytes(&self) -> u64 {
        self.held.bytes
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.all.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

impl fmt::Debug for Footers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Footers")
            .field("bytes", &self.bytes())
            .field("bytes_max", &self.bytes_max)
            .finish_non_exhaustive()
    }
}

/// Returns a cache in one piece: a footer may be as large as all that would fall to a piece of it.
fn whole_cache(bytes_max: u64) -> Cache<PartId, Arc<Footing>, ByBytes> {
    let options = OptionsBuilder::new()
        .estimated_items_capacity(FOOTERS_USUAL)
        .weight_capacity(bytes_max)
        .shards(1)
        .build()
        .expect("every option that has no default is set");
    Cache::with_options(
        options,
        ByBytes,
        DefaultHashBuilder::default(),
        DefaultLifecycle::default(),
    )
}

#[derive(Debug, Clone)]
struct ByBytes;

impl Weighter<PartId, Arc<Footing>> for ByBytes {
    fn weight(&self, _: &PartId, footing: &Arc<Footing>) -> u64 {
        footing.held.bytes
    }
}

/// The table of the cache is laid out for so many, and grows if need be.
const FOOTERS_USUAL: usize = 1_024;
/// What a footer takes beside its contents: keys, pointers, allocations.
const FOOTING_BYTES: usize = 512;
const RETRY_MS: u64 = 1_000;
const FOOTERS_FULL: &str =
    "the memory for footers of parts (a shorter stretch of time needs fewer of them)";
