//! Rows that are durable in the log but not yet in a part.
//!
//! ```text
//!   batch (tag tuples known) ─▶ Chunk (sorted; on the applier)
//!   MemTable: [ 64 batches ][ 8 batches ][ 8 ][ 1 ][ 1 ] …   eight chunks of a level become one
//! ```
//!
//! A memtable never changes: a batch makes a new one that shares the chunks of the old, so that a
//! view keeps what it has seen.

mod build;
mod chunk;
mod distances;
mod field;
mod merge;

use std::sync::Arc;

pub(crate) use build::chunk_of;
pub(crate) use chunk::{Chunk, ChunkRun};
pub(crate) use field::{ChunkField, Narrowed};
pub(crate) use merge::merge_chunks;

/// The rows of one table in memory, in chunks that follow each other in the log.
#[derive(Debug, Default, Clone)]
pub(crate) struct MemTable {
    chunks: Vec<Levelled>,
    /// So many chunks are merged with none that come later.
    closed: usize,
    bytes: usize,
    rows: usize,
}

/// A chunk and how often its rows were merged.
#[derive(Debug, Clone)]
struct Levelled {
    level: u8,
    chunk: Arc<Chunk>,
}

impl MemTable {
    /// Returns a memtable of one chunk.
    pub(crate) fn of(chunk: Chunk) -> Self {
        if chunk.rows() == 0 {
            return Self::default();
        }
        Self::default().with(chunk, |_| unreachable!("one chunk is not merged"))
    }

    /// Returns the chunks in the order of the log.
    pub(crate) fn chunks(&self) -> impl Iterator<Item = &Arc<Chunk>> + Clone {
        self.chunks.iter().map(|levelled| &levelled.chunk)
    }

    /// Tells whether there are no rows.
    pub(crate) fn is_empty(&self) -> bool {
        self.chunks.is_empty()
    }

    /// Returns the bytes that the rows take.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Returns the number of rows, overwritten ones included.
    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// Returns the memtable with one more chunk, merging those that have become many.
    ///
    /// # Panics
    /// W-2: when the chunk does not come after all others in the log.
    pub(crate) fn with(&self, chunk: Chunk, merge: impl Fn(&[Arc<Chunk>]) -> Chunk) -> Self {
        if let Some(last) = self.chunks.last() {
            crate::invariants::promise!(
                "W-2",
                last.chunk.last_lsn <= chunk.first_lsn,
                "a chunk of lsn {} comes after one of lsn {}",
                chunk.first_lsn,
                last.chunk.last_lsn
            );
        }
        let mut next = self.clone();
        let chunk = Arc::new(chunk);
        next.chunks.push(Levelled { level: 0, chunk });
        while let Some(full) = next.full_level() {
            let tail = next.chunks.split_off(full);
            let level = tail.first().map_or(0, |first| first.level) + 1;
            let sources: Vec<Arc<Chunk>> = tail.into_iter().map(|l| l.chunk).collect();
            let chunk = Arc::new(merge(&sources));
            next.chunks.push(Levelled { level, chunk });
        }
        next.bytes = next.chunks().map(|chunk| chunk.bytes).sum();
        next.rows = next.chunks().map(|chunk| chunk.rows()).sum();
        next
    }

    /// Returns the same rows, of which none of these chunks, nor of those before, is merged with any that
    /// comes later: a tombstone lies between.
    pub(crate) fn closed(&self, is_meant: impl Fn(&Chunk) -> bool) -> Self {
        let last = self
            .chunks()
            .enumerate()
            .filter(|(_, chunk)| is_meant(chunk));
        let closed = last.last().map_or(0, |(position, _)| position + 1);
        Self {
            closed: self.closed.max(closed),
            ..self.clone()
        }
    }

    /// Returns a memtable of other chunks in the place of these.
    pub(crate) fn map(&self, chunk: impl Fn(&Chunk) -> Chunk) -> Self {
        let chunks = self.chunks.iter().map(|levelled| Levelled {
            level: levelled.level,
            chunk: Arc::new(chunk(&levelled.chunk)),
        });
        Self {
            chunks: chunks.collect(),
            ..*self
        }
    }

    /// Returns where the last chunks begin, if there are enough of one level to be merged.
    fn full_level(&self) -> Option<usize> {
        let open = self.chunks.get(self.closed..).unwrap_or_default();
        let level = open.last()?.level;
        let equal = open.iter().rev().take_while(|l| l.level == level);
        // A longer merge would hold up the acks of batches that come behind it.
        let (mut count, mut bytes) = (0, 0);
        for levelled in equal {
            if bytes + levelled.chunk.bytes > CHUNK_BYTES_MAX {
                break;
            }
            (count, bytes) = (count + 1, bytes + levelled.chunk.bytes);
        }
        let is_worth_it = count >= FAN_IN || count > 1 && bytes >= CHUNK_BYTES_MAX / 2;
        is_worth_it.then_some(self.chunks.len() - count)
    }
}

/// Chunks that are merged into one, or fewer where they have half of the most bytes: more make writing
/// cheaper and reading dearer.
const FAN_IN: usize = 8;
/// The bytes of chunks that are merged into one: some hundred thousand rows, ten to twenty milliseconds.
const CHUNK_BYTES_MAX: usize = 4 << 20;

#[cfg(test)]
mod tests;
