//! An id for every request: in its log lines, in its answer, in its errors.

use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use tracing::{Instrument, debug, info_span};

tokio::task_local! {
    static REQUEST_ID: String;
}

/// The header in which a caller may give an id, and in which the answer carries it.
pub(crate) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Returns the id of the request that this task works for; empty outside a request.
pub(crate) fn current() -> String {
    REQUEST_ID.try_with(Clone::clone).unwrap_or_default()
}

/// Gives the request an id and a span.
pub(crate) async fn layer(request: Request, next: Next) -> Response {
    let id = given(&request).unwrap_or_else(fresh);
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or("-", MatchedPath::as_str)
        .to_owned();
    let span = info_span!("request", id = %id, method = %request.method(), route = %route);
    let answered = REQUEST_ID
        .scope(id.clone(), next.run(request))
        .instrument(span.clone());
    let mut response = answered.await;
    let _entered = span.enter();
    debug!(status = response.status().as_u16(), "request answered");
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(X_REQUEST_ID, value);
    }
    response
}

/// Returns the caller's id if it is short and plain: it goes into logs.
fn given(request: &Request) -> Option<String> {
    let id = request.headers().get(&X_REQUEST_ID)?.to_str().ok()?;
    let plain = id
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
    (!id.is_empty() && id.len() <= 64 && plain).then(|| id.to_owned())
}

fn fresh() -> String {
    let mut bytes = [0; 8];
    platform::Entropy::fill(&platform::OsEntropy, &mut bytes);
    crate::identity::hex(&bytes)
}
