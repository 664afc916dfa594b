//! The newest row of every series.
//!
//! ```text
//!   flush ─ newest(latest part, frozen chunks) ─▶ next latest part, named by the manifest of the flush
//!   latest() ─ newest(latest part, chunks in memory) ─▶ a table of these rows
//! ```
//!
//! A table's latest part has the newest row of each series that its parts have, and is a part like any
//! other, beside them. A flush writes the next one out of the present one and what it flushes, so that
//! nothing is done when rows are written; a merge of parts changes nothing; where retention drops parts,
//! what they had is looked for in those that stay ([`without`]). After a deletion it is *stale*, since the
//! row before the newest is unknown, and it counts only in the mode that it was made in: parts are searched
//! then, until a compaction has made the deletion real and has found the newest rows anew ([`Renewal`]).
//!
//! It is derived: where it is damaged or does not fit its memory, the parts are searched.
//!
//! What the manifest names was made of the parts that it names, in the mode that its catalogue has, and no
//! tombstone was for any of them. So whoever writes one has the turn to flush, and the manifest refuses one
//! that was made from another than the present one.

mod newest;
mod next;
mod renewal;
mod written;

use std::sync::Arc;

use schema::{Lsn, Timestamp};
use tracing::warn;

pub(crate) use newest::Hold;
pub(crate) use next::NextLatest;
pub(crate) use renewal::Renewal;
pub(crate) use written::{flushed, without};

use self::newest::{Search, newest};
use crate::Error;
use crate::memtable::{Chunk, MemTable};
use crate::merge::{Mode, Source};
use crate::state::{StoredPart, TableState};
use crate::tombstone::Deletions;

/// A table's latest part.
#[derive(Debug, Clone)]
pub(crate) struct Latest {
    pub(crate) part: Arc<StoredPart>,
    /// How rows of equal time were read when it was made: it says nothing of the other mode.
    pub(crate) mode: Mode,
    /// Whether rows were deleted since: it is only kept for the manifest that names it.
    pub(crate) is_stale: bool,
}

impl TableState {
    /// Returns a table that has just the newest row of every series, in memory.
    ///
    /// # Errors
    /// Those of reading parts; what `hold` refuses.
    pub(crate) fn latest(&self, hold: &Hold<'_>) -> Result<Self, Error> {
        let kept = self.current_latest().map(|part| {
            let sources = vec![opened(part)?];
            self.newest_with(sources, hold)
        });
        let rows = match kept {
            Some(Err(error)) if is_of_disk(&error) => {
                warn!(table = self.definition.name, %error, "the newest rows are searched in all parts");
                self.searched(hold)?
            }
            Some(outcome) => outcome?,
            None => self.searched(hold)?,
        };
        Ok(Self {
            parts: Arc::default(),
            frozen: None,
            active: Arc::new(MemTable::of(rows)),
            tombstones: Arc::default(),
            latest: None,
            ..self.clone()
        })
    }

    /// Returns the latest part, if it is what it says.
    pub(crate) fn current_latest(&self) -> Option<&Arc<StoredPart>> {
        self.latest_in(self.mode())
    }

    /// Returns the latest part, if it is what it says where rows are read in this mode.
    fn latest_in(&self, mode: Mode) -> Option<&Arc<StoredPart>> {
        let latest = self.latest.as_ref()?;
        let is_current = !latest.is_stale && latest.mode == mode;
        (is_current && !latest.part.is_damaged()).then_some(&latest.part)
    }

    /// Returns the newest rows of all parts and of the chunks in memory.
    fn searched(&self, hold: &Hold<'_>) -> Result<Chunk, Error> {
        let mut found: Option<Arc<Chunk>> = None;
        for parts in self.parts.chunks(PARTS_AT_ONCE) {
            let before = found.take();
            let held = bytes_of(before.as_ref());
            let before = before.into_iter().map(Source::Chunk).map(Ok);
            let sources = before.chain(parts.iter().map(opened));
            let search = self.search(sources.collect::<Result<_, _>>()?);
            found = Some(Arc::new(search.run(&|bytes| hold(held + bytes))?));
        }
        let held = bytes_of(found.as_ref());
        let found = found.into_iter().map(Source::Chunk).collect();
        self.newest_with(found, &|bytes| hold(held + bytes))
    }

    /// Returns the newest rows of what was found in parts and of the chunks in memory.
    fn newest_with(&self, mut sources: Vec<Source>, hold: &Hold<'_>) -> Result<Chunk, Error> {
        sources.extend(self.chunks().map(|chunk| Source::Chunk(Arc::clone(chunk))));
        self.search(sources).run(hold)
    }

    fn search(&self, sources: Vec<Source>) -> Search<'_> {
        Search {
            table: self,
            mode: self.mode(),
            // What was found before is of rows that stay, and no tombstone that is for all of it hides one.
            deletions: Deletions::below(Lsn::MAX, self, &sources),
            from: Timestamp::MIN,
            sources: sources.into(),
        }
    }
}

impl Search<'_> {
    fn run(self, hold: &Hold<'_>) -> Result<Chunk, Error> {
        newest(&self, hold)
    }
}

fn bytes_of(rows: Option<&Arc<Chunk>>) -> u64 {
    rows.map_or(0, |rows| rows.bytes as u64)
}

fn opened(part: &Arc<StoredPart>) -> Result<Source, Error> {
    Ok(Source::Part(Arc::new(part.open_for_query()?)))
}

/// Tells whether a part could not be read: all others may be.
const fn is_of_disk(error: &Error) -> bool {
    matches!(
        error,
        Error::Corrupt { .. } | Error::Seal { .. } | Error::Io { .. }
    )
}

/// E-3: so many footers are held at once by a search of all parts.
const PARTS_AT_ONCE: usize = 16;
