//! The watch over one query: its place, its time, its end.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::task::{JoinError, JoinHandle};
use tokio::time::sleep;

use super::task::Task;
use crate::Error;
use crate::admission::Queued;
use crate::registry::{Entry, Stop};

/// Gives the task a place, and stays until it has ended.
pub(crate) async fn watch(workers: Handle, entry: Entry, queued: Queued, task: Task) {
    let running = &entry.running;
    let deadline = sleep(Duration::from_millis(running.timeout_ms()));
    tokio::pin!(deadline);
    let place = tokio::select! {
        biased;
        _ = running.stopped() => return,
        () = &mut deadline => return running.stop(Stop::Timeout),
        place = queued.place() => place,
    };
    let Ok(place) = place else {
        return running.stop(Stop::Closing);
    };
    let metrics = task.shared.metrics.clone();
    let mut handle = workers.spawn(task.run(place));
    tokio::select! {
        ended = &mut handle => return end(&entry, ended),
        () = &mut deadline => running.stop(Stop::Timeout),
        _ = running.stopped() => (),
    }
    metrics.stuck.inc();
    let ended = stop(handle).await;
    metrics.stuck.dec();
    end(&entry, ended);
}

// An abort takes effect when the task next waits; until then its place is taken.
async fn stop(handle: JoinHandle<()>) -> Result<(), JoinError> {
    handle.abort();
    handle.await
}

fn end(entry: &Entry, ended: Result<(), JoinError>) {
    match ended {
        Ok(()) => (),
        Err(error) if error.is_panic() => {
            let what = panic_message(error);
            tracing::error!(query = %entry.running.id(), panic = %what, "a query panicked");
            entry.running.stop(Stop::Panicked(what));
        }
        // The runtime dropped it: the first reason stands, where there was one.
        Err(_) => entry.running.stop(Stop::Closing),
    }
}

fn panic_message(error: JoinError) -> String {
    let payload = AssertUnwindSafe(error.into_panic());
    payload
        .downcast_ref::<&str>()
        .map(ToString::to_string)
        .or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "without a message".into())
}

impl Stop {
    /// Returns the error that the reader is told.
    pub(super) fn into_error(self, timeout_ms: u64, timeout_ms_max: u64) -> Error {
        match self {
            Self::Timeout => Error::Timeout {
                timeout_ms,
                timeout_ms_max,
            },
            Self::Cancelled => Error::Cancelled,
            Self::Closing => Error::Closing,
            Self::Panicked(what) => Error::internal(format!("the query panicked: {what}")),
        }
    }
}
