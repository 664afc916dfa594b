//! Opened pages, kept for the next reader within a budget of bytes.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use quick_cache::Weighter;
use quick_cache::sync::Cache;

use super::PartId;
use super::files::OpenFiles;
use crate::Error;
use crate::memtable::ChunkField;

/// Decoded pages of all parts, at most so many bytes of them, and the files that they come from, at most
/// so many (E-3).
///
/// Two readers of one page wait for one load. Pages that follow from the footer are never here.
pub struct PageCache {
    files: OpenFiles,
    pages: Cache<PageKey, CachedPage, ByBytes>,
    hits: AtomicU64,
    misses: AtomicU64,
    quarantined: AtomicU64,
}

/// What a [`PageCache`] has done, for metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageCacheUsage {
    /// Pages found.
    pub hits: u64,
    /// Pages that had to be read.
    pub misses: u64,
    /// Bytes of pages held now.
    pub bytes: u64,
    /// The most that may be held.
    pub bytes_max: u64,
    /// Files of parts that are open.
    pub files: u64,
    /// Pages that turned out damaged since the start (E-4).
    pub quarantined: u64,
}

impl PageCache {
    /// Returns an empty cache for so many bytes.
    pub fn new(bytes_max: u64) -> Self {
        Self::with_files(bytes_max, FILES_USUAL)
    }

    /// Returns an empty cache for so many bytes of pages and so many open files.
    pub fn with_files(bytes_max: u64, files_max: u32) -> Self {
        let pages = usize::try_from(bytes_max / PAGE_BYTES_USUAL)
            .unwrap_or(PAGES_MAX)
            .clamp(64, PAGES_MAX);
        Self {
            files: OpenFiles::new(files_max),
            pages: Cache::with_weighter(pages, bytes_max, ByBytes),
            hits: AtomicU64::new(0),
            misses: AtomicU64::new(0),
            quarantined: AtomicU64::new(0),
        }
    }

    /// Returns the files that are open.
    pub(crate) fn files(&self) -> &OpenFiles {
        &self.files
    }

    /// Returns what the cache holds and has done.
    pub fn usage(&self) -> PageCacheUsage {
        PageCacheUsage {
            hits: self.hits.load(Ordering::Relaxed),
            misses: self.misses.load(Ordering::Relaxed),
            bytes: self.pages.weight(),
            bytes_max: self.pages.capacity(),
            files: self.files.count() as u64,
            quarantined: self.quarantined.load(Ordering::Relaxed),
        }
    }

    /// Returns a page, loading it if it is not here. What fails to load is not remembered.
    pub(crate) fn get_or_load(
        &self,
        key: PageKey,
        load: impl FnOnce() -> Result<CachedPage, Error>,
    ) -> Result<CachedPage, Error> {
        let mut missed = false;
        let page = self.pages.get_or_insert_with(&key, || {
            missed = true;
            load()
        });
        let counter = if missed { &self.misses } else { &self.hits };
        counter.fetch_add(1, Ordering::Relaxed);
        page
    }

    /// Returns a page if it is here, and counts nothing.
    pub(crate) fn peek(&self, key: &PageKey) -> Option<CachedPage> {
        self.pages.get(key)
    }

    pub(crate) fn count_quarantined(&self) {
        self.quarantined.fetch_add(1, Ordering::Relaxed);
    }
}

impl fmt::Debug for PageCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PageCache").field(&self.usage()).finish()
    }
}

/// Which page of which part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct PageKey {
    pub(crate) part: PartId,
    pub(crate) column: u32,
    pub(crate) page: u32,
}

/// A decoded page: integers that lie near each other in few bytes, as rows in memory have them.
#[derive(Debug, Clone)]
pub(crate) enum CachedPage {
    Times(Arc<Vec<i64>>),
    Field(Arc<ChunkField>),
}

#[derive(Debug, Clone)]
struct ByBytes;

impl Weighter<PageKey, CachedPage> for ByBytes {
    fn weight(&self, _: &PageKey, page: &CachedPage) -> u64 {
        let bytes = match page {
            CachedPage::Times(times) => times.len() * size_of::<i64>(),
            CachedPage::Field(values) => values.bytes(),
        };
        (bytes + OVERHEAD_BYTES) as u64
    }
}

/// The table of the cache is laid out for at most so many pages, and grows if need be.
const PAGES_MAX: usize = 1 << 20;
const PAGE_BYTES_USUAL: u64 = 16 << 10;
const FILES_USUAL: u32 = 64;
/// What an entry takes beside its values: key, pointers, allocations.
const OVERHEAD_BYTES: usize = 256;
