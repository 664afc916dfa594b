//! Waits for a payload to be on disk.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::sync::oneshot;

use crate::format::body::SealedBody;
use crate::{Durable, Error};

/// A payload that is sealed and can be submitted.
#[derive(Debug)]
pub struct Prepared {
    pub(crate) body: SealedBody,
}

impl Prepared {
    /// Returns the bytes that it takes in the log.
    #[must_use]
    pub const fn record_bytes(&self) -> u64 {
        self.body.record_bytes()
    }
}

/// A payload that was submitted; resolves when it is on disk (W-1).
///
/// Dropping it, or not polling it to the end, changes nothing of the write.
#[derive(Debug)]
#[must_use = "a payload is durable only when its ticket says so"]
pub struct Ticket {
    pub(crate) receiver: oneshot::Receiver<Durable>,
}

impl Ticket {
    /// Waits until the payload is on disk.
    ///
    /// # Errors
    /// [`Error::Unknown`] when the log failed before that was certain (W-3).
    ///
    /// # Panics
    /// On a thread of an asynchronous runtime, which must not be blocked: await it there.
    pub fn wait(self) -> Result<Durable, Error> {
        self.receiver.blocking_recv().map_err(|_| Error::Unknown)
    }
}

impl Future for Ticket {
    type Output = Result<Durable, Error>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.receiver)
            .poll(context)
            .map_err(|_| Error::Unknown)
    }
}
