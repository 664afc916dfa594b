//! An open log: takes payloads from many threads, puts them on disk in groups, keeps segments.
//!
//! ```text
//!  callers ──prepare──▶ Prepared ──submit──▶ queue ──▶ committer ──▶ segment ──fdatasync──▶ tickets
//!           (seal, own                 (admission:        │ one thread
//!            thread)                    room is there)    ▼
//!                                                       spares ◀── maker of spares, one thread
//! ```
//!
//! Its life: [`Log::open`] recovers and begins a segment; payloads go in; [`Log::close`] writes what
//! was taken and a marker. A failure of the disk poisons it instead (W-3).

mod admission;
mod committer;
mod hands;
mod holds;
mod open;
mod queue;
mod reader;
mod release;
mod shared;
mod spares;
mod status;
mod ticket;
mod writer;

use std::sync::Arc;
use std::thread::JoinHandle;

use parking_lot::Mutex;
use schema::{Lsn, Timestamp};
use tokio::sync::oneshot;

use self::hands::{Drive, Hands};
pub use self::holds::Hold;
use self::queue::{Item, Queued, Waiter};
pub use self::reader::Reader;
use self::shared::{Phase, Shared, Shortage, State};
pub use self::status::SegmentStatus;
pub use self::ticket::{Prepared, Ticket};
use crate::format::body::SealedBody;
use crate::metrics::Metrics;
use crate::record::Binding;
use crate::recovery::Apply;
use crate::{Environment, Error, RecoveryReport, Settings, Start};

/// A log, open for writing. Shared as `Arc<Log>`.
#[derive(Debug)]
pub struct Log {
    shared: Arc<Shared>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    /// The threads' work, when its caller does it.
    hands: Option<Mutex<Hands>>,
}

impl Log {
    /// Recovers the log in a directory, gives its records to `replay` in order, and begins a new
    /// segment (W-5).
    ///
    /// What is given out is on disk: the last group, which nothing vouches for, is written again first.
    ///
    /// Memory: two groups of records at a time. Disk: one segment more, even above `log_bytes_max`,
    /// because a log that cannot be opened cannot be emptied either.
    ///
    /// # Errors
    /// Of [`Kind::Corrupt`](crate::Kind::Corrupt) when durable bytes are damaged or missing: do not
    /// start. [`Error::DiskFull`] when there is no room for a segment, [`Error::Replay`] when
    /// `replay` fails, [`Error::Start`] and [`Error::Setting`] for mistakes of the caller.
    pub fn open(
        environment: Environment,
        settings: Settings,
        start: Start,
        replay: Apply<'_>,
    ) -> Result<(Self, RecoveryReport), Error> {
        open::open(environment, settings, start, replay, Drive::Threads)
    }

    /// As [`Log::open`], but without threads: groups are written, spares made and requests carried out
    /// in [`Log::step`], so that a simulation repeats itself.
    ///
    /// # Errors
    /// As [`Log::open`].
    pub fn open_by_hand(
        environment: Environment,
        settings: Settings,
        start: Start,
        replay: Apply<'_>,
    ) -> Result<(Self, RecoveryReport), Error> {
        open::open(environment, settings, start, replay, Drive::ByHand)
    }

    /// Does what the threads of a log opened by hand would do now: makes the spares that are wanted,
    /// then writes what waits. Does nothing for another log. No marker is written for being idle;
    /// that is [`Log::vouch`].
    pub fn step(&self) {
        if let Some(hands) = &self.hands {
            hands.lock().step();
        }
    }

    /// Seals a payload on the caller's thread. One copy, no lock held.
    ///
    /// # Errors
    /// [`Error::TooLarge`] when it fits no segment.
    pub fn prepare(&self, binding: Binding, payload: impl AsRef<[u8]>) -> Result<Prepared, Error> {
        let payload = payload.as_ref();
        let (bytes, bytes_max) = (
            payload.len() as u64,
            self.shared.settings.payload_bytes_max(),
        );
        if bytes > bytes_max {
            return Err(Error::TooLarge { bytes, bytes_max });
        }
        let segment = Arc::clone(&self.shared.key.read());
        let entropy = &*self.shared.environment.entropy;
        Ok(Prepared {
            body: SealedBody::seal(segment, entropy, binding, payload),
        })
    }

    /// Puts a sealed payload in line. The order of calls is the order of lsns and commit times.
    ///
    /// What is taken has room on disk. It neither waits nor touches the disk.
    ///
    /// # Errors
    /// [`Error::Overloaded`] and [`Error::DiskFull`] when there is no room for now,
    /// [`Error::Poisoned`] (W-3), [`Error::Closed`]. Nothing was taken then, for certain.
    pub fn submit(&self, prepared: Prepared) -> Result<Ticket, Error> {
        let bytes = prepared.record_bytes();
        let (waiter, receiver) = oneshot::channel();
        let mut state = self.shared.state.lock();
        // W-3: asked under the lock that poisoning takes, so that nothing slips in after it.
        state.check_open()?;
        let waiting = state.queue.bytes();
        if waiting > 0 && waiting + bytes > self.shared.settings.queue_bytes_max {
            self.shared.metrics.refused.inc();
            return Err(Error::Overloaded {
                limit: "queue_bytes_max",
            });
        }
        let last_ordinal = state.last_ordinal();
        if !state.admission.admit(bytes, last_ordinal) {
            return Err(self.shared.refuse_for_room(&mut state));
        }
        state.queue.push(Item::Body(Queued {
            body: prepared.body,
            waiter,
        }));
        self.shared
            .metrics
            .queue_bytes
            .set(state.queue.bytes().cast_signed());
        drop(state);
        self.shared.work.notify_one();
        Ok(Ticket { receiver })
    }

    /// Returns the position before which everything is on disk.
    #[must_use]
    pub fn durable_lsn(&self) -> Lsn {
        self.shared.state.lock().durable_lsn
    }

    /// Returns the position behind the last group written.
    #[must_use]
    pub fn end_lsn(&self) -> Lsn {
        self.shared.state.lock().end_lsn
    }

    /// Returns the commit time of the last group.
    #[must_use]
    pub fn last_commit_time(&self) -> Timestamp {
        self.shared.state.lock().last_commit_time
    }

    /// Seals the newest segment behind all that was submitted and begins another, so that it can be
    /// archived whole. Does nothing when it holds no group. Blocks until it is done.
    ///
    /// # Errors
    /// As [`Log::submit`] when there is no room for a segment; [`Error::Unknown`] when the disk
    /// failed.
    ///
    /// # Panics
    /// On a thread of an asynchronous runtime.
    pub fn rotate(&self) -> Result<(), Error> {
        self.request(Item::Rotate, |shared, state| {
            let last_ordinal = state.last_ordinal();
            if state.admission.admit_rotation(last_ordinal) {
                return Ok(());
            }
            Err(shared.refuse_for_room(state))
        })
    }

    /// Writes the marker that vouches for the last group now, rather than within `idle_marker_ms`.
    /// Blocks until it is on disk, with all that was submitted before.
    ///
    /// # Errors
    /// [`Error::Poisoned`], [`Error::Closed`]; [`Error::Unknown`] when the disk failed.
    ///
    /// # Panics
    /// On a thread of an asynchronous runtime.
    pub fn vouch(&self) -> Result<(), Error> {
        self.request(Item::Vouch, |_, _| Ok(()))
    }

    /// Returns the segments, oldest first; the last is the one that is written.
    #[must_use]
    pub fn segments(&self) -> Vec<SegmentStatus> {
        let state = self.shared.state.lock();
        state
            .segments
            .iter()
            .map(|segment| segment.status.clone())
            .collect()
    }

    /// Keeps the log from `from` on, for as long as the hold lives. What was released before does
    /// not come back. `name` tells an operator who holds it.
    pub fn hold(&self, name: &str, from: Lsn) -> Hold {
        Hold::new(Arc::clone(&self.shared), name, from)
    }

    /// Returns the name and position of every hold.
    #[must_use]
    pub fn holds(&self) -> Vec<(String, Lsn)> {
        self.shared.state.lock().holds.list()
    }

    /// Reads back durable records from `from` on, for a spool that sends what it has kept. The
    /// reader holds the log; `name` tells an operator who does.
    pub fn reader(&self, name: &str, from: Lsn) -> Reader {
        Reader::new(Arc::clone(&self.shared), name, from)
    }

    /// Removes the sealed segments that end at `lsn` or before, as far as no hold needs them.
    /// Returns how many.
    ///
    /// # Errors
    /// [`Error::Io`]; the segments not yet removed stay and can be released again.
    pub fn release_before(&self, lsn: Lsn) -> Result<usize, Error> {
        release::release_before(&self.shared, lsn)
    }

    /// Waits until as many spare segments are ready as wanted, or can be had; returns whether they
    /// all are.
    pub fn wait_for_spares(&self) -> bool {
        let wanted = self.shared.settings.spare_segments as usize;
        let mut state = self.shared.state.lock();
        while state.spares.len() < wanted
            && state.shortage == Shortage::Pending
            && state.phase == Phase::Open
        {
            self.shared.spares_changed.wait(&mut state);
        }
        state.spares.len() >= wanted
    }

    /// Returns whether a write or a sync has failed (W-3).
    #[must_use]
    pub fn is_poisoned(&self) -> bool {
        matches!(self.shared.state.lock().phase, Phase::Poisoned(_))
    }

    /// Returns the metrics, to be registered.
    #[must_use]
    pub fn metrics(&self) -> &Metrics {
        &self.shared.metrics
    }

    /// Takes no more, writes what was taken and a marker behind it, and ends the threads. Calling
    /// it again does nothing.
    ///
    /// # Errors
    /// [`Error::Poisoned`] when a write or a sync has failed, now or earlier.
    pub fn close(&self) -> Result<(), Error> {
        let mut state = self.shared.state.lock();
        if state.phase == Phase::Open {
            state.phase = Phase::Closing;
        }
        self.shared.wake_all(state);
        self.step();
        for thread in self.threads.lock().drain(..) {
            // A thread that panicked has poisoned the log, which is told below.
            let _ = thread.join();
        }
        match &self.shared.state.lock().phase {
            Phase::Poisoned(cause) => Err(Error::Poisoned {
                cause: cause.clone(),
            }),
            _ => Ok(()),
        }
    }

    /// Puts a request in line and waits for it.
    fn request(
        &self,
        item: impl FnOnce(Waiter<()>) -> Item,
        admit: impl FnOnce(&Shared, &mut State) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let (waiter, receiver) = oneshot::channel();
        let mut state = self.shared.state.lock();
        state.check_open()?;
        admit(&self.shared, &mut state)?;
        state.queue.push(item(waiter));
        drop(state);
        self.shared.work.notify_one();
        self.step();
        receiver.blocking_recv().map_err(|_| Error::Unknown)
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        // Whoever cares for the outcome has called `close` before.
        let _ = self.close();
    }
}
