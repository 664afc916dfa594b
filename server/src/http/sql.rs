//! `/api/v1/sql`: questions in SQL, answers streamed.

use axum::Json;
use axum::body::Body;
use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use query::{Format, Request};
use serde::Deserialize;
use tracing::error;

use super::{App, Caller, Permission, Problem};

/// The body of `POST`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct QueryBody {
    query: String,
    #[serde(default)]
    params: Vec<serde_json::Value>,
    timeout_ms: Option<u64>,
    format: Option<String>,
}

/// The query string of `GET`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Parameters {
    q: String,
    format: Option<String>,
    timeout_ms: Option<u64>,
}

/// `POST /api/v1/sql`.
pub(crate) async fn post(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    body: Result<Json<QueryBody>, JsonRejection>,
) -> Result<Response, Problem> {
    let Json(body) = body.map_err(|rejection| unread(&rejection))?;
    let format = format(body.format.as_deref(), &headers)?;
    let (sql, params, timeout_ms) = (body.query, body.params, body.timeout_ms);
    run(
        &app,
        &caller,
        Request {
            sql,
            params,
            timeout_ms,
            format,
        },
    )
    .await
}

/// `GET /api/v1/sql?q=…`.
pub(crate) async fn get(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    parameters: Result<Query<Parameters>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(given) =
        parameters.map_err(|rejection| Problem::bad_request(rejection.body_text()))?;
    let format = format(given.format.as_deref(), &headers)?;
    let request = Request {
        sql: given.q,
        params: Vec::new(),
        timeout_ms: given.timeout_ms,
        format,
    };
    run(&app, &caller, request).await
}

/// `DELETE /api/v1/queries/{id}`.
pub(crate) async fn cancel(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    caller.require(Permission::Query)?;
    app.core()?.query.cancel(&id)?;
    Ok(StatusCode::NO_CONTENT)
}

async fn run(app: &App, caller: &Caller, request: Request) -> Result<Response, Problem> {
    caller.require(Permission::Query)?;
    let core = app.core()?;
    let answer = core.query.run(request).await?;
    let id = HeaderValue::from_str(&answer.id.to_string())
        .map_err(|e| Problem::internal(e.to_string()))?;
    let content_type = HeaderValue::from_static(answer.content_type);
    let elapsed_ms = answer.elapsed_ms;
    let mut response = Response::new(Body::from_stream(answer.body));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, content_type);
    headers.insert(X_QUERY_ID, id);
    headers.insert(X_QUERY_TIME_MS, HeaderValue::from(elapsed_ms));
    Ok(response)
}

/// Returns the format by parameter, else by `Accept`, else JSON.
fn format(parameter: Option<&str>, headers: &HeaderMap) -> Result<Format, Problem> {
    if let Some(name) = parameter {
        return name.parse().map_err(|_| {
            let known = "json, jsonl, csv, arrow, parquet";
            Problem::bad_request(format!("there is no format {name:?}: use one of {known}"))
        });
    }
    let accept = headers
        .get(header::ACCEPT)
        .and_then(|value| value.to_str().ok());
    Ok(accept.and_then(Format::from_accept).unwrap_or(Format::Json))
}

/// Returns why a body could not be read.
fn unread(rejection: &JsonRejection) -> Problem {
    match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Problem::too_large(rejection.body_text()),
        _ => Problem::bad_request(rejection.body_text()),
    }
}

impl From<query::Error> for Problem {
    fn from(error: query::Error) -> Self {
        let detail = crate::describe(&error);
        let retry_after_s = error
            .retry_after_ms()
            .map_or(1, |ms| u32::try_from(ms.div_ceil(1_000)).unwrap_or(1));
        match error.status() {
            400 => Self::bad_sql(
                detail,
                error.position().map(|place| (place.line, place.column)),
            ),
            404 => Self::not_found(detail),
            409 => Self::conflict(detail),
            408 => Self::timed_out(detail),
            413 => Self::too_large(detail),
            429 => Self::too_many(detail, retry_after_s),
            503 => Self::unavailable(detail, retry_after_s),
            _ => {
                error!(error = detail, "a query failed");
                Self::internal(detail)
            }
        }
    }
}

const X_QUERY_ID: HeaderName = HeaderName::from_static("x-query-id");
const X_QUERY_TIME_MS: HeaderName = HeaderName::from_static("x-query-time-ms");
