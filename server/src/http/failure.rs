//! Errors of other crates as problems, and what has no route.

use axum::extract::Request;
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use schema::ErrorKind as Kind;
use tracing::error;

use super::Problem;

/// Answers a path that does not exist.
pub(crate) async fn no_such_path(request: Request) -> Problem {
    Problem::not_found(format!(
        "there is no {}; see /openapi.json",
        request.uri().path()
    ))
}

/// Answers a method that the path does not have.
pub(crate) async fn no_such_method(request: Request) -> Problem {
    let (method, path) = (request.method(), request.uri().path());
    Problem::method_not_allowed(format!("{path} does not take {method}; see /openapi.json"))
}

/// Answers everything but probes and metrics where every place is busy.
pub(crate) async fn no_place() -> Problem {
    Problem::unavailable(
        "every connection that the server may have is busy (http.connections_max): come again, over \
         fewer connections",
        1,
    )
}

/// Turns the framework's own plain-text refusals (body limits, malformed JSON) into problems.
pub(crate) async fn catch(request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    let status = response.status();
    let is_ours = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| !kind.as_bytes().starts_with(b"text/plain"));
    if is_ours || !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    let detail = detail_of(response).await;
    match status {
        StatusCode::PAYLOAD_TOO_LARGE => Problem::too_large(detail).into_response(),
        status if status.is_client_error() => Problem::bad_request(detail).into_response(),
        _ => Problem::internal(detail).into_response(),
    }
}

async fn detail_of(response: Response) -> String {
    match axum::body::to_bytes(response.into_body(), DETAIL_BYTES_MAX).await {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(_) => "the request could not be read".to_owned(),
    }
}

impl From<engine::Error> for Problem {
    fn from(error: engine::Error) -> Self {
        let detail = crate::describe(&error);
        match error.kind() {
            Kind::Invalid => Self::bad_request(detail),
            Kind::Denied => Self::forbidden(detail),
            Kind::Overloaded => Self::unavailable(detail, retry_after_s(&error)),
            Kind::Unavailable => Self::unavailable(detail, 5),
            Kind::Corrupt | Kind::Internal => {
                error!(error = detail, "a request met a failure of the store");
                Self::internal(detail)
            }
        }
    }
}

/// Returns when to come again, in whole seconds.
fn retry_after_s(error: &engine::Error) -> u32 {
    let seconds = error.retry_after_ms().unwrap_or(0).div_ceil(1_000);
    u32::try_from(seconds).unwrap_or(u32::MAX).max(1)
}

impl From<crate::Error> for Problem {
    fn from(error: crate::Error) -> Self {
        match error {
            crate::Error::Engine(error) => error.into(),
            crate::Error::Query(error) => error.into(),
            error => {
                let detail = crate::describe(&error);
                error!(error = detail, "a request failed");
                Self::internal(detail)
            }
        }
    }
}

impl From<wire::Error> for Problem {
    fn from(error: wire::Error) -> Self {
        Self::bad_request(error.to_string())
    }
}

impl From<schema::Error> for Problem {
    fn from(error: schema::Error) -> Self {
        Self::bad_request(error.to_string())
    }
}

const DETAIL_BYTES_MAX: usize = 4 << 10;
