//! One table at one moment.

use std::sync::Arc;

use schema::TableDefinition;

use super::StoredPart;
use crate::memtable::{Chunk, MemTable};
use crate::merge::{Mode, Source};
use crate::series::SeriesIndex;

/// The rows of a table, wherever they are.
#[derive(Debug, Clone)]
pub(crate) struct TableState {
    /// Its columns and mode.
    pub(crate) definition: Arc<TableDefinition>,
    /// Its series; shared by all states.
    pub(crate) series: Arc<SeriesIndex>,
    /// Its parts, by their first record.
    pub(crate) parts: Vec<Arc<StoredPart>>,
    /// The memtable that is being flushed.
    pub(crate) frozen: Option<Arc<MemTable>>,
    /// The memtable that is being filled.
    pub(crate) active: Arc<MemTable>,
}

impl TableState {
    /// Returns a table without rows.
    pub(crate) fn new(definition: Arc<TableDefinition>) -> Self {
        Self {
            definition,
            series: Arc::default(),
            parts: Vec::new(),
            frozen: None,
            active: Arc::default(),
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

    /// Returns everything that has rows, in the order of the log.
    ///
    /// Parts come first: E-1, no part has rows of a record that a memtable still has.
    pub(crate) fn sources(&self) -> impl Iterator<Item = Source> {
        let parts = self.parts.iter().map(|part| Source::Part(Arc::clone(part)));
        parts.chain(self.chunks().map(|chunk| Source::Chunk(Arc::clone(chunk))))
    }

    /// Returns the bytes of the rows in memory.
    pub(crate) fn memtable_bytes(&self) -> usize {
        self.frozen.as_ref().map_or(0, |frozen| frozen.bytes()) + self.active.bytes()
    }

    /// Returns the number of rows in memory, overwritten ones included.
    pub(crate) fn memtable_rows(&self) -> usize {
        self.frozen.as_ref().map_or(0, |frozen| frozen.rows()) + self.active.rows()
    }

    /// Adds parts and leaves others out.
    pub(crate) fn replace_parts(&mut self, added: &[Arc<StoredPart>], removed: &[Arc<StoredPart>]) {
        let is_gone =
            |part: &Arc<StoredPart>| removed.iter().any(|gone| gone.meta().id == part.meta().id);
        self.parts.retain(|part| !is_gone(part));
        // A part that was written while the table got a fresh index has numbers of the old one.
        let numbered = added
            .iter()
            .map(|part| match part.is_numbered_by(&self.series) {
                true => Arc::clone(part),
                false => Arc::new(part.numbered_by(&self.series)),
            });
        self.parts.extend(numbered);
        self.parts
            .sort_by_key(|part| (part.meta().first_lsn, part.meta().id));
    }
}
