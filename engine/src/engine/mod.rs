//! The store as others use it.
//!
//! ```text
//!   Engine (Clone) ─ Arc ─ Inner ─┬─ Store, shared with the threads
//!                                 └─ threads: engine-apply, engine-flush, engine-compact
//! ```
//!
//! Its life: [`Engine::open`] recovers; batches and edits go in, views come out; [`Engine::close`]
//! stops taking, applies what was taken and joins the threads. Dropping the last clone closes, too.

mod commit;
mod digest;
mod memory;
mod snapshot;
mod status;

use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::thread::JoinHandle;

use parking_lot::Mutex;
use platform::DiskLock;

pub use memory::MemoryShare;
pub use snapshot::{Snapshot, SnapshotPart};
pub use status::{PartStatus, Status};

use crate::apply::{self, Hands, Pending};
use crate::catalogue::Catalogue;
use crate::store::{FailOnPanic, Store};
use crate::{
    Environment, Error, Metrics, Recovery, RecoveryOutcome, Settings, View, compaction, flush,
    recovery,
};

/// An open store. Clones are the same store.
#[derive(Debug, Clone)]
pub struct Engine {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    store: Arc<Store>,
    outcome: RecoveryOutcome,
    threads: Mutex<Vec<JoinHandle<()>>>,
    /// The applier's work, when its caller does it.
    hands: Option<Mutex<Hands>>,
    /// Held as long as the store is open, so that no other process opens the directory.
    lock: Mutex<Option<Box<dyn DiskLock>>>,
}

impl Engine {
    /// Opens the store in a data directory, making one where there is none.
    ///
    /// Takes the lock on `LOCK`. Replays the log behind the last flush, at most about
    /// `replay_bytes_max` after a plain start.
    ///
    /// # Errors
    /// [`Error::Setting`]; [`Error::Locked`]; [`Kind::Corrupt`](crate::Kind::Corrupt) when durable
    /// bytes are damaged or missing, naming the file: do not start (exit 78); [`Error::Seal`] when no
    /// key fits; [`Error::Io`].
    pub fn open(
        environment: Environment,
        settings: Settings,
        recovery: Recovery,
    ) -> Result<Self, Error> {
        let opened = recovery::open(environment, settings, &recovery, wal::Log::open)?;
        let (engine, queue) = Self::of(opened, |_| None);
        engine.start(queue.expect("nobody took it"))?;
        Ok(engine)
    }

    /// As [`Self::open`], but without threads of its own or of the log: what is taken is written and
    /// applied in [`Self::step`], and flushed and merged when it is asked for, so that a simulation
    /// repeats itself.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_by_hand(
        environment: Environment,
        settings: Settings,
        recovery: Recovery,
    ) -> Result<Self, Error> {
        let opened = recovery::open(environment, settings, &recovery, wal::Log::open_by_hand)?;
        let (engine, _) = Self::of(opened, |queue| queue.take().map(Hands::new));
        Ok(engine)
    }

    /// Writes what an engine opened by hand has taken, applies it, and tells who waits. Does nothing
    /// for another engine.
    pub fn step(&self) {
        if let Some(hands) = &self.inner.hands {
            self.store().log.step();
            hands.lock().step(self.store());
        }
    }

    fn of(
        opened: recovery::Opened,
        hands: impl FnOnce(&mut Option<Receiver<Pending>>) -> Option<Hands>,
    ) -> (Self, Option<Receiver<Pending>>) {
        let mut queue = Some(opened.queue);
        let inner = Inner {
            store: Arc::new(opened.store),
            outcome: opened.outcome,
            threads: Mutex::new(Vec::new()),
            hands: hands(&mut queue).map(Mutex::new),
            lock: Mutex::new(Some(opened.lock)),
        };
        let inner = Arc::new(inner);
        (Self { inner }, queue)
    }

    /// Returns what opening found and did.
    pub fn recovery(&self) -> &RecoveryOutcome {
        &self.inner.outcome
    }

    /// Returns the present state, pinned.
    pub fn view(&self) -> View {
        View::new(self.store().state.load())
    }

    /// Returns the applied catalogue.
    pub fn catalogue(&self) -> Arc<Catalogue> {
        Arc::clone(&self.store().state.load().catalogue)
    }

    /// Returns the log, for archiving and for its metrics.
    pub fn log(&self) -> &wal::Log {
        &self.store().log
    }

    /// Returns the settings in force.
    pub fn settings(&self) -> &Settings {
        &self.store().settings
    }

    /// Returns the metrics, to be registered; refresh them by [`Self::status`] before they are read.
    pub fn metrics(&self) -> &Metrics {
        &self.store().metrics
    }

    /// Returns whether the store takes nothing more until a restart: the log has failed (W-3), a durable
    /// record could not be applied, or a thread of the store panicked. What is there can be read.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        self.store().has_failed()
    }

    /// Makes parts of all rows that are visible now, and lets go of the log behind them. Blocks.
    ///
    /// # Errors
    /// [`Error::Io`]; nothing is lost, and the next flush goes on.
    pub fn flush(&self) -> Result<(), Error> {
        flush::flush(self.store())
    }

    /// Drops what is past its retention and merges all parts that can be merged. Blocks.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::Corrupt`] for a part that does not read; others may be merged already.
    pub fn compact(&self) -> Result<(), Error> {
        compaction::compact(self.store())
    }

    /// Takes no more batches, applies what was taken and ends the threads. Calling it again, or from
    /// two threads, does nothing more. Rows in memory stay in the log, and the next start replays them.
    ///
    /// # Errors
    /// [`Error::Log`] when the log has failed, now or earlier.
    pub fn close(&self) -> Result<(), Error> {
        self.inner.close(false)
    }

    /// As [`Self::close`], but flushes first, so that the next start has nothing to replay.
    ///
    /// # Errors
    /// Those of [`Self::flush`] and [`Self::close`]; the store is closed all the same.
    pub fn flush_and_close(&self) -> Result<(), Error> {
        self.inner.close(true)
    }

    fn store(&self) -> &Arc<Store> {
        &self.inner.store
    }

    fn start(&self, queue: Receiver<Pending>) -> Result<(), Error> {
        self.spawn("engine-apply", move |store| apply::run(store, &queue))?;
        self.spawn("engine-flush", flush::run)?;
        self.spawn("engine-compact", compaction::run)
    }

    fn spawn(&self, name: &str, body: impl FnOnce(&Store) + Send + 'static) -> Result<(), Error> {
        let store = Arc::clone(self.store());
        let guarded = move || {
            let _fail = FailOnPanic(&store);
            body(&store);
        };
        let thread = std::thread::Builder::new().name(name.into()).spawn(guarded);
        let dir = &self.store().environment.dir;
        let thread = thread.map_err(|source| Error::io(dir, source))?;
        self.inner.threads.lock().push(thread);
        Ok(())
    }
}

impl Inner {
    fn close(&self, with_flush: bool) -> Result<(), Error> {
        self.store.admission.lock().close();
        let mut threads = self.threads.lock();
        if let Some(hands) = &self.hands {
            // What was taken is applied, as a thread would before it ends.
            self.store.log.step();
            hands.lock().step(&self.store);
        } else if threads.is_empty() {
            return Ok(());
        }
        // The applier is the first: it ends once it has applied what was taken.
        let mut threads = threads.drain(..);
        let applied = threads.next().is_none_or(|applier| applier.join().is_ok());
        let flushed = if with_flush && applied {
            flush::flush(&self.store)
        } else {
            Ok(())
        };
        self.store.stop_maintenance();
        let ended = threads.fold(applied, |ended, thread| thread.join().is_ok() && ended);
        let closed = self.store.log.close().map_err(Error::log);
        *self.lock.lock() = None;
        flushed?;
        closed?;
        if ended {
            return Ok(());
        }
        Err(Error::Broken {
            lsn: self.store.state.load().applied_lsn,
            reason: "a thread of the store panicked".into(),
        })
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        // Whoever cares for the outcome has called `close` before.
        self.close(false).ok();
    }
}
