//! Running one query: who waits for whom, and who stops whom.
//!
//! ```text
//!   caller            watch thread                       query threads
//!   run() ── queue ──▶ watch: place, timer, stop ── spawn ──▶ task: parse, plan, execute, encode
//!     │                   │  abort on time-out,                  │
//!     │                   │  cancel, hang-up; join               │
//!     └── Body ◀──────────┴──────── bounded channel ◀────────────┘
//! ```
//! The place in [`crate::admission`] is given back when the task and every operator it spawned are gone,
//! not when the caller has been told: a stopped query may compute on for a while.

mod body;
mod task;
mod watch;

use std::sync::Arc;

use bytes::Bytes;
use datafusion::arrow::datatypes::SchemaRef;
use serde_json::Value;
use tokio::sync::mpsc;

use crate::admission::Admission;
use crate::metrics::{Metrics, outcome};
use crate::registry::{QueryId, Registry};
use crate::runtime::Runtimes;
use crate::session::Base;
use crate::store::Store;
use crate::system::SystemTable;
use crate::{Error, Format, Settings};

use body::Reader;

pub use body::Body;

/// A query as it is asked.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// One statement.
    pub sql: String,
    /// What stands for `$1`, `$2`, …: null, truth values, numbers, texts.
    pub params: Vec<Value>,
    /// How long it may take; the settings' default where absent, never more than their maximum.
    pub timeout_ms: Option<u64>,
    /// How the rows are to be sent.
    pub format: Format,
}

/// A query that has given its first bytes.
#[derive(Debug)]
pub struct Answer {
    /// Its name, to cancel it by.
    pub id: QueryId,
    /// The media type of the body.
    pub content_type: &'static str,
    /// The columns.
    pub schema: SchemaRef,
    /// From the request to the first bytes.
    pub elapsed_ms: u64,
    /// The encoded rows; dropping it stops the query.
    pub body: Body,
}

/// What running queries share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) settings: Settings,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) system: Vec<Arc<dyn SystemTable>>,
    pub(crate) base: Arc<Base>,
    pub(crate) registry: Arc<Registry>,
    pub(crate) admission: Arc<Admission>,
    pub(crate) metrics: Metrics,
}

/// What a task tells its reader.
#[derive(Debug)]
enum Message {
    Schema(SchemaRef),
    Bytes(Bytes),
    Done,
}

/// Starts a query and waits for its first bytes, so that what fails before them is an error proper.
pub(crate) async fn run(
    shared: &Arc<Shared>,
    runtimes: &Runtimes,
    request: Request,
) -> Result<Answer, Error> {
    let timeout_ms = shared.settings.timeout_ms(request.timeout_ms);
    let queued = shared.admission.queue().inspect_err(|error| {
        shared.metrics.end(outcome(error), 0);
    })?;
    let entry = shared.registry.enter(&request.sql, timeout_ms);
    let running = Arc::clone(&entry.running);
    let (sender, receiver) = mpsc::channel(CHUNKS_MAX);
    let format = request.format;
    let reader = Reader::new(
        receiver,
        Arc::clone(&running),
        format,
        shared.settings.timeout_ms_max,
        shared.metrics.clone(),
    );
    let task = task::Task {
        shared: Arc::clone(shared),
        running: Arc::clone(&running),
        request,
        sender,
    };
    let workers = runtimes.workers.clone();
    // The watch ends with the query: it joins the task, and its own runtime outlives neither.
    runtimes
        .watch
        .spawn(watch::watch(workers, entry, queued, task));
    let (schema, body) = reader.begin().await?;
    Ok(Answer {
        id: running.id().clone(),
        content_type: format.content_type(),
        schema,
        elapsed_ms: running.elapsed_ms(),
        body,
    })
}

/// Chunks that wait for the reader; a task that is ahead by so many waits too (E-3).
const CHUNKS_MAX: usize = 4;

#[cfg(test)]
mod tests;
