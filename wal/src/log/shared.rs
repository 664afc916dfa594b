//! What the threads of a log share.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;

use parking_lot::{Condvar, Mutex, MutexGuard, RwLock};
use schema::{Lsn, Timestamp};

use super::SegmentStatus;
use super::admission::{Admission, Room};
use super::holds::Holds;
use super::queue::Queue;
use crate::metrics::Metrics;
use crate::segment::SegmentKey;
use crate::{Environment, Error, Settings};

/// The log, as its callers, its committer and its maker of spares see it.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) environment: Environment,
    pub(crate) settings: Settings,
    pub(crate) metrics: Metrics,
    /// The key to seal with; the committer seals anew what was sealed for the segment before.
    pub(crate) key: RwLock<Arc<SegmentKey>>,
    pub(crate) state: Mutex<State>,
    /// Wakes the committer.
    pub(crate) work: Condvar,
    /// Wakes the maker of spares.
    pub(crate) spares_wanted: Condvar,
    /// Wakes whoever waits for spares.
    pub(crate) spares_changed: Condvar,
    /// Taken by whoever removes segments, so that they go one by one, oldest first.
    pub(crate) release: Mutex<()>,
}

/// What changes.
///
/// `durable_lsn <= end_lsn`: a group is written before it is synced.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) phase: Phase,
    pub(crate) queue: Queue,
    pub(crate) admission: Admission,
    /// Oldest first; the last is the one that is written.
    pub(crate) segments: VecDeque<SegmentEntry>,
    /// Where the committer is.
    pub(crate) room: Room,
    /// Whether a spare is on its way to become a segment, and is counted as neither.
    pub(crate) is_rotating: bool,
    pub(crate) spares: VecDeque<PathBuf>,
    pub(crate) shortage: Shortage,
    pub(crate) durable_lsn: Lsn,
    pub(crate) end_lsn: Lsn,
    pub(crate) last_commit_time: Timestamp,
    pub(crate) holds: Holds,
}

/// A segment and the disk space it takes.
#[derive(Debug)]
pub(crate) struct SegmentEntry {
    pub(crate) status: SegmentStatus,
    pub(crate) file_bytes: u64,
}

/// What a log is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Phase {
    /// It takes payloads.
    Open,
    /// It writes what was taken and takes no more.
    Closing,
    /// Everything is written.
    Closed,
    /// W-3: something failed; the disk may hold anything of what was not acked.
    Poisoned(String),
}

/// Why there are fewer spares than wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shortage {
    /// They are being made.
    Pending,
    /// The disk has no room.
    DiskFull,
    /// The log may not grow.
    LogFull,
    /// The disk failed at making one.
    Failed,
}

impl Shared {
    /// Stops the log for good (W-3). Every waiter is told that its outcome is unknown.
    pub(crate) fn poison(&self, cause: String) {
        tracing::error!(dir = %self.environment.dir.display(), %cause, "the log is poisoned");
        self.metrics.poisoned.set(1);
        let mut state = self.state.lock();
        if !matches!(state.phase, Phase::Poisoned(_)) {
            state.phase = Phase::Poisoned(cause);
        }
        state.queue.clear();
        self.wake_all(state);
    }

    /// Wakes every thread, after a change of phase.
    pub(crate) fn wake_all(&self, state: MutexGuard<'_, State>) {
        drop(state);
        self.work.notify_all();
        self.spares_wanted.notify_all();
        self.spares_changed.notify_all();
    }

    /// Returns why a payload is refused for want of a segment, and asks for one.
    pub(crate) fn refuse_for_room(&self, state: &mut State) -> Error {
        self.metrics.refused.inc();
        self.spares_wanted.notify_all();
        match state.shortage {
            Shortage::Pending | Shortage::Failed => Error::Overloaded {
                limit: "the number of segments made ready",
            },
            Shortage::LogFull => Error::Overloaded {
                limit: "log_bytes_max",
            },
            Shortage::DiskFull => Error::DiskFull {
                dir: self.environment.dir.clone(),
            },
        }
    }
}

impl State {
    /// Refuses when the log takes nothing.
    pub(crate) fn check_open(&self) -> Result<(), Error> {
        match &self.phase {
            Phase::Open => Ok(()),
            Phase::Closing | Phase::Closed => Err(Error::Closed),
            Phase::Poisoned(cause) => Err(Error::Poisoned {
                cause: cause.clone(),
            }),
        }
    }

    /// Returns the last segment that is ready, as admission counts them.
    pub(crate) fn last_ordinal(&self) -> u64 {
        self.room.ordinal + self.spares.len() as u64
    }

    /// Sets the ledger of admission to where the log is, when nothing waits.
    pub(crate) fn settle_admission(&mut self) {
        if self.queue.is_empty() {
            self.admission.settle(self.room);
        }
    }

    /// Takes a spare to go on in, and returns its place among the segments of this process. The ledger
    /// counts it as begun at once, so that nothing is refused while it is being named.
    ///
    /// # Panics
    /// When there is none, which admission rules out.
    pub(crate) fn begin_rotation(&mut self) -> (PathBuf, u64) {
        let spare = self.spares.pop_front();
        let ordinal = self.room.ordinal + 1;
        self.room = Room::at_start_of(ordinal);
        self.is_rotating = true;
        let spare = spare.expect("W-6: a segment was reserved before anything was taken");
        (spare, ordinal)
    }

    /// Returns the bytes of all files.
    pub(crate) fn log_bytes(&self, segment_bytes: u64) -> u64 {
        let segments: u64 = self.segments.iter().map(|segment| segment.file_bytes).sum();
        let spares = self.spares.len() as u64 + u64::from(self.is_rotating);
        segments + spares * segment_bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(spares: u64) -> State {
        let room = Room::at_start_of(0);
        State {
            phase: Phase::Open,
            queue: Queue::default(),
            admission: Admission::new(8192, room),
            segments: VecDeque::new(),
            room,
            is_rotating: false,
            spares: (1..=spares).map(|n| n.to_string().into()).collect(),
            shortage: Shortage::Pending,
            durable_lsn: Lsn::ZERO,
            end_lsn: Lsn::ZERO,
            last_commit_time: Timestamp::from_nanos(0),
            holds: Holds::default(),
        }
    }

    #[test]
    fn w6_a_spare_on_its_way_to_become_a_segment_is_counted() {
        let mut state = state(3);
        assert_eq!(state.log_bytes(8192), 3 * 8192);
        for ordinal in 1..=3 {
            let begun = state.begin_rotation();
            assert_eq!(begun, (ordinal.to_string().into(), ordinal));
            assert_eq!(state.log_bytes(8192), (4 - ordinal) * 8192);
            assert_eq!(state.last_ordinal(), 3);
            state.is_rotating = false;
        }
    }
}
