//! A latest part for a table that has none, by a search of all of its parts.

use std::sync::Arc;

use super::newest::{Search, newest};
use super::{Written, known};
use crate::merge::Source;
use crate::state::{Shelf, StoredPart, TableState};
use crate::store::Stored;
use crate::{Error, Settings};

/// Writes the latest part of a table that has parts and no deletions.
///
/// Opens some parts at a time, in the order of the log, and reads the last page of times of each run.
///
/// # Errors
/// [`Error::Io`], and [`Error::Closing`] from `pace`, which is asked before each of these steps.
pub(crate) fn renewed(
    table: &TableState,
    now: schema::Timestamp,
    (shelf, settings): (&Shelf, &Settings),
    pace: &dyn Fn() -> Result<(), Error>,
) -> Result<Option<Stored>, Error> {
    let mut found = None;
    for parts in table.parts.chunks(PARTS_AT_ONCE) {
        pace()?;
        let rows = step(table, found.take(), parts, settings);
        let Some(rows) = known(table, rows) else {
            return Ok(None);
        };
        found = Some(rows);
    }
    let Some(rows) = found else {
        return Ok(None);
    };
    let metas = || table.parts.iter().map(|part| part.meta());
    let place = Written {
        committed: metas().map(|meta| meta.committed).max().unwrap_or(now),
        deletes_lsn: metas()
            .map(|meta| meta.deletes_lsn)
            .max()
            .unwrap_or_default(),
    };
    place.write(table, rows, shelf)
}

/// Returns the newest rows of what was found before and of some more parts.
fn step(
    table: &TableState,
    before: Option<crate::memtable::Chunk>,
    parts: &[Arc<StoredPart>],
    settings: &Settings,
) -> Result<crate::memtable::Chunk, Error> {
    let mut sources: Vec<Source> = before
        .map(|rows| Source::Chunk(Arc::new(rows)))
        .into_iter()
        .collect();
    for part in parts {
        sources.push(Source::Part(Arc::new(part.open()?)));
    }
    newest(&Search::of_parts(table, settings), sources.into())
}

/// E-3: so many footers are held at once.
const PARTS_AT_ONCE: usize = 16;
