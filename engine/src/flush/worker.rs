//! Carrying a flush out.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use platform::FailPoint;
use tracing::{debug, warn};

use super::policy::due;
use super::windows_of;
use crate::Error;
use crate::Settings;
use crate::latest::{self, NextLatest};
use crate::manifest::{Edit, FlushPoint, Manifest};
use crate::memtable::MemTable;
use crate::merge::Source;
use crate::part::Heat;
use crate::state::{Shelf, State, StoredPart, TableState};
use crate::store::{Contents, Store, Stored, store_part};

/// A flush that began: what it will have made durable.
#[derive(Debug, Clone)]
pub(crate) struct Begun {
    point: FlushPoint,
}

/// Flushes when it is due, until the store closes.
pub(crate) fn run(store: &Store) {
    // Failing costs nobody but the disk; the pause keeps the log from being filled with complaints.
    if let Err(error) = platform::lower_thread_priority(MAINTENANCE_NICE) {
        debug!(%error, "the flush keeps its priority");
    }
    while !store.is_closing() {
        store.flush_bell.wait(LOOK_EVERY);
        if store.is_closing() || due(store).is_none() {
            continue;
        }
        match flush(store) {
            Ok(()) => store.compact_bell.ring(),
            Err(error) => {
                store.metrics.flush_failures.inc();
                warn!(%error, "a flush failed and will be tried again");
                store.flush_bell.wait(RETRY_AFTER);
            }
        }
    }
}

/// Makes parts of all rows that are visible now; returns when they are published.
///
/// # Errors
/// [`Error::Io`]; nothing is lost, and the next flush goes on.
pub(crate) fn flush(store: &Store) -> Result<(), Error> {
    let mut turn = store.flushing.lock();
    if let Some(begun) = turn.clone() {
        // An earlier one failed: its rows are older than those that are visible now.
        finish(store, &begun)?;
        *turn = None;
    }
    let Some(begun) = freeze(store) else {
        return Ok(());
    };
    *turn = Some(begun.clone());
    store.environment.disk.pass(FailPoint::FlushFrozen);
    finish(store, &begun)?;
    *turn = None;
    Ok(())
}

/// Writes and publishes what was frozen.
fn finish(store: &Store, begun: &Begun) -> Result<(), Error> {
    let state = store.state.load();
    let written = write_tables(&state, &begun.point, &store.shelf, &store.settings)?;
    let rows = written.rows();
    let disk = &store.environment.disk;
    if let Err(source) = disk.reach(FailPoint::FlushWritten) {
        written.mark_obsolete();
        return Err(Error::io(store.shelf.environment.dir.as_path(), source));
    }
    publish(store, begun, written)?;
    disk.pass(FailPoint::FlushRetired);
    store.metrics.flushes.inc();
    store.metrics.flushed_rows.inc_by(rows);
    debug!(rows, lsn = %begun.point.end, "flushed");
    // W-6: only what is in the manifest on disk is let go of, and holds are respected by the log.
    if let Err(error) = store.log.release_before(begun.point.end) {
        warn!(%error, "segments behind the flush stay for now");
    }
    Ok(())
}

/// Freezes the active memtables; nothing if nothing was applied since the last flush.
fn freeze(store: &Store) -> Option<Begun> {
    let mut writer = store.state.write();
    let mut next = writer.next();
    if next.applied_end == next.flushed_lsn {
        return None;
    }
    let now = store.environment.clock.monotonic();
    writer.windows().expire(next.applied_time, &store.dedup);
    let point = FlushPoint::of(&next, writer.windows());
    freeze_tables(&mut next);
    store.pressure.measure(&next, now);
    writer.publish(next);
    Some(Begun { point })
}

/// Turns the active memtables of a state into frozen ones.
pub(crate) fn freeze_tables(state: &mut State) {
    for table in state
        .tables
        .values_mut()
        .filter(|table| !table.active.is_empty())
    {
        let table = Arc::make_mut(table);
        table.frozen = Some(std::mem::replace(
            &mut table.active,
            Arc::new(MemTable::default()),
        ));
    }
}

/// What a flush has written and not published yet.
#[derive(Debug, Default)]
pub(crate) struct Written {
    parts: Vec<Stored>,
    /// The latest part of each table whose rows these are.
    latest: BTreeMap<String, NextLatest>,
}

impl Written {
    /// Returns the edit that publishes it.
    pub(crate) fn edit(&self, point: FlushPoint) -> Edit {
        let added = self.parts.iter().map(|stored| stored.entry.clone());
        let latest = self.latest.iter();
        Edit::Flush {
            added: added.collect(),
            latest: latest
                .map(|(table, next)| (table.clone(), next.change()))
                .collect(),
            point: Box::new(point),
        }
    }

    fn rows(&self) -> u64 {
        self.parts.iter().map(|stored| stored.entry.meta.rows).sum()
    }

    /// Says that no manifest will name it.
    fn mark_obsolete(&self) {
        let parts = self.parts.iter();
        parts.for_each(|stored| stored.part.mark_obsolete());
        self.latest.values().for_each(NextLatest::mark_obsolete);
    }
}

/// Writes the frozen memtables of a state, which end at a point, as parts.
///
/// # Errors
/// [`Error::Io`]; no part is left then.
pub(crate) fn write_tables(
    state: &State,
    point: &FlushPoint,
    shelf: &Shelf,
    settings: &Settings,
) -> Result<Written, Error> {
    let mut written = Written::default();
    for table in state.tables.values() {
        let outcome = write_table(table, point, shelf, settings, &mut written);
        if let Err(error) = outcome {
            written.mark_obsolete();
            return Err(error);
        }
    }
    Ok(written)
}

fn write_table(
    table: &TableState,
    point: &FlushPoint,
    shelf: &Shelf,
    settings: &Settings,
    written: &mut Written,
) -> Result<(), Error> {
    let Some(frozen) = &table.frozen else {
        return Ok(());
    };
    // A restore to a moment between the point and a change of the mode needs the rows that this one keeps.
    let mode = point.mode(table).or(table.mode());
    for window in windows_of(frozen.chunks(), settings) {
        let within = |chunk: &&Arc<crate::memtable::Chunk>| {
            chunk.time_min < window.end.nanos() && window.start.nanos() <= chunk.time_max
        };
        let chunks = frozen.chunks().filter(within);
        let contents = Contents {
            table,
            mode,
            sources: chunks
                .map(|chunk| Source::Chunk(Arc::clone(chunk)))
                .collect(),
            window,
            level: 0,
            heat: Heat::Hot,
            committed: point.time,
            deletes_lsn: point.end,
            pages_max: 0,
        };
        written
            .parts
            .extend(store_part(shelf, &contents, &|| Ok(()))?);
    }
    let latest = latest::flushed(table, point, shelf, settings)?;
    written.latest.insert(table.definition.name.clone(), latest);
    Ok(())
}

/// Puts parts in the place of the memtables that they were written from.
fn publish(store: &Store, begun: &Begun, written: Written) -> Result<(), Error> {
    let mut manifest = store.manifest.lock();
    manifest.edit(written.edit(begun.point.clone()), || {
        written.mark_obsolete();
    })?;
    store.environment.disk.pass(FailPoint::FlushPublished);
    let writer = store.state.write();
    let mut next = writer.next();
    let removed = retire(&mut next, written, &manifest.present().manifest);
    store
        .pressure
        .measure(&next, store.environment.clock.monotonic());
    writer.publish(next);
    // E-2: the files go when the last view or backup that has them is gone.
    removed.iter().for_each(|part| part.mark_obsolete());
    Ok(())
}

/// E-1: in one state, frozen memtables go and the parts with their rows come, as the manifest has them.
/// Returns the latest parts that it does not name any more.
pub(crate) fn retire(
    state: &mut State,
    written: Written,
    manifest: &Manifest,
) -> Vec<Arc<StoredPart>> {
    for table in state
        .tables
        .values_mut()
        .filter(|table| table.frozen.is_some())
    {
        Arc::make_mut(table).frozen = None;
    }
    for stored in written.parts {
        if let Some(table) = state.table_mut(&stored.entry.meta.table) {
            table.replace_parts(&[stored.part], &[]);
        }
    }
    let deleted = state.tables.values_mut();
    for table in deleted.filter(|table| !table.tombstones.is_empty()) {
        Arc::make_mut(table).forget_tombstones();
    }
    let mut removed = Vec::new();
    for (name, next) in written.latest {
        if let Some(table) = state.table_mut(&name) {
            removed.extend(table.put_latest(next.into_latest()));
        }
    }
    let with_latest = state.tables.values_mut();
    for table in with_latest.filter(|table| table.latest.is_some()) {
        let named = manifest.latest.get(&table.definition.name);
        if table.latest_id() != named.map(|entry| entry.meta.id) {
            removed.extend(Arc::make_mut(table).drop_latest());
        }
    }
    state.flushed_lsn = manifest.flushed_lsn;
    removed
}

const MAINTENANCE_NICE: i32 = 5;
const LOOK_EVERY: Duration = Duration::from_secs(1);
const RETRY_AFTER: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use platform::{Fault, Operation, Rule, UnixNanos};
    use schema::Span;

    use super::{due, flush, freeze, publish, write_tables};
    use crate::Settings;
    use crate::compaction::compact;
    use crate::flush::Reason;
    use crate::store::{Bare, NOW};

    /// What a failed flush has frozen is in no active memtable, whose bytes and age make flushes due.
    #[test]
    fn a_flush_that_failed_stays_due_until_it_is_made_up_for() {
        let bare = Bare::open(Settings::default());
        bare.write(NOW).unwrap();
        assert_eq!(due(&bare.store), None);
        for place in ["/data/parts", "/data/manifest"] {
            bare.disk
                .inject(Rule::new(Operation::Create, Fault::NoSpace).under(place));
            assert!(flush(&bare.store).is_err());
            assert_eq!(due(&bare.store), Some(Reason::Unfinished));
            assert_eq!(
                bare.files("parts"),
                0,
                "no part stays that no manifest names"
            );
            bare.disk.clear_rules();
        }
        flush(&bare.store).unwrap();
        assert_eq!((due(&bare.store), bare.files("parts")), (None, 1));
    }

    /// The turn keeps them apart; should it ever not, the manifest does.
    #[test]
    fn newest_rows_that_an_expiry_has_removed_are_not_published_by_a_flush_that_began_before() {
        let (bare, day) = (Bare::open(Settings::default()), 86_400_000_000_000);
        bare.write(NOW).unwrap();
        bare.retain("cpu", Span::from_days(30));
        flush(&bare.store).unwrap();
        // The row comes late, and is not the newest before the other is gone.
        bare.write(NOW - day).unwrap();
        let store = &bare.store;
        let begun = freeze(store).unwrap();
        let state = store.state.load();
        let written = write_tables(&state, &begun.point, &store.shelf, &store.settings).unwrap();
        bare.clock.set(UnixNanos(NOW + 31 * day));
        compact(store).unwrap();
        publish(store, &begun, written).unwrap_err();
        flush(store).unwrap();
        let state = store.state.load();
        let table = state.table("cpu").unwrap();
        assert!(table.current_latest().is_some());
        let latest = table.latest(&|_| Ok(())).unwrap();
        assert_eq!(latest.extents().next().unwrap().times.1, NOW - day);
    }
}
