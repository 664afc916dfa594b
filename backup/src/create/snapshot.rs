//! What a backup needs of a running store: its pinned files, and the stretch of log behind them.

use std::any::Any;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use schema::{Lsn, Timestamp};

use crate::Error;
use crate::archive::LogSource;
use crate::manifest::PartName;

/// A running store that can be backed up: the engine.
pub trait Store: LogSource {
    /// Pins the store as it is on disk. Blocks for as long as that takes; writers go on.
    ///
    /// # Errors
    /// [`Error::Engine`].
    fn pin(&self) -> Result<StoreSnapshot, Error>;
}

/// The files of a store at one moment, kept on disk for as long as this lives.
pub struct StoreSnapshot {
    /// The number of the store's manifest.
    pub(crate) version: u64,
    /// That manifest, sealed, as it is on disk.
    pub(crate) manifest: Bytes,
    pub(crate) parts: Vec<LocalPart>,
    /// Rows of all records below are in the parts.
    pub(crate) flushed_lsn: Lsn,
    /// E-2: no part is unlinked and no log released while this is here.
    pub(crate) _pin: Box<dyn Any + Send + Sync>,
}

/// A part on disk.
#[derive(Debug, Clone)]
pub(crate) struct LocalPart {
    pub(crate) id: PartName,
    pub(crate) path: PathBuf,
    pub(crate) bytes: u64,
}

/// The stretch of the log that belongs to a backup.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LogSpan {
    /// The position behind the last durable record.
    pub(super) end_lsn: Lsn,
    /// Nothing before that position was committed later.
    pub(super) end_time: Timestamp,
    pub(super) timeline: u32,
    /// The segment in which replay begins.
    pub(super) first_segment: u64,
    /// The segment that holds what is before the end.
    pub(super) last_segment: u64,
}

/// Pins the store, away from the threads that serve requests.
pub(super) async fn take(store: &Arc<dyn Store>) -> Result<StoreSnapshot, Error> {
    let store = Arc::clone(store);
    let pinned = tokio::task::spawn_blocking(move || store.pin()).await;
    pinned.map_err(|_| Error::Aborted {
        task: "pins the store",
    })?
}

/// Returns the end of the durable log, and a time after which nothing before it was committed.
fn end_of(log: &wal::Log) -> (Lsn, Timestamp) {
    let mut end_lsn = log.durable_lsn();
    let mut end_time = log.last_commit_time();
    // Two questions, between which a group may be committed: the time is then too late for the
    // position, which is safe, but would forbid restoring to a moment just before it.
    for _ in 0..END_ATTEMPTS {
        let again = log.durable_lsn();
        if again == end_lsn {
            break;
        }
        (end_lsn, end_time) = (again, log.last_commit_time());
    }
    (end_lsn, end_time)
}

impl fmt::Debug for StoreSnapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoreSnapshot")
            .field("version", &self.version)
            .field("parts", &self.parts.len())
            .field("flushed_lsn", &self.flushed_lsn)
            .finish_non_exhaustive()
    }
}

impl LogSpan {
    /// Returns the stretch from `base` to what is durable now.
    pub(super) fn of(log: &wal::Log, base: Lsn) -> Self {
        let (end_lsn, end_time) = end_of(log);
        let segments = log.segments();
        let newest = segments
            .last()
            .expect("an open log has a segment that it writes");
        let holding = |is_in: &dyn Fn(Lsn) -> bool| {
            let found = segments
                .iter()
                .rev()
                .find(|segment| is_in(segment.base_lsn));
            found.map(|segment| segment.number)
        };
        let first_segment = holding(&|begin| begin <= base).unwrap_or(newest.number);
        let last_segment = holding(&|begin| begin < end_lsn).unwrap_or(first_segment);
        Self {
            end_lsn,
            end_time,
            timeline: newest.timeline,
            first_segment,
            last_segment: last_segment.max(first_segment),
        }
    }
}

const END_ATTEMPTS: u32 = 100;
