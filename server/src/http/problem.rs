//! Errors as `application/problem+json` (RFC 9457).

use axum::Json;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::request_id;

/// An error answer; boxed, since most calls succeed and should not carry room for it.
#[derive(Debug, Clone)]
pub(crate) struct Problem(Box<Body>);

/// What the answer says.
#[derive(Debug, Clone, Serialize)]
struct Body {
    /// A stable name of the kind of error, as a relative reference.
    #[serde(rename = "type")]
    kind: &'static str,
    /// The kind in words.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// What is wrong with this request, and what to do.
    detail: String,
    /// The line of the query, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u64>,
    /// The column of the query, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<u64>,
    /// By which the request is found in the logs.
    request_id: String,
    #[serde(skip)]
    retry_after_s: Option<u32>,
}

impl Problem {
    fn new(
        status: StatusCode,
        kind: &'static str,
        title: &'static str,
        detail: impl Into<String>,
    ) -> Self {
        Self(Box::new(Body {
            kind,
            title,
            status: status.as_u16(),
            detail: detail.into(),
            line: None,
            column: None,
            request_id: request_id::current(),
            retry_after_s: None,
        }))
    }

    /// 400: the request is wrong.
    pub(crate) fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "/problems/bad-request",
            "bad request",
            detail,
        )
    }

    /// 400: the SQL is wrong, at a place where that is known.
    pub(crate) fn bad_sql(detail: impl Into<String>, place: Option<(u64, u64)>) -> Self {
        let mut problem = Self::new(
            StatusCode::BAD_REQUEST,
            "/problems/bad-sql",
            "bad SQL",
            detail,
        );
        problem.0.line = place.map(|(line, _)| line);
        problem.0.column = place.map(|(_, column)| column);
        problem
    }

    /// 401: no token, or not one of ours.
    pub(crate) fn unauthorised(detail: impl Into<String>) -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "/problems/unauthorised",
            "a valid token is needed",
            detail,
        )
    }

    /// 403: the token's role does not allow this.
    pub(crate) fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "/problems/forbidden",
            "not allowed",
            detail,
        )
    }

    /// 404: there is no such thing.
    pub(crate) fn not_found(detail: impl Into<String>) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "/problems/not-found",
            "not found",
            detail,
        )
    }

    /// 405: the thing is there, the method is not.
    pub(crate) fn method_not_allowed(detail: impl Into<String>) -> Self {
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "/problems/method",
            "method not allowed",
            detail,
        )
    }

    /// 408: the query ran out of time.
    pub(crate) fn timed_out(detail: impl Into<String>) -> Self {
        Self::new(
            StatusCode::REQUEST_TIMEOUT,
            "/problems/timeout",
            "the query ran out of time",
            detail,
        )
    }

    /// 408: the body came too slowly.
    pub(crate) fn too_slow(detail: impl Into<String>) -> Self {
        Self::new(
            StatusCode::REQUEST_TIMEOUT,
            "/problems/slow",
            "the body came too slowly",
            detail,
        )
    }

    /// 409: the request contradicts what is there.
    pub(crate) fn conflict(detail: impl Into<String>) -> Self {
        Self::new(
            StatusCode::CONFLICT,
            "/problems/conflict",
            "conflict",
            detail,
        )
    }

    /// 413: the body is too large.
    pub(crate) fn too_large(detail: impl Into<String>) -> Self {
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "/problems/too-large",
            "too large",
            detail,
        )
    }

    /// 429: a limit is reached; come again.
    pub(crate) fn too_many(detail: impl Into<String>, retry_after_s: u32) -> Self {
        let status = StatusCode::TOO_MANY_REQUESTS;
        let mut problem = Self::new(status, "/problems/limit", "a limit is reached", detail);
        problem.0.retry_after_s = Some(retry_after_s);
        problem
    }

    /// 500: the server failed.
    pub(crate) fn internal(detail: impl Into<String>) -> Self {
        let status = StatusCode::INTERNAL_SERVER_ERROR;
        Self::new(status, "/problems/internal", "the server failed", detail)
    }

    /// 503: overloaded, stopping or not up yet; come again.
    pub(crate) fn unavailable(detail: impl Into<String>, retry_after_s: u32) -> Self {
        let status = StatusCode::SERVICE_UNAVAILABLE;
        let mut problem = Self::new(status, "/problems/unavailable", "not now", detail);
        problem.0.retry_after_s = Some(retry_after_s);
        problem
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status =
            StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let retry_after = self.0.retry_after_s;
        let mut response = (status, Json(self.0)).into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        if let Some(seconds) = retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if status == StatusCode::UNAUTHORIZED {
            let challenge = HeaderValue::from_static("Bearer, Basic realm=\"pgAnalytics\"");
            headers.insert(HeaderName::from_static("www-authenticate"), challenge);
        }
        response
    }
}
