//! The newest row of every series.
//!
//! ```text
//!   flush ─ newest(latest part, frozen chunks) ─▶ next latest part, named by the manifest of the flush
//!   latest() ─ newest(latest part, chunks in memory) ─▶ a table of these rows
//! ```
//!
//! A table's latest part has the newest row of each series that its parts have, and is a part like any
//! other, beside them. A flush writes the next one out of the present one and what it flushes, so that
//! nothing is done when rows are written; a merge of parts changes nothing; retention takes out the rows
//! that are too old. After a deletion it is *stale*, since the row before the newest is unknown: parts
//! are searched then, until a compaction has made the deletion real and has [`renewed`] it.
//!
//! It is derived: where it is damaged or does not fit its memory, the parts are searched.

mod newest;
mod renewed;

use std::sync::Arc;

use schema::{Lsn, TimeRange, Timestamp};
use tracing::warn;

pub(crate) use renewed::renewed;

use self::newest::{Search, newest};
use crate::manifest::FlushPoint;
use crate::memtable::{Chunk, MemTable};
use crate::merge::Source;
use crate::part::Heat;
use crate::state::{Shelf, StoredPart, TableState};
use crate::store::{Contents, Stored, store_part};
use crate::tombstone::Deletions;
use crate::{Error, Settings};

/// A table's latest part.
#[derive(Debug, Clone)]
pub(crate) struct Latest {
    pub(crate) part: Arc<StoredPart>,
    /// Whether rows were deleted since: it is only kept for the manifest that names it.
    pub(crate) is_stale: bool,
}

impl TableState {
    /// Returns a table that has just the newest row of every series, in memory.
    ///
    /// # Errors
    /// Those of reading parts; [`Error::Limit`] for rows of more than these bytes.
    pub(crate) fn latest(&self, bytes_max: u64) -> Result<Self, Error> {
        let rows = match self.current_latest() {
            Some(part) => {
                match opened(part).and_then(|part| self.newest_with(vec![part], bytes_max)) {
                    Err(error) if !matches!(error, Error::Limit { .. }) => {
                        warn!(table = self.definition.name, %error, "the newest rows are searched in all parts");
                        self.newest_with(self.all_parts()?, bytes_max)?
                    }
                    outcome => outcome?,
                }
            }
            None => self.newest_with(self.all_parts()?, bytes_max)?,
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
        let latest = self.latest.as_ref().filter(|latest| !latest.is_stale)?;
        Some(&latest.part)
    }

    /// Returns the newest rows of what is stored and of the chunks in memory.
    fn newest_with(&self, stored: Vec<Source>, bytes_max: u64) -> Result<Chunk, Error> {
        let mut sources = stored;
        sources.extend(self.chunks().map(|chunk| Source::Chunk(Arc::clone(chunk))));
        let deletions = Deletions::below(Lsn::MAX, self, &sources);
        let search = Search {
            table: self,
            deletions,
            from: Timestamp::MIN,
            bytes_max,
        };
        newest(&search, sources.into())
    }

    fn all_parts(&self) -> Result<Vec<Source>, Error> {
        self.parts.iter().map(opened).collect()
    }
}

fn opened(part: &Arc<StoredPart>) -> Result<Source, Error> {
    Ok(Source::Part(Arc::new(part.open_for_query()?)))
}

/// Writes the latest part of a table whose frozen rows are flushed; nothing where it cannot be known
/// without a search.
///
/// # Errors
/// [`Error::Io`].
pub(crate) fn flushed(
    table: &TableState,
    point: &FlushPoint,
    shelf: &Shelf,
    settings: &Settings,
) -> Result<Option<Stored>, Error> {
    let is_known = table.parts.is_empty() || table.current_latest().is_some();
    if !is_known || table.has_deletions() {
        return Ok(None);
    }
    let sources = || {
        let mut sources = Vec::new();
        if let Some(part) = table.current_latest() {
            sources.push(Source::Part(Arc::new(part.open()?)));
        }
        let frozen = table.frozen.iter().flat_map(|frozen| frozen.chunks());
        sources.extend(frozen.map(|chunk| Source::Chunk(Arc::clone(chunk))));
        Ok(sources)
    };
    let found =
        sources().and_then(|sources| newest(&Search::of_parts(table, settings), sources.into()));
    let place = Written {
        committed: point.time,
        deletes_lsn: point.end,
    };
    match known(table, found) {
        Some(rows) => place.write(table, rows, shelf),
        None => Ok(None),
    }
}

/// Writes the latest part of a table without the rows that are past its retention.
///
/// # Errors
/// [`Error::Io`].
pub(crate) fn aged(
    table: &TableState,
    now: Timestamp,
    shelf: &Shelf,
    settings: &Settings,
) -> Result<Option<Stored>, Error> {
    let Some(part) = table.current_latest() else {
        return Ok(None);
    };
    let meta = part.meta();
    let place = Written {
        committed: meta.committed,
        deletes_lsn: meta.deletes_lsn,
    };
    let found = part.open().and_then(|part| {
        let search = Search::of_parts(table, settings).kept_at(now);
        newest(&search, [Source::Part(Arc::new(part))].into())
    });
    match known(table, found) {
        Some(rows) => place.write(table, rows, shelf),
        None => Ok(None),
    }
}

/// Returns the rows; nothing, and says so, where they cannot be read or are too many: a flush must not wait
/// for what only saves a search.
fn known(table: &TableState, found: Result<Chunk, Error>) -> Option<Chunk> {
    let unknown = |error: &Error| {
        warn!(table = table.definition.name, %error, "the newest rows are not kept");
    };
    found.inspect_err(unknown).ok()
}

/// What is noted of a latest part besides its rows.
#[derive(Debug, Clone, Copy)]
struct Written {
    committed: Timestamp,
    deletes_lsn: Lsn,
}

impl Written {
    fn write(
        self,
        table: &TableState,
        rows: Chunk,
        shelf: &Shelf,
    ) -> Result<Option<Stored>, Error> {
        let contents = Contents {
            table,
            sources: [Source::Chunk(Arc::new(rows))].into(),
            window: TimeRange::ALL,
            level: 0,
            heat: Heat::Hot,
            committed: self.committed,
            deletes_lsn: self.deletes_lsn,
            pages_max: 0,
        };
        store_part(shelf, &contents, &|| Ok(()))
    }
}

/// Of the memory for series, what their newest rows may take while they are written.
const SHARE_OF_INDEX: u64 = 4;
