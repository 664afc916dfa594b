//! An answer of the server: a body to be streamed, or a problem to be told.

use bytes::Bytes;
use futures::{Stream, TryStreamExt};
use reqwest::{Response, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::failure::{Failure, Outcome};

/// A successful answer whose body has not been read yet.
#[derive(Debug)]
pub(crate) struct Answer {
    response: Response,
}

/// `application/problem+json`, as far as a command tells it.
#[derive(Debug, Deserialize)]
struct Problem {
    title: String,
    detail: String,
    line: Option<u64>,
    column: Option<u64>,
    request_id: String,
}

impl Answer {
    /// Returns the answer if it is one, else the server's problem as a failure.
    pub(super) async fn check(response: Response) -> Outcome<Self> {
        let status = response.status();
        if status.is_success() {
            return Ok(Self { response });
        }
        let body = response.bytes().await.unwrap_or_default();
        let Ok(problem) = serde_json::from_slice::<Problem>(&body) else {
            return Err(Failure::new(
                format!("the server answered {status}"),
                "is this pgAnalytics?",
            ));
        };
        let place = match (problem.line, problem.column) {
            (Some(line), Some(column)) => format!(" (line {line}, column {column})"),
            _ => String::new(),
        };
        let what = format!("{}: {}{place}", problem.title, problem.detail);
        let advice = format!("request {} in the server's log", problem.request_id);
        // Too slow or too busy is no mistake in the call.
        let is_load = matches!(
            status,
            StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS
        );
        if status.is_client_error() && !is_load {
            Err(Failure::call(what, advice))
        } else {
            Err(Failure::new(what, advice))
        }
    }

    /// Reads the whole body as JSON; an empty body is null.
    pub(crate) async fn json<T: DeserializeOwned>(self) -> Outcome<T> {
        let bytes = self.bytes().await?;
        let text: &[u8] = if bytes.is_empty() { b"null" } else { &bytes };
        serde_json::from_slice(text).map_err(|error| {
            Failure::new(error, "the server is of another version: compare --version")
        })
    }

    /// Reads the whole body.
    pub(crate) async fn bytes(self) -> Outcome<Bytes> {
        self.response.bytes().await.map_err(|error| broken(&error))
    }

    /// Reads the body piece by piece.
    pub(crate) fn stream(self) -> impl Stream<Item = Outcome<Bytes>> {
        self.response.bytes_stream().map_err(|error| broken(&error))
    }
}

fn broken(error: &reqwest::Error) -> Failure {
    Failure::new(
        format!("the answer broke off: {}", super::innermost(error)),
        "the query failed on the way, or the server stopped: see its log",
    )
}
