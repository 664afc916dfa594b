//! Where batches go: the trait that the server implements on the engine.

use std::pin::Pin;

use schema::{ErrorKind, Lsn, Timestamp};
use wire::BatchFrame;
use wire::v1::{Refusal, RefusalCode};

/// The outcome of a commit, awaited.
///
/// Dropping it does not undo the commit: the batch is stored or not, and the sender, who heard
/// nothing, sends it again under the same number.
pub type CommitFuture = Pin<Box<dyn Future<Output = Result<Committed, Refused>> + Send>>;

/// Makes batches durable.
pub trait CommitSink: Send + Sync + 'static {
    /// Begins to commit a batch and returns its outcome, which resolves to [`Committed`] only when
    /// the batch is on disk and visible to the next query (W-1).
    ///
    /// Called on a runtime thread; what takes long belongs into the future or onto other threads.
    fn commit(&self, frame: BatchFrame) -> CommitFuture;
}

/// A batch is on disk and visible.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Committed {
    /// Where it stands in the log.
    pub lsn: Lsn,
    /// When it was committed, by the log's clock.
    pub commit_time: Timestamp,
    /// Whether the store had it already.
    pub duplicate: bool,
}

/// A batch was not taken, or nobody knows.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Refused {
    /// What the sender should do.
    pub kind: ErrorKind,
    /// In words, for the sender's log.
    pub reason: String,
    /// When to try again; 0 where trying again is of no use or any time will do.
    pub retry_after_ms: u32,
}

impl From<Refused> for Refusal {
    fn from(refused: Refused) -> Self {
        Self {
            code: match refused.kind {
                ErrorKind::Invalid => RefusalCode::Invalid,
                ErrorKind::Denied => RefusalCode::Denied,
                ErrorKind::Overloaded => RefusalCode::Overloaded,
                ErrorKind::Unavailable => RefusalCode::Unavailable,
                // Whether the batch reached the disk is unknown (W-3): the sender repeats it.
                ErrorKind::Corrupt | ErrorKind::Internal => RefusalCode::Unknown,
            },
            reason: refused.reason,
            retry_after_ms: refused.retry_after_ms,
        }
    }
}
