//! How batches from the collectors' door reach the store.

use engine::Engine;
use ingest::{CommitFuture, CommitSink, Committed, Refused};
use wire::BatchFrame;

use crate::patience;

/// The store, as the collectors' door sees it.
#[derive(Debug)]
pub(crate) struct EngineSink {
    engine: Engine,
}

impl EngineSink {
    /// Returns the door's way into the store.
    pub(crate) fn new(engine: Engine) -> Self {
        Self { engine }
    }
}

impl CommitSink for EngineSink {
    fn commit(&self, frame: BatchFrame) -> CommitFuture {
        let commit = patience::begin(&self.engine, frame);
        Box::pin(async move {
            let committed = commit.await.map_err(refused)?;
            Ok(Committed {
                lsn: committed.lsn,
                commit_time: committed.commit_time,
                duplicate: committed.duplicate,
            })
        })
    }
}

fn refused(error: engine::Error) -> Refused {
    let retry_after_ms = match &error {
        engine::Error::Overloaded { retry_after_ms, .. } => {
            u32::try_from(*retry_after_ms).unwrap_or(u32::MAX)
        }
        _ => 0,
    };
    Refused {
        kind: error.kind(),
        reason: crate::describe(&error),
        retry_after_ms,
    }
}
