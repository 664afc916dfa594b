//! Probes, version and metrics; open to everybody who reaches the port.

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::{App, Problem};

/// The process is alive.
pub(crate) async fn live() -> Json<serde_json::Value> {
    Json(json!({ "state": "live" }))
}

/// The store is open, its log takes writes.
pub(crate) async fn ready(State(app): State<App>) -> Result<Response, Problem> {
    let core = app.core()?;
    if core.engine.has_failed() {
        return Err(Problem::unavailable(
            "the store has failed and takes no more writes: look at the log and the disk, then restart",
            60,
        ));
    }
    Ok(Json(json!({ "state": "ready" })).into_response())
}

/// Which program this is.
pub(crate) async fn version() -> Json<serde_json::Value> {
    Json(json!({ "name": "pganalytics", "version": env!("CARGO_PKG_VERSION") }))
}

/// Everything countable, in Prometheus' text format.
pub(crate) async fn metrics(State(app): State<App>) -> Result<Response, Problem> {
    let text = app
        .core()?
        .render_metrics()
        .map_err(|error| Problem::internal(error.to_string()))?;
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    Ok(([(header::CONTENT_TYPE, kind)], text).into_response())
}
