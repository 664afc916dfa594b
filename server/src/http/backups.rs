//! `/api/v1/backups`: take one, list them.

use axum::Json;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use backup::BackupKind;
use serde::Deserialize;

use super::{App, Caller, Permission, Problem};
use crate::archive::Archiving;
use crate::core::Core;

/// `?full=true`: store and check every part again.
#[derive(Debug, Deserialize)]
pub(crate) struct Kind {
    #[serde(default)]
    full: bool,
}

/// Takes a backup; answers when it exists (B-1).
pub(crate) async fn create(
    State(app): State<App>,
    caller: Caller,
    Query(kind): Query<Kind>,
) -> Result<Response, Problem> {
    caller.require(Permission::Operate)?;
    let kind = if kind.full {
        BackupKind::Full
    } else {
        BackupKind::Incremental
    };
    let record = archiving(app.core()?)?.create(kind).await?;
    Ok((StatusCode::CREATED, Json(record)).into_response())
}

/// Lists the backups.
pub(crate) async fn list(State(app): State<App>, caller: Caller) -> Result<Response, Problem> {
    caller.require(Permission::Operate)?;
    let records = archiving(app.core()?)?.list().await?;
    Ok(Json(records).into_response())
}

fn archiving(core: &Core) -> Result<&Archiving, Problem> {
    core.archive.as_deref().ok_or_else(|| {
        Problem::conflict("this server has no repository: set [backup] url and restart it")
    })
}
