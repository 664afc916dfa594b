//! How a server ends: asked by a signal, or stopped by its own store.

use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{MissedTickBehavior, interval};
use tracing::{error, info};

use crate::archive::Archiving;
use crate::core::Core;
use crate::{Error, Server};

/// Why a server ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stopped {
    /// By SIGTERM or SIGINT, in order.
    Asked,
    /// Another server took the repository over: this one must not acknowledge what it cannot ship.
    Fenced,
    /// W-3: the log failed to sync, or a thread of the store ended; a restart replays what is on disk.
    Failed,
}

impl Server {
    /// Serves until a signal comes or the log fails, then stops in order.
    ///
    /// # Errors
    /// What went wrong on the way down, and what ended archiving unless it was another server.
    pub async fn run_until_signal(self) -> Result<Stopped, Error> {
        let stopped = tokio::select! {
            signal = signalled() => signal.map(|()| Stopped::Asked)?,
            stopped = by_itself(self.core()) => stopped,
        };
        match stopped {
            Stopped::Asked => info!("stopping"),
            Stopped::Fenced => error!("the log is not archived any more: stopping"),
            Stopped::Failed => error!("the store has failed: stopping without another ack"),
        }
        let outcome = self.stop().await;
        match (stopped, outcome) {
            // A store that failed cannot be closed in order, which is known.
            (Stopped::Failed, Err(error)) => {
                error!(%error, "the server could not be stopped in order");
            }
            (Stopped::Fenced, Err(Error::Backup(error @ backup::Error::Fenced { .. }))) => {
                error!(%error, "another server archives to this repository");
            }
            (_, outcome) => outcome?,
        }
        Ok(stopped)
    }
}

/// Returns when SIGTERM or SIGINT comes.
///
/// # Errors
/// [`Error::Io`] when signals cannot be listened for.
pub async fn signalled() -> Result<(), Error> {
    let failed = |source| Error::Io {
        path: "signals".into(),
        source,
    };
    let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

/// Returns once the server must stop by itself.
async fn by_itself(core: &Core) -> Stopped {
    let mut ticks = interval(CHECK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if core.engine.has_failed() {
            return Stopped::Failed;
        }
        if core.archive.as_deref().is_some_and(Archiving::has_ended) {
            return Stopped::Fenced;
        }
    }
}

const CHECK: Duration = Duration::from_millis(200);
