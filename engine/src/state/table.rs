//! One table at one moment.

use std::sync::Arc;

use schema::{TableDefinition, TimeRange};

use super::StoredPart;
use crate::Error;
use crate::latest::Latest;
use crate::memtable::{Chunk, MemTable};
use crate::merge::{Mode, Source};
use crate::series::SeriesIndex;
use crate::tombstone::Tombstone;

/// The rows of a table, wherever they are.
#[derive(Debug, Clone)]
pub(crate) struct TableState {
    /// Its columns and mode.
    pub(crate) definition: Arc<TableDefinition>,
    /// Its series; shared by all states.
    pub(crate) series: Arc<SeriesIndex>,
    /// Its parts, by their first record.
    pub(crate) parts: Arc<Vec<Arc<StoredPart>>>,
    /// The memtable that is being flushed.
    pub(crate) frozen: Option<Arc<MemTable>>,
    /// The memtable that is being filled.
    pub(crate) active: Arc<MemTable>,
    /// What was deleted and may still be in parts or in memory, in the order of the log.
    pub(crate) tombstones: Arc<[Tombstone]>,
    /// The newest row of each series that the parts have.
    pub(crate) latest: Option<Latest>,
}

/// What is known of a chunk or a part without reading it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Extent {
    /// The number of rows.
    pub(crate) rows: u64,
    /// The earliest and the latest time.
    pub(crate) times: (i64, i64),
    /// Whether no two rows have the same series and time.
    pub(crate) is_unique: bool,
}

impl TableState {
    /// Returns a table without rows.
    pub(crate) fn new(definition: Arc<TableDefinition>) -> Self {
        Self {
            definition,
            series: Arc::default(),
            parts: Arc::default(),
            frozen: None,
            active: Arc::default(),
            tombstones: Arc::default(),
            latest: None,
        }
    }

    /// Returns how rows of equal series and time are read.
    pub(crate) fn mode(&self) -> Mode {
        if self.definition.append_only {
            Mode::AppendOnly
        } else {
            Mode::Merging
        }
    }

    /// Returns the chunks in the order of the log.
    pub(crate) fn chunks(&self) -> impl Iterator<Item = &Arc<Chunk>> {
        let frozen = self.frozen.iter().flat_map(|frozen| frozen.chunks());
        frozen.chain(self.active.chunks())
    }

    /// Returns the parts that may have rows in a range of time, in the order of the log.
    pub(crate) fn parts_within(&self, range: &TimeRange) -> impl Iterator<Item = &Arc<StoredPart>> {
        let parts = self.parts.iter();
        parts.filter(|part| overlaps(range, part.time_min(), part.time_max()))
    }

    /// Returns everything that has rows in a range of time, in the order of the log.
    ///
    /// Parts come first: E-1, no part has rows of a record that a memtable still has.
    ///
    /// # Errors
    /// Those of opening a part: [`Error::Overloaded`] where there is no memory for its footer.
    pub(crate) fn sources(&self, range: &TimeRange) -> Result<Vec<Source>, Error> {
        let mut sources = Vec::new();
        for part in self.parts_within(range) {
            sources.push(Source::Part(Arc::new(part.open_for_query()?)));
        }
        let chunks = self
            .chunks()
            .filter(|chunk| overlaps(range, chunk.time_min, chunk.time_max));
        sources.extend(chunks.map(|chunk| Source::Chunk(Arc::clone(chunk))));
        Ok(sources)
    }

    /// Returns what is known of everything that has rows without opening a part.
    pub(crate) fn extents(&self) -> impl Iterator<Item = Extent> {
        let parts = self.parts.iter().map(|part| Extent {
            rows: part.meta().rows,
            times: (part.time_min(), part.time_max()),
            is_unique: part.is_unique(),
        });
        parts.chain(self.chunks().map(|chunk| Extent {
            rows: chunk.rows() as u64,
            times: (chunk.time_min, chunk.time_max),
            is_unique: chunk.is_unique,
        }))
    }

    /// Returns the bytes of the rows in memory.
    pub(crate) fn memtable_bytes(&self) -> usize {
        self.frozen.as_ref().map_or(0, |frozen| frozen.bytes()) + self.active.bytes()
    }

    /// Returns the number of rows in memory, overwritten ones included.
    pub(crate) fn memtable_rows(&self) -> usize {
        self.frozen.as_ref().map_or(0, |frozen| frozen.rows()) + self.active.rows()
    }

    /// Deletes the rows that are there; what is written later stays.
    pub(crate) fn delete(&mut self, tombstone: Tombstone) {
        // Rows from before and after must not come together in one chunk, whose rows are of no one age.
        self.active = Arc::new(self.active.closed());
        let all = self.tombstones.iter().cloned();
        self.tombstones = all.chain([tombstone]).collect();
        self.forget_tombstones();
        if let Some(latest) = &mut self.latest {
            latest.is_stale = true;
        }
    }

    /// Puts another latest part, which was made of all parts that are here; returns the one before.
    pub(crate) fn put_latest(&mut self, part: Option<Arc<StoredPart>>) -> Option<Arc<StoredPart>> {
        // A deletion that came while it was made is not in it.
        let is_stale = self.has_deletions();
        let latest = part.map(|part| Latest {
            part: self.numbered(&part),
            is_stale,
        });
        let before = std::mem::replace(&mut self.latest, latest);
        before.map(|before| before.part)
    }

    /// Returns the files of all parts, that of the latest part included.
    pub(crate) fn files(&self) -> impl Iterator<Item = &Arc<StoredPart>> {
        let latest = self.latest.iter().map(|latest| &latest.part);
        self.parts.iter().chain(latest)
    }

    /// Returns a part by the numbers of the table's series; one that was written while the table got a
    /// fresh index has those of the old one.
    fn numbered(&self, part: &Arc<StoredPart>) -> Arc<StoredPart> {
        match part.is_numbered_by(&self.series) {
            true => Arc::clone(part),
            false => Arc::new(part.numbered_by(&self.series)),
        }
    }

    /// Forgets the tombstones that no row is left for.
    pub(crate) fn forget_tombstones(&mut self) {
        if self.tombstones.is_empty() {
            return;
        }
        let needed = self
            .tombstones
            .iter()
            .filter(|t| self.is_needed(t))
            .cloned();
        self.tombstones = needed.collect();
    }

    /// Tells whether rows may be hidden by a tombstone.
    pub(crate) fn has_deletions(&self) -> bool {
        self.tombstones.iter().any(|t| self.is_needed(t))
    }

    /// Tells whether a tombstone is for any part or chunk.
    fn is_needed(&self, tombstone: &Tombstone) -> bool {
        let mut parts = self.parts.iter();
        parts.any(|part| tombstone.is_for_part(part.meta()))
            || self.chunks().any(|chunk| tombstone.is_for_chunk(chunk))
    }

    /// Adds parts and leaves others out.
    pub(crate) fn replace_parts(&mut self, added: &[Arc<StoredPart>], removed: &[Arc<StoredPart>]) {
        let is_gone =
            |part: &Arc<StoredPart>| removed.iter().any(|gone| gone.meta().id == part.meta().id);
        let numbered: Vec<_> = added.iter().map(|part| self.numbered(part)).collect();
        let parts = Arc::make_mut(&mut self.parts);
        parts.retain(|part| !is_gone(part));
        parts.extend(numbered);
        parts.sort_by_key(|part| (part.meta().first_lsn, part.meta().id));
    }
}

/// Tells whether rows of these times may lie in a range.
fn overlaps(range: &TimeRange, min: i64, max: i64) -> bool {
    min < range.end.nanos() && range.start.nanos() <= max
}
