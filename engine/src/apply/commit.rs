//! What the sender of a batch or an edit waits for.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use schema::{Lsn, Timestamp};
use tokio::sync::oneshot;

use crate::Error;

/// The outcome of a batch or an edit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Committed {
    /// Where it stands in the log; for a batch that was there before, where the log stood.
    pub lsn: Lsn,
    /// When it was committed: a restore "at T" holds it if this is not after T. For a batch that was
    /// there before, a time at which it was certainly there.
    pub commit_time: Timestamp,
    /// Whether it was there before and nothing was stored now.
    pub duplicate: bool,
}

/// Resolves when the rows are durable and visible to the next view (W-1).
///
/// Dropping it changes nothing of the write.
#[derive(Debug)]
#[must_use = "rows are stored only when their commit says so"]
pub struct Commit(Inner);

#[derive(Debug)]
enum Inner {
    Done(Committed),
    Pending(oneshot::Receiver<Outcome>),
}

/// What an applier sends to whoever waits.
pub(crate) type Outcome = Result<Committed, Error>;

impl Commit {
    /// Returns a commit that is there already.
    pub(crate) const fn done(committed: Committed) -> Self {
        Self(Inner::Done(committed))
    }

    /// Returns a commit that somebody will resolve.
    pub(crate) const fn pending(receiver: oneshot::Receiver<Outcome>) -> Self {
        Self(Inner::Pending(receiver))
    }

    /// Waits until the rows are durable and visible.
    ///
    /// # Errors
    /// [`Error::Unknown`] when the log or the applier failed before that was certain (W-3).
    ///
    /// # Panics
    /// On a thread of an asynchronous runtime, which must not be blocked: await it there.
    pub fn wait(self) -> Result<Committed, Error> {
        match self.0 {
            Inner::Done(committed) => Ok(committed),
            Inner::Pending(receiver) => receiver.blocking_recv().unwrap_or_else(|_| Err(gone())),
        }
    }
}

impl Future for Commit {
    type Output = Outcome;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Outcome> {
        match &mut self.0 {
            Inner::Done(committed) => Poll::Ready(Ok(*committed)),
            Inner::Pending(receiver) => {
                let received = Pin::new(receiver).poll(context);
                received.map(|outcome| outcome.unwrap_or_else(|_| Err(gone())))
            }
        }
    }
}

/// The applier ended without a word: whether the record is durable will show at the next start.
fn gone() -> Error {
    Error::unknown(wal::Error::Unknown)
}
