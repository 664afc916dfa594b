//! `POST /api/v1/maintenance/flush` and `…/compact`.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;

use super::{App, Caller, Permission, Problem};
use crate::core::Core;

/// `?wait=true`: answer when done.
#[derive(Debug, Deserialize)]
pub(crate) struct Wait {
    #[serde(default)]
    wait: bool,
}

/// Writes the memtables to parts.
pub(crate) async fn flush(
    State(app): State<App>,
    caller: Caller,
    Query(wait): Query<Wait>,
) -> Result<Response, Problem> {
    run(&app, &caller, &wait, |core| core.engine.flush()).await
}

/// Merges parts.
pub(crate) async fn compact(
    State(app): State<App>,
    caller: Caller,
    Query(wait): Query<Wait>,
) -> Result<Response, Problem> {
    run(&app, &caller, &wait, |core| core.engine.compact()).await
}

async fn run(
    app: &App,
    caller: &Caller,
    wait: &Wait,
    work: impl FnOnce(&Core) -> Result<(), engine::Error> + Send + 'static,
) -> Result<Response, Problem> {
    caller.require(Permission::Operate)?;
    let core = Arc::clone(app.core()?);
    let worker = Arc::clone(&core);
    let task = core.spawn_blocking(move || work(&worker));
    if !wait.wait {
        return Ok((StatusCode::ACCEPTED, Json(json!({ "state": "started" }))).into_response());
    }
    task.await
        .map_err(|error| Problem::internal(error.to_string()))??;
    Ok(Json(json!({ "state": "done" })).into_response())
}
