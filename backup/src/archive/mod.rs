//! The archiver: ships the log to the repository as it grows, and holds it here until it is there.
//!
//! ```text
//!   wal ── sealed segments, at once ───────────────────▶ wal/<timeline>/<segment>.<epoch>
//!    │ └── beginning of the open one, every interval ──▶ wal/<timeline>/<segment>.<epoch>.p<lsn>
//!    ◀── hold ── Archiver ── archived lsn ──▶ acks of the grade `archived`
//! ```
//!
//! Its life: [`Archiver::start`] takes a hold and begins a task; the task retries for ever, with
//! bounded waits; [`Archiver::stop`] ships what is durable once more and joins the task. It ends by
//! itself only when a later writer has taken over, or when the repository is not ours. The hold does
//! not end with the task: who has [`Archiver::hold`] keeps the log until it is closed.
//!
//! What is stored counts as archived only when it can be restored: when it goes on, without a gap,
//! from a backup or from the beginning of the log. Otherwise it is shipped all the same, and the
//! archived position stands still until a backup is made that begins behind the gap.

mod continuity;
mod policy;
mod start;
mod worker;

use std::fmt::Debug;
use std::sync::Arc;

use platform::{Clock, Disk};
use schema::Lsn;
use seal::Keyring;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use wal::Hold;

use crate::metrics::Metrics;
use crate::{Error, Repository};
use worker::Worker;

/// Whoever owns a log: an engine, or in tests the log alone.
pub trait LogSource: Debug + Send + Sync + 'static {
    /// Returns the log.
    fn log(&self) -> &wal::Log;
}

impl LogSource for wal::Log {
    fn log(&self) -> &wal::Log {
        self
    }
}

/// What an archiver works with.
#[derive(Debug, Clone)]
pub struct ArchiveEnvironment {
    /// Where the log's files are.
    pub disk: Arc<dyn Disk>,
    /// Time, for records and for the lag.
    pub clock: Arc<dyn Clock>,
    /// The keys, of which the repository holds a copy.
    pub keyring: Arc<Keyring>,
}

/// A running archiver.
#[derive(Debug)]
pub struct Archiver {
    archive: Archive,
    hold: Arc<Hold>,
    stop: watch::Sender<bool>,
    task: JoinHandle<Result<(), Error>>,
}

/// How far the log is archived, for whoever waits for it. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Archive {
    archived: watch::Receiver<Lsn>,
    /// How far the log is stored, whether or not something is missing before it.
    stored: watch::Receiver<Lsn>,
    nudge: Arc<Notify>,
}

impl Archiver {
    /// Holds the log and starts the task. Call it right after the engine was opened, before a flush
    /// can release segments that are not archived.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    #[must_use]
    pub fn start(
        source: Arc<dyn LogSource>,
        environment: ArchiveEnvironment,
        repository: Repository,
        metrics: Arc<Metrics>,
    ) -> Self {
        let hold = Arc::new(source.log().hold(HOLD_NAME, Lsn::ZERO));
        let (publish, archived) = watch::channel(Lsn::ZERO);
        let (publish_stored, stored) = watch::channel(Lsn::ZERO);
        let (stop, stopped) = watch::channel(false);
        let nudge = Arc::new(Notify::new());
        let worker = Worker {
            source,
            environment,
            repository,
            metrics,
            hold: Arc::clone(&hold),
            publish,
            publish_stored,
            nudge: Arc::clone(&nudge),
            stopped,
        };
        let task = tokio::spawn(worker.run());
        Self {
            archive: Archive {
                archived,
                stored,
                nudge,
            },
            hold,
            stop,
            task,
        }
    }

    /// Returns the view on its progress.
    #[must_use]
    pub fn archive(&self) -> Archive {
        self.archive.clone()
    }

    /// Returns what keeps the log from being released before it is stored.
    ///
    /// Whoever closes the log later than the archiver keeps it until then: what an archiver that has
    /// ended did not ship is nowhere else.
    #[must_use]
    pub fn hold(&self) -> Arc<Hold> {
        Arc::clone(&self.hold)
    }

    /// Tells whether the task has ended: the repository was taken over, or is not ours.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.task.is_finished()
    }

    /// Ships what is durable, once, and ends the task.
    ///
    /// # Errors
    /// [`Error::Fenced`] when a later writer had taken over, and what kept the last shipment from
    /// being stored.
    pub async fn stop(self) -> Result<(), Error> {
        self.stop.send_replace(true);
        let aborted = |_| Error::Aborted {
            task: "archives the log",
        };
        self.task.await.map_err(aborted)?
    }
}

impl Archive {
    /// Returns the position before which everything can be restored; zero until the repository was
    /// reached, and while there is a gap before what is stored.
    #[must_use]
    pub fn lsn(&self) -> Lsn {
        *self.archived.borrow()
    }

    /// Returns a channel that tells every change of [`Archive::lsn`].
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<Lsn> {
        self.archived.clone()
    }

    /// Asks for a shipment now rather than at the end of the interval.
    pub fn nudge(&self) {
        self.nudge.notify_one();
    }

    /// Waits until everything before `lsn` can be restored. Cancellation-safe.
    ///
    /// # Errors
    /// [`Error::ArchiverStopped`] when the archiver ends before.
    pub async fn wait_for(&self, lsn: Lsn) -> Result<(), Error> {
        self.reach(self.archived.clone(), lsn).await
    }

    /// Waits until the log before `lsn` is stored, as far as it is here: for a backup, which holds
    /// what is missing before. Cancellation-safe.
    ///
    /// # Errors
    /// [`Error::ArchiverStopped`] when the archiver ends before.
    pub(crate) async fn wait_until_stored(&self, lsn: Lsn) -> Result<(), Error> {
        self.reach(self.stored.clone(), lsn).await
    }

    async fn reach(&self, mut position: watch::Receiver<Lsn>, lsn: Lsn) -> Result<(), Error> {
        self.nudge();
        let reached = position.wait_for(|position| *position >= lsn).await;
        reached.map(|_| ()).map_err(|_| Error::ArchiverStopped {
            archived: self.lsn(),
        })
    }
}

const HOLD_NAME: &str = "archive";

#[cfg(test)]
mod tests;
