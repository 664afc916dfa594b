//! Carrying compactions out, and what else is done to parts at rest.

use std::sync::Arc;
use std::time::Duration;

use platform::FailPoint;
use schema::Timestamp;
use tracing::{debug, warn};

use super::pace::give_way;
use super::policy::{Choice, Effort, Situation};
use super::publication::{Replaced, publish, with_ids};
use super::retention::ClockWatch;
use super::round::{Expiry, round};
use crate::Error;
use crate::manifest::Edit;
use crate::merge::Source;
use crate::part::{PartId, PartMeta};
use crate::state::{State, TableState};
use crate::store::{Contents, Store, Stored, store_part};
use crate::tombstone::Tombstone;

/// Compacts and expires by itself, until the store closes.
pub(crate) fn run(store: &Store) {
    if let Err(error) = platform::lower_thread_priority(COMPACTION_NICE) {
        debug!(%error, "the compaction keeps its priority");
    }
    let (mut done, mut watch) = (None, ClockWatch::default());
    while !store.is_closing() {
        store.compact_bell.wait(LOOK_EVERY);
        // Looking costs a pass over all parts: it is done after a flush, and as time goes by.
        let minutes = store.environment.now().nanos() / (60 * SECOND_NANOS);
        let occasion = (store.state.load().flushed_lsn, minutes / EVERY_MINUTES);
        if store.is_closing() || !store.settings.compaction.automatic || done == Some(occasion) {
            continue;
        }
        done = Some(occasion);
        if let Err(error) = turn(store, &mut watch)
            && !store.is_closing()
        {
            store.metrics.compaction_failures.inc();
            warn!(%error, "a compaction failed and will be tried again");
        }
    }
}

/// Drops what is expired and merges whatever can be merged; returns when there is no more to do.
///
/// # Errors
/// [`Error::Io`], [`Error::Corrupt`] for a part that does not read; others may be merged already.
pub(crate) fn compact(store: &Store) -> Result<(), Error> {
    // Somebody asked for it, and has looked at the clock.
    round(store, Effort::Full, Expiry::Due)
}

/// Does what is worth it by itself, and drops what is expired if the clock may be believed.
fn turn(store: &Store, watch: &mut ClockWatch) -> Result<(), Error> {
    let clock = &store.environment.clock;
    let expiry = if watch.look(store.environment.now(), clock.monotonic()) {
        Expiry::Due
    } else {
        Expiry::Held
    };
    round(store, Effort::Usual, expiry)
}

/// Asks the policy about a table.
pub(super) fn with_situation<T>(
    store: &Store,
    (state, table): (&State, &TableState),
    (effort, failed): (Effort, &[Choice]),
    ask: impl FnOnce(&Situation<'_>) -> T,
) -> T {
    let parts: Vec<&PartMeta> = table.parts.iter().map(|part| part.meta()).collect();
    let damaged = table.parts.iter().filter(|part| part.is_damaged());
    // Who asks for a merge is told what cannot be merged.
    let damaged = damaged.filter(|_| effort == Effort::Usual);
    let damaged: Vec<PartId> = damaged.map(|part| part.meta().id).collect();
    // A restore to before a tombstone that the manifest does not have needs the rows.
    let tombstones = table.tombstones.iter();
    let tombstones: Vec<&Tombstone> = tombstones.filter(|t| t.lsn < state.flushed_lsn).collect();
    ask(&Situation {
        parts: &parts,
        tombstones: &tombstones,
        is_crowded: state.tombstone_count() > u64::from(store.settings.tombstones_max) / 2,
        retention: table.definition.retention,
        parts_max: pages_max(store.settings.shares.compaction_bytes_max)
            / (table.definition.fields.len() + 1),
        settings: &store.settings,
        now: store.environment.now(),
        effort,
        damaged: &damaged,
        failed,
    })
}

/// Merges parts of a table, and leaves out what the tombstones of the manifest delete; `look` is called now
/// and then.
///
/// # Errors
/// [`Error::Io`]; [`Error::Corrupt`] for a page that does not read; [`Error::Closing`].
pub(super) fn merge(
    store: &Store,
    (state, table): (&State, &TableState),
    choice: &Choice,
    (effort, look): (Effort, &dyn Fn()),
) -> Result<(), Error> {
    let name = &table.definition.name;
    let mut removed = with_ids(table, &choice.parts);
    removed.sort_by_key(|part| (part.meta().first_lsn, part.meta().id));
    // A restore to before a change of the mode that the manifest does not have needs the rows that are kept.
    let flushed_mode = store.manifest.lock().present().manifest.mode(name);
    let contents = Contents {
        table,
        mode: flushed_mode.map_or(table.mode(), |mode| mode.or(table.mode())),
        sources: removed
            .iter()
            .map(|part| Ok(Source::Part(Arc::new(part.open()?))))
            .collect::<Result<_, Error>>()?,
        window: choice.window,
        level: choice.level,
        heat: choice.heat,
        committed: removed
            .iter()
            .map(|part| part.meta().committed)
            .max()
            .unwrap_or(Timestamp::MIN),
        deletes_lsn: state.flushed_lsn,
        pages_max: pages_max(store.settings.shares.compaction_bytes_max),
    };
    let pace = || {
        look();
        match effort {
            Effort::Usual => give_way(store),
            // Somebody waits for it.
            Effort::Full if store.is_closing() => Err(Error::Closing),
            Effort::Full => Ok(()),
        }
    };
    let stored = store_part(&store.shelf, &contents, &pace)?;
    let stored: Vec<Stored> = stored.into_iter().collect();
    let edit = Edit::Compact {
        removed: choice.parts.clone(),
        added: stored.iter().map(|stored| stored.entry.clone()).collect(),
    };
    let added: Vec<_> = stored
        .iter()
        .map(|stored| Arc::clone(&stored.part))
        .collect();
    let disk = &store.environment.disk;
    if let Err(source) = disk.reach(FailPoint::CompactionWritten) {
        added.iter().for_each(|part| part.mark_obsolete());
        return Err(Error::io(store.shelf.environment.dir.as_path(), source));
    }
    let published = FailPoint::CompactionPublished;
    let replaced = Replaced {
        added: &added,
        removed: &removed,
        latest: None,
    };
    publish(store, (name, edit), replaced, published)?;
    let bytes: u64 = removed.iter().map(|part| part.meta().bytes).sum();
    store.metrics.compactions.inc();
    store.metrics.compacted_bytes.inc_by(bytes);
    debug!(table = name, parts = removed.len(), bytes, "compacted");
    Ok(())
}

const SECOND_NANOS: i64 = 1_000_000_000;
const EVERY_MINUTES: i64 = 10;
const COMPACTION_NICE: i32 = 10;
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// E-3: returns how many pages a merge keeps open, of times and of fields so many each; a quarter of
/// its share is left for what it writes.
fn pages_max(bytes_max: u64) -> usize {
    let pages = bytes_max / 4 * 3 / 2 / PAGE_BYTES;
    usize::try_from(pages).unwrap_or(usize::MAX).max(PAGES_MIN)
}

/// A page of numbers, decoded.
const PAGE_BYTES: u64 = 64 << 10;
const PAGES_MIN: usize = 16;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use platform::{Clock, UnixNanos};
    use schema::Span;

    use super::{ClockWatch, compact, turn};
    use crate::Settings;
    use crate::compaction::behind::{Behind, Failed};
    use crate::flush::flush;
    use crate::store::{Bare, NOW};

    const DAY: i64 = 86_400_000_000_000;

    /// Returns a store with a part of rows of now, of a table that keeps them for thirty days.
    fn store() -> Bare {
        let bare = Bare::open(Settings::default());
        bare.write(NOW).unwrap();
        bare.retain("cpu", Span::from_days(30));
        flush(&bare.store).unwrap();
        bare
    }

    fn days_on(days: i64) -> UnixNanos {
        UnixNanos(NOW + days * DAY)
    }

    #[test]
    fn a_clock_that_jumps_expires_nothing_for_an_hour() {
        let (bare, mut watch) = (store(), ClockWatch::default());
        let mut parts_after = |step: Duration| {
            bare.clock.advance(step);
            turn(&bare.store, &mut watch).unwrap();
            bare.files("parts")
        };
        let minute = Duration::from_secs(60);
        assert_eq!(parts_after(minute), 1);
        assert_eq!(parts_after(minute), 1);
        bare.clock.set(days_on(365));
        assert_eq!(parts_after(minute), 1, "the clock jumped");
        assert_eq!(
            parts_after(minute),
            1,
            "it goes evenly, but may still be set right"
        );
        bare.clock.set(days_on(0));
        assert_eq!(parts_after(minute), 1, "it was set right");
        assert_eq!(parts_after(60 * minute), 1);
        assert_eq!(parts_after(Duration::from_secs(29 * 86_400)), 1);
        assert_eq!(
            parts_after(Duration::from_secs(86_400)),
            0,
            "time has passed"
        );
    }

    #[test]
    fn ingest_takes_turns_while_merges_wait_and_is_free_afterwards() {
        let bare = Bare::open(Settings::default());
        for _ in 0..48 {
            bare.write(NOW).unwrap();
            flush(&bare.store).unwrap();
        }
        let now = bare.clock.monotonic();
        let (behind, none) = (Behind::new(&bare.store), Failed::default());
        behind.look(&none);
        assert_eq!(bare.store.brake.merges_due(), 3);
        assert!(bare.store.brake.turn(1 << 20, now).is_zero());
        assert!(!bare.store.brake.turn(1 << 20, now).is_zero());
        // Before the next flush nothing changes, and afterwards it does.
        bare.write(NOW).unwrap();
        behind.look(&none);
        assert_eq!(bare.store.brake.merges_due(), 3);
        for _ in 0..16 {
            bare.write(NOW).unwrap();
            flush(&bare.store).unwrap();
        }
        behind.look(&none);
        assert_eq!(bare.store.brake.merges_due(), 4);
        drop(behind);
        turn(&bare.store, &mut ClockWatch::default()).unwrap();
        assert_eq!(bare.store.brake.merges_due(), 0);
        assert!(bare.store.brake.turn(1 << 20, now).is_zero());
    }

    #[test]
    fn a_jump_that_stands_is_believed_in_the_end() {
        let (bare, mut watch) = (store(), ClockWatch::default());
        for _ in 0..2 {
            turn(&bare.store, &mut watch).unwrap();
        }
        bare.clock.set(days_on(365));
        turn(&bare.store, &mut watch).unwrap();
        assert_eq!(bare.files("parts"), 1);
        bare.clock.advance(Duration::from_secs(3_600));
        turn(&bare.store, &mut watch).unwrap();
        assert_eq!(bare.files("parts"), 0);
    }

    #[test]
    fn after_a_start_the_second_look_counts_and_a_request_at_once() {
        let (bare, mut watch) = (store(), ClockWatch::default());
        bare.clock.set(days_on(31));
        turn(&bare.store, &mut watch).unwrap();
        assert_eq!(bare.files("parts"), 1);
        turn(&bare.store, &mut watch).unwrap();
        assert_eq!(bare.files("parts"), 0);
        let bare = store();
        bare.clock.set(days_on(31));
        compact(&bare.store).unwrap();
        assert_eq!(bare.files("parts"), 0);
    }
}
