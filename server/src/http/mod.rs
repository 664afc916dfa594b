//! The HTTP door: one file per surface, errors as RFC 9457, an id for every request.
//!
//! The listener is up before the store is: until [`crate::core::Core`] is there, every call but
//! `/health/live` and `/api/v1/version` is answered 503 with `Retry-After`.

mod answers;
mod auth;
mod backups;
mod body;
mod collectors;
mod connection;
mod failure;
mod health;
mod listener;
mod maintenance;
mod openapi;
mod places;
mod predicate;
mod problem;
mod request_id;
mod room;
mod rows;
mod sending;
mod small;
mod sql;
mod tables;
mod tokens;
mod write;

use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderValue, header};
use axum::middleware::{self, from_fn_with_state};
use axum::response::Response;
use axum::routing::{delete, get, patch, post};

pub(crate) use auth::{Caller, Permission};
pub(crate) use connection::bytes_each;
pub(crate) use listener::{PROBES_MAX, Serving, bind};
pub(crate) use problem::Problem;
pub(crate) use room::BODY_COPIES;
pub(crate) use small::SMALL_ROOM_BYTES;

use crate::config::HttpSettings;
use crate::core::Core;
use crate::metrics::Metrics;
use room::Room;
use small::{SMALL_BODY_BYTES_MAX, SmallRoom};

/// What every route shares.
#[derive(Debug, Clone)]
pub(crate) struct App {
    core: Arc<OnceLock<Arc<Core>>>,
    room: Room,
    /// For bodies of requests that write no rows.
    small_room: SmallRoom,
    /// How fast bodies must come at least.
    body_pace: u32,
    metrics: Metrics,
}

impl App {
    /// Returns an application whose store is not open yet.
    pub(crate) fn new(settings: &HttpSettings) -> Self {
        Self {
            core: Arc::default(),
            room: Room::new(settings.body_bytes_max, settings.room_bytes()),
            small_room: SmallRoom::new(),
            body_pace: settings.body_bytes_per_second_min,
            metrics: Metrics::default(),
        }
    }

    /// Returns the room of writes.
    pub(crate) const fn room(&self) -> &Room {
        &self.room
    }

    /// Returns how many bytes of a body must come in a second at least.
    pub(crate) const fn body_pace(&self) -> u32 {
        self.body_pace
    }

    /// Returns what the door counts.
    pub(crate) const fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// Says that the store is open; calls are served from now on.
    pub(crate) fn serve(&self, core: Arc<Core>) {
        assert!(self.core.set(core).is_ok(), "the store is opened once");
    }

    /// Returns the store.
    ///
    /// # Errors
    /// 503 before it is open and while it stops.
    pub(crate) fn core(&self) -> Result<&Arc<Core>, Problem> {
        let Some(core) = self.core.get() else {
            return Err(Problem::unavailable(
                "the server is still reading its log, ask again soon",
                1,
            ));
        };
        if core.is_stopping() {
            return Err(Problem::unavailable("the server is stopping", 5));
        }
        Ok(core)
    }
}

/// Returns what is answered where every place is busy: how the server is, so that somebody can mend it.
fn probes(app: App) -> Router {
    health_routes()
        .fallback(failure::no_place)
        .method_not_allowed_fallback(failure::no_place)
        .layer(middleware::map_response(last_answer))
        .layer(middleware::from_fn(request_id::layer))
        .with_state(app)
}

fn health_routes() -> Router<App> {
    Router::new()
        .route("/metrics", get(health::metrics))
        .route("/health/live", get(health::live))
        .route("/health/ready", get(health::ready))
}

/// Says that the connection ends with this answer.
async fn last_answer(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}

/// Returns the whole HTTP surface.
fn router(app: App) -> Router {
    // E-3: only writes have large bodies; room is kept for them and for the others.
    let room = || from_fn_with_state(app.room.clone(), room::layer);
    let write = || post(write::line_protocol).layer(room());
    let batch = post(write::json_batch).layer(room());
    let small = from_fn_with_state(app.small_room.clone(), small::layer);
    let api = Router::new()
        .route("/sql", get(sql::get).post(sql::post))
        .route("/queries/{id}", delete(sql::cancel))
        .route(
            "/collectors",
            get(collectors::list).post(collectors::register),
        )
        .route("/collectors/{name}", delete(collectors::revoke))
        .route("/tokens", get(tokens::list).post(tokens::create))
        .route("/tokens/{id}", delete(tokens::revoke))
        .route("/backups", get(backups::list).post(backups::create))
        .route("/tables", get(tables::list))
        .route("/tables/{table}", patch(tables::change))
        .route("/tables/{table}/rows", delete(rows::delete))
        .route("/maintenance/flush", post(maintenance::flush))
        .route("/maintenance/compact", post(maintenance::compact))
        .layer(small)
        .route("/write", write())
        .route("/ingest", batch)
        .route("/version", get(health::version));
    health_routes()
        .nest("/api/v1", api)
        .route("/api/v2/write", write())
        .route("/write", write())
        .route("/openapi.json", get(openapi::specification))
        .fallback(failure::no_such_path)
        .method_not_allowed_fallback(failure::no_such_method)
        .layer(DefaultBodyLimit::max(SMALL_BODY_BYTES_MAX))
        .layer(middleware::from_fn(failure::catch))
        .layer(middleware::from_fn(request_id::layer))
        .with_state(app)
}
