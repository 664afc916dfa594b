//! The body of a write: whole, within its limit, and at a pace at which it does not hold room for ever.

use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{FromRequest, Request};
use bytes::BytesMut;
use futures::StreamExt;
use tokio::time::{Instant, timeout_at};

use super::{App, Problem};

/// A body that came whole.
#[derive(Debug)]
pub(crate) struct Rows(pub(crate) Bytes);

impl FromRequest<App> for Rows {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let (limit, pace) = (app.room().body_bytes_max(), app.body_pace());
        let whole = whole(request.into_body(), limit, |bytes| patience(bytes, pace)).await;
        whole.map(Self).map_err(|unread| match unread {
            Unread::TooLarge => Problem::too_large(format!(
                "the body exceeds {limit} bytes: send smaller requests"
            )),
            Unread::TooSlow => too_slow(pace),
            Unread::Broken(reason) => Problem::bad_request(reason),
        })
    }
}

/// Why a body did not come whole.
#[derive(Debug, PartialEq, Eq)]
enum Unread {
    TooLarge,
    TooSlow,
    Broken(String),
}

/// Reads a body; `patience` tells how long one may take that has brought so many bytes.
async fn whole(
    body: Body,
    limit: usize,
    patience: impl Fn(usize) -> Duration,
) -> Result<Bytes, Unread> {
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if announced > limit {
        return Err(Unread::TooLarge);
    }
    // E-3: one piece of memory, of the size that room was kept for.
    let mut whole = BytesMut::with_capacity(announced);
    let began = Instant::now();
    let mut chunks = body.into_data_stream();
    loop {
        let next = timeout_at(began + patience(whole.len()), chunks.next());
        let Some(chunk) = next.await.map_err(|_| Unread::TooSlow)? else {
            return Ok(whole.freeze());
        };
        let chunk = chunk.map_err(|error| Unread::Broken(error.to_string()))?;
        if chunk.len() > limit.saturating_sub(whole.len()) {
            return Err(Unread::TooLarge);
        }
        whole.extend_from_slice(&chunk);
    }
}

fn too_slow(pace: u32) -> Problem {
    Problem::too_slow(format!(
        "the body came more slowly than {pace} bytes a second: send smaller requests"
    ))
}

/// Returns how long a body may take that has brought this many bytes so far.
fn patience(received_bytes: usize, bytes_per_second_min: u32) -> Duration {
    let earned = (received_bytes as u64).saturating_mul(1_000);
    GRACE + Duration::from_millis(earned / u64::from(bytes_per_second_min).max(1))
}

/// What every body has, however small.
const GRACE: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use futures::stream;

    use super::*;

    async fn read(body: Body, patience: Duration) -> Result<usize, Unread> {
        whole(body, 1_000, |_| patience)
            .await
            .map(|body| body.len())
    }

    fn chunks(bytes: usize, count: usize) -> Body {
        let chunk = move |_| Ok::<_, std::io::Error>(vec![b'x'; bytes]);
        Body::from_stream(stream::iter((0..count).map(chunk)))
    }

    #[tokio::test]
    async fn a_body_comes_whole_up_to_its_limit() {
        assert_eq!(read(Body::empty(), GRACE).await, Ok(0));
        assert_eq!(read(Body::from(vec![7; 1_000]), GRACE).await, Ok(1_000));
        let large = read(Body::from(vec![7; 1_001]), GRACE).await;
        assert_eq!(large, Err(Unread::TooLarge));
        assert_eq!(read(chunks(100, 10), GRACE).await, Ok(1_000));
        assert_eq!(read(chunks(143, 7), GRACE).await, Err(Unread::TooLarge));
    }

    #[tokio::test]
    async fn who_sends_no_more_is_not_waited_for() {
        let begun = stream::iter([Ok::<_, std::io::Error>(vec![7; 10])]);
        let body = Body::from_stream(begun.chain(stream::pending()));
        assert_eq!(read(body, Duration::ZERO).await, Err(Unread::TooSlow));
    }

    #[test]
    fn a_slow_line_earns_its_time_and_a_trickle_does_not() {
        assert_eq!(patience(0, 16 << 10), GRACE);
        assert_eq!(patience(1_000, 16 << 10).as_secs(), 10);
        assert_eq!(patience(32 << 20, 16 << 10).as_secs(), 10 + 2_048);
    }
}
