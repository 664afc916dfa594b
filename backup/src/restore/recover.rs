//! Lets the store take the restored directory over: it replays the log, puts it into parts, closes.

use std::path::Path;
use std::sync::Arc;

use super::RestoreRequest;
use super::plan::Plan;
use crate::Error;

/// What is handed to the store that is to open a restored directory.
#[derive(Debug, Clone)]
pub(crate) struct Restored {
    pub(crate) environment: engine::Environment,
    pub(crate) settings: engine::Settings,
}

/// Opens a restored directory once, so that what is published has been opened before. Blocks.
pub(crate) type Recover = Box<dyn FnOnce(Restored) -> Result<(), Error> + Send>;

pub(super) async fn recover(
    request: &RestoreRequest,
    plan: &Plan,
    dir: &Path,
    recover: Recover,
) -> Result<(), Error> {
    let environment = engine::Environment {
        disk: Arc::clone(&request.disk),
        clock: Arc::clone(&request.clock),
        entropy: Arc::clone(&request.entropy),
        keyring: Arc::new(plan.keyring_copy(&request.master_key)?),
        dir: dir.to_owned(),
    };
    let restored = Restored {
        environment,
        settings: request.engine.clone(),
    };
    let done = tokio::task::spawn_blocking(move || recover(restored)).await;
    done.map_err(|_| Error::Aborted {
        task: "recovers the store",
    })?
}
