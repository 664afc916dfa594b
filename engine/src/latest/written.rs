//! The next latest part, out of the present one.

use std::sync::Arc;

use schema::Timestamp;
use tracing::warn;

use super::newest::{Search, newest};
use super::next::Place;
use super::{NextLatest, PARTS_AT_ONCE, bytes_of};
use crate::manifest::FlushPoint;
use crate::memtable::Chunk;
use crate::merge::{Mode, Source};
use crate::part::PartId;
use crate::state::{Shelf, StoredPart, TableState};
use crate::tombstone::Deletions;
use crate::{Error, Settings};

/// Writes the latest part of a table whose frozen rows are flushed; none where it cannot be known without
/// a search.
///
/// # Errors
/// [`Error::Io`].
pub(crate) fn flushed(
    table: &TableState,
    point: &FlushPoint,
    shelf: &Shelf,
    settings: &Settings,
) -> Result<NextLatest, Error> {
    // A change of the mode behind the point is not in the manifest yet.
    let mode = point.mode(table);
    let present = table.latest_in(mode);
    let is_known = table.parts.is_empty() || present.is_some();
    if !is_known || table.has_deletions() {
        return Ok(NextLatest::none(table));
    }
    let sources = || {
        let mut sources = Vec::new();
        if let Some(part) = present {
            sources.push(Source::Part(Arc::new(part.open()?)));
        }
        let frozen = table.frozen.iter().flat_map(|frozen| frozen.chunks());
        sources.extend(frozen.map(|chunk| Source::Chunk(Arc::clone(chunk))));
        Ok(sources)
    };
    let found = sources().and_then(|sources| stored(table, mode, sources, settings));
    let place = Place {
        mode,
        committed: point.time,
        deletes_lsn: point.end,
    };
    match known(table, found) {
        Some(rows) => NextLatest::write(table, rows, place, shelf),
        None => Ok(NextLatest::none(table)),
    }
}

/// Writes the latest part of a table some of whose parts go; nothing where it stays as it is.
///
/// Rows that are later than all that goes are the newest still; what else there is is looked for in the
/// parts that stay and begin before.
///
/// # Errors
/// [`Error::Io`].
pub(crate) fn without(
    table: &TableState,
    gone: &[PartId],
    shelf: &Shelf,
    settings: &Settings,
) -> Result<Option<NextLatest>, Error> {
    let Some(present) = table.current_latest() else {
        return Ok(Some(NextLatest::none(table)));
    };
    let is_gone = |part: &&Arc<StoredPart>| gone.contains(&part.meta().id);
    let ends = table
        .parts
        .iter()
        .filter(is_gone)
        .map(|p| p.meta().time_max);
    let Some(end) = ends.max().filter(|end| present.meta().time_min <= *end) else {
        return Ok(None);
    };
    let stays = |part: &&Arc<StoredPart>| !is_gone(part) && part.meta().time_min <= end;
    let beside: Vec<&Arc<StoredPart>> = table.parts.iter().filter(stays).collect();
    let found = searched(table, table.mode(), None, &beside, settings);
    let found = found.and_then(|beside| later(table, (present, end), beside, settings));
    let place = Place {
        mode: table.mode(),
        committed: present.meta().committed,
        deletes_lsn: present.meta().deletes_lsn,
    };
    match known(table, found) {
        Some(rows) => NextLatest::write(table, rows, place, shelf).map(Some),
        None => Ok(Some(NextLatest::none(table))),
    }
}

/// Returns the newest of the rows that were found and of those of a latest part that are later than a
/// moment; of one time the latter are the last, since all parts were merged in them.
fn later(
    table: &TableState,
    (present, end): (&Arc<StoredPart>, Timestamp),
    found: Option<Arc<Chunk>>,
    settings: &Settings,
) -> Result<Chunk, Error> {
    let held = bytes_of(found.as_ref());
    let hold = |bytes: u64| room(settings, held + bytes);
    let search = Search {
        from: Timestamp::from_nanos(end.nanos().saturating_add(1)),
        ..Search::of_parts(
            table,
            table.mode(),
            vec![Source::Part(Arc::new(present.open()?))],
        )
    };
    let kept = newest(&search, &hold)?;
    let sources = found.into_iter().chain([Arc::new(kept)]);
    let sources = sources.map(Source::Chunk).collect();
    newest(&Search::of_parts(table, table.mode(), sources), &hold)
}

/// Returns the newest rows of what was found before and of some more parts, in the order of the log.
pub(super) fn searched(
    table: &TableState,
    mode: Mode,
    before: Option<Arc<Chunk>>,
    parts: &[&Arc<StoredPart>],
    settings: &Settings,
) -> Result<Option<Arc<Chunk>>, Error> {
    let mut found = before;
    for parts in parts.chunks(PARTS_AT_ONCE) {
        let before = found.take();
        let held = bytes_of(before.as_ref());
        let mut sources: Vec<Source> = before.into_iter().map(Source::Chunk).collect();
        for part in parts {
            sources.push(Source::Part(Arc::new(part.open()?)));
        }
        let search = Search::of_parts(table, mode, sources);
        found = Some(Arc::new(newest(&search, &|bytes| {
            room(settings, held + bytes)
        })?));
    }
    Ok(found)
}

fn stored(
    table: &TableState,
    mode: Mode,
    sources: Vec<Source>,
    settings: &Settings,
) -> Result<Chunk, Error> {
    newest(&Search::of_parts(table, mode, sources), &|bytes| {
        room(settings, bytes)
    })
}

impl<'a> Search<'a> {
    /// Returns a search for what a latest part is to have, of a table without deletions.
    fn of_parts(table: &'a TableState, mode: Mode, sources: Vec<Source>) -> Self {
        Self {
            table,
            mode,
            deletions: Deletions::default(),
            from: Timestamp::MIN,
            sources: sources.into(),
        }
    }
}

/// E-3: checks that newest rows of so many bytes may be held while they are written.
fn room(settings: &Settings, bytes: u64) -> Result<(), Error> {
    let limit = settings.shares.index_bytes_max / SHARE_OF_INDEX;
    match bytes <= limit {
        true => Ok(()),
        false => Err(Error::Limit {
            what: "bytes of newest rows, which follow from memory_bytes_max",
            limit,
        }),
    }
}

/// Returns the rows; nothing, and says so, where they cannot be read or are too many: a flush must not wait
/// for what only saves a search.
fn known<T>(table: &TableState, found: Result<T, Error>) -> Option<T> {
    let unknown = |error: &Error| {
        warn!(table = table.definition.name, %error, "the newest rows are not kept");
    };
    found.inspect_err(unknown).ok()
}

/// Of the memory for series, what their newest rows may take while they are written.
const SHARE_OF_INDEX: u64 = 4;
