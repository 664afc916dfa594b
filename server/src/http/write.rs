//! The doors for rows over HTTP: line protocol and JSON batches, through the same commit as QUIC.

use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use engine::Committed;
use ingest::line::{self, Precision};
use schema::Timestamp;
use serde::Deserialize;
use wire::BatchFrame;
use wire::v1::Batch;

use super::body::Rows;
use super::room::Work;
use super::{App, Caller, Permission, Problem};
use crate::core::Core;
use crate::identity::{hex, sha256};
use crate::patience;

/// The query string; Influx's `db`, `bucket`, `org` and `rp` are taken and have no meaning here.
#[derive(Debug, Deserialize)]
pub(crate) struct Parameters {
    precision: Option<String>,
}

/// `POST /api/v1/write`, `/api/v2/write`, `/write`: Influx line protocol, plain or gzip.
pub(crate) async fn line_protocol(
    State(app): State<App>,
    caller: Caller,
    Query(parameters): Query<Parameters>,
    headers: HeaderMap,
    Rows(body): Rows,
) -> Result<Response, Problem> {
    caller.require(Permission::Write)?;
    let core = app.core()?;
    let precision = precision(parameters.precision.as_deref())?;
    let (now, limits) = (core.now(), core.limits);
    let (batch, _work) = decoded(&app, core, &headers, body, move |body| {
        line::decode(body, precision, now, &limits).map_err(|error| error.to_string())
    })
    .await?;
    if batch.tables.is_empty() {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let committed = commit(core, &caller, &headers, batch).await?;
    answer(committed)
}

/// `POST /api/v1/ingest`: a JSON batch, for a collector whose network has no UDP.
pub(crate) async fn json_batch(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    Rows(body): Rows,
) -> Result<Response, Problem> {
    caller.require(Permission::Write)?;
    let core = app.core()?;
    let limits = core.limits;
    let (mut batch, _work) = decoded(&app, core, &headers, body, move |body| {
        ingest::json::decode(body, &limits).map_err(|error| error.to_string())
    })
    .await?;
    // A token speaks only for itself: numbered batches count under its own name.
    if batch.epoch != 0 {
        batch.collector = format!("token:{}:{}", caller.token_id, batch.collector);
    }
    let committed = commit(core, &caller, &headers, batch).await?;
    answer(committed)
}

async fn commit(
    core: &Core,
    caller: &Caller,
    headers: &HeaderMap,
    mut batch: Batch,
) -> Result<Committed, Problem> {
    if let Some(key) = headers.get(IDEMPOTENCY_KEY) {
        number_by_key(&mut batch, &caller.token_id, key.as_bytes());
    }
    let frame = BatchFrame::encode(&batch, &core.limits)?;
    Ok(patience::commit(&core.engine, frame).await?)
}

/// Makes the batch's number out of the key, so that the same key is stored once.
///
/// Every key is a collector of its own: keys come in no order, and windows forget by order.
fn number_by_key(batch: &mut Batch, token_id: &str, key: &[u8]) {
    let hash = hex(sha256(key).get(..KEY_HASH_BYTES).unwrap_or(&[]));
    batch.collector = format!("{IDEMPOTENCY_PREFIX}{token_id}:{hash}");
    (batch.epoch, batch.sequence) = (1, 1);
}

fn answer(committed: Committed) -> Result<Response, Problem> {
    let mut response = StatusCode::NO_CONTENT.into_response();
    let commit_time: Timestamp = committed.commit_time;
    let value = |text: String| {
        HeaderValue::try_from(text).map_err(|error| Problem::internal(error.to_string()))
    };
    response
        .headers_mut()
        .insert(X_LSN, value(committed.lsn.to_string())?);
    response
        .headers_mut()
        .insert(X_COMMIT_TIME, value(commit_time.to_string())?);
    Ok(response)
}

fn precision(given: Option<&str>) -> Result<Precision, Problem> {
    match given {
        None => Ok(Precision::Nanoseconds),
        Some(text) => text.parse().map_err(|_| {
            Problem::bad_request(format!(
                "there is no precision {text:?}: use ns, us, ms or s"
            ))
        }),
    }
}

/// Unpacks a body and reads it, in the room that this takes and on a thread that may compute.
async fn decoded(
    app: &App,
    core: &Core,
    headers: &HeaderMap,
    body: Bytes,
    decode: impl FnOnce(&[u8]) -> Result<Batch, String> + Send + 'static,
) -> Result<(Batch, Work), Problem> {
    let is_packed = is_packed(headers)?;
    let mut work = if is_packed {
        app.room().work_unknown().await?
    } else {
        app.room().work(body.len()).await?
    };
    let body_bytes_max = core.body_bytes_max;
    let read = tokio::task::spawn_blocking(move || {
        if !is_packed {
            return decode(&body).map(|batch| (batch, work));
        }
        let unpacked = ingest::gunzip(&body, body_bytes_max).map_err(|error| error.to_string())?;
        work.shrink_to(unpacked.len());
        decode(&unpacked).map(|batch| (batch, work))
    });
    let read = read
        .await
        .map_err(|error| Problem::internal(error.to_string()))?;
    read.map_err(Problem::bad_request)
}

/// Tells whether a body is gzip.
///
/// # Errors
/// 400 for an encoding that is not known here.
fn is_packed(headers: &HeaderMap) -> Result<bool, Problem> {
    let encoding = headers
        .get(header::CONTENT_ENCODING)
        .map(HeaderValue::as_bytes);
    match encoding {
        None | Some(b"identity" | b"") => Ok(false),
        Some(b"gzip" | b"x-gzip") => Ok(true),
        Some(other) => {
            let name = String::from_utf8_lossy(other).into_owned();
            Err(Problem::bad_request(format!(
                "content encoding {name:?} is not known: use gzip"
            )))
        }
    }
}

/// Tells the store that a batch is numbered by a key, and is to be forgotten after a day.
const IDEMPOTENCY_PREFIX: &str = "idempotency:";
/// Two keys of a day are alike with a chance of one in 2^64, for a billion of them.
const KEY_HASH_BYTES: usize = 16;
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const X_LSN: HeaderName = HeaderName::from_static("x-lsn");
const X_COMMIT_TIME: HeaderName = HeaderName::from_static("x-commit-time");
