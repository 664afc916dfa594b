//! The steps of opening a store.

use std::io::ErrorKind;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};

use parking_lot::Mutex;
use platform::{DiskLock, FailPoint, durable};
use seal::FileKind;
use wal::{Log, Start, Timeline};

use super::parts::remove_orphans;
use super::replay::Replay;
use super::{Recovery, RecoveryOutcome, open_parts};
use crate::admission::{Admission, Pressure};
use crate::apply::Pending;
use crate::dedup::DedupLimits;
use crate::manifest::{Edit, Manifest, ManifestStore};
use crate::part::{PageCache, PartEnvironment};
use crate::paths::Paths;
use crate::state::{Footers, Shelf, State, StateCell};
use crate::store::{Bell, Store};
use crate::{Environment, Error, Metrics, Settings};

/// A store that is recovered, and what goes to its threads.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) store: Store,
    pub(crate) queue: Receiver<Pending>,
    pub(crate) lock: Box<dyn DiskLock>,
    pub(crate) outcome: RecoveryOutcome,
}

/// How the log is opened: to be driven by threads, or by hand.
pub(crate) type OpenLog = fn(
    wal::Environment,
    wal::Settings,
    Start,
    wal::Apply<'_>,
) -> Result<(Log, wal::RecoveryReport), wal::Error>;

/// Opens the store in a data directory.
pub(crate) fn open(
    environment: Environment,
    settings: Settings,
    recovery: &Recovery,
    open_log: OpenLog,
) -> Result<Opened, Error> {
    settings.validate()?;
    let paths = Paths::new(&environment.dir);
    let lock = lock(&environment, &paths)?;
    let mut manifest = ManifestStore::open(environment.clone(), &paths)?;
    let shelf = shelf(&environment, &paths, &settings)?;
    let first = manifest.present().manifest.clone();
    let removed_parts = remove_orphans(&first, &shelf.environment)?;
    let mut state = state_of(&first);
    open_parts(&mut state, &first, &shelf)?;
    let dedup = DedupLimits::of(&settings);
    let mut replay = Replay {
        state,
        windows: first.windows.clone(),
        dedup,
        manifest: &mut manifest,
        shelf: &shelf,
        settings: &settings,
    };
    let (log, report) = replay_log(&environment, &settings, recovery, &mut replay, open_log)?;
    let Replay { state, windows, .. } = replay;
    environment
        .disk
        .reach(FailPoint::RecoveryReplayed)
        .map_err(|source| Error::io(paths.log(), source))?;
    if report.timeline != first.timeline {
        let edit = Edit::Timeline(report.timeline);
        let next = manifest.present().manifest.apply(edit)?;
        manifest.persist(next)?;
    }
    let outcome = RecoveryOutcome {
        log: report,
        applied_lsn: state.applied_lsn,
        applied_time: state.applied_time,
        parts: state
            .tables
            .values()
            .map(|table| table.parts.len() as u64)
            .sum(),
        removed_parts,
    };
    let (sender, queue) = sync_channel(settings.pending_batches_max as usize);
    let pressure = Pressure::default();
    pressure.measure(&state, environment.clock.monotonic());
    let admission = Admission::new(&settings, &state, windows.clone(), sender);
    let store = Store {
        dedup,
        shelf,
        log,
        state: StateCell::new(state, windows),
        manifest: Mutex::new(manifest),
        admission: Mutex::new(admission),
        pressure,
        metrics: Metrics::default(),
        flushing: Mutex::new(None),
        compacting: Mutex::new(()),
        flush_bell: Bell::default(),
        compact_bell: Bell::default(),
        is_closing: false.into(),
        environment,
        settings,
    };
    Ok(Opened {
        store,
        queue,
        lock,
        outcome,
    })
}

/// Returns what parts are read and written through; makes their directory.
fn shelf(environment: &Environment, paths: &Paths, settings: &Settings) -> Result<Shelf, Error> {
    let pages = PageCache::with_files(settings.page_cache_bytes_max, settings.open_files_max);
    Ok(Shelf {
        environment: parts_environment(environment, paths)?,
        pages: Arc::new(pages),
        footers: Arc::new(Footers::new(&settings.shares)),
    })
}

/// Takes the lock of a data directory, making the directory where absent.
pub(crate) fn lock(environment: &Environment, paths: &Paths) -> Result<Box<dyn DiskLock>, Error> {
    let (disk, path) = (&*environment.disk, paths.lock());
    durable::create_dir_all(disk, paths.root()).map_err(|e| Error::io(paths.root(), e))?;
    disk.lock(&path).map_err(|source| match source.kind() {
        ErrorKind::WouldBlock => Error::Locked { path },
        _ => Error::io(path, source),
    })
}

/// Returns what parts are read and written with; makes their directory.
fn parts_environment(environment: &Environment, paths: &Paths) -> Result<PartEnvironment, Error> {
    let dir = paths.parts();
    durable::create_dir_all(&*environment.disk, &dir).map_err(|e| Error::io(&dir, e))?;
    Ok(PartEnvironment {
        disk: Arc::clone(&environment.disk),
        keyring: Arc::clone(&environment.keyring),
        entropy: Arc::clone(&environment.entropy),
        dir,
    })
}

/// Returns the state that a manifest tells of, without its parts.
fn state_of(manifest: &Manifest) -> State {
    let mut state = State {
        applied_lsn: manifest.last_lsn,
        applied_end: manifest.flushed_lsn,
        applied_time: manifest.flushed_time,
        flushed_lsn: manifest.flushed_lsn,
        ..State::default()
    };
    state.set_catalogue(manifest.catalogue.clone());
    for (name, tombstones) in &manifest.tombstones {
        if let Some(table) = state.table_mut(name) {
            table.tombstones = tombstones.as_slice().into();
        }
    }
    state
}

fn replay_log(
    environment: &Environment,
    settings: &Settings,
    recovery: &Recovery,
    replay: &mut Replay<'_>,
    open_log: OpenLog,
) -> Result<(Log, wal::RecoveryReport), Error> {
    let timeline = replay.manifest.present().manifest.timeline;
    let start = Start {
        from: replay.state.flushed_lsn,
        until: recovery.until,
        timeline: match recovery.new_timeline {
            true => Timeline::New(timeline.saturating_add(1)),
            false => Timeline::Continue,
        },
    };
    let log_environment = wal::Environment {
        disk: Arc::clone(&environment.disk),
        clock: Arc::clone(&environment.clock),
        entropy: Arc::clone(&environment.entropy),
        keyring: Arc::clone(&environment.keyring),
        dir: Paths::new(&environment.dir).log(),
        kind: FileKind::LogSegment,
    };
    let mut apply = |record: wal::Record| replay.record(&record).map_err(Into::into);
    open_log(log_environment, settings.log.to_wal(), start, &mut apply).map_err(Error::log)
}
