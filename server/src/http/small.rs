//! Bodies of requests that write no rows: read before the request is let in, in room that all of them share.
//!
//! ```text
//!   request ── room for what its body says that it is, or a little ── none: waits a while, then 503
//!      │       reads it, with more room as more of it comes ────────── too slow: 408, too long: 413
//!      └─ handler: room for what came, until it is answered
//! ```
//! Nobody keeps the others out by a body that does not come, or that does not say how long it is.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use bytes::BytesMut;
use futures::StreamExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout, timeout_at};

use super::Problem;

/// The room of all these bodies, in KiB.
#[derive(Debug, Clone)]
pub(crate) struct SmallRoom(Arc<Semaphore>);

impl SmallRoom {
    /// Returns room of [`SMALL_ROOM_BYTES`].
    pub(crate) fn new() -> Self {
        Self(Arc::new(Semaphore::new(SMALL_ROOM_BYTES >> 10)))
    }

    /// Reads a body that comes in time, and keeps room for it.
    async fn gather(
        &self,
        body: Body,
        time: Duration,
    ) -> Result<(Bytes, OwnedSemaphorePermit), Problem> {
        let announced = body.size_hint().exact();
        let first = announced.map_or(Ok(UNKNOWN_BYTES), usize::try_from);
        let first = first.ok().filter(|bytes| *bytes <= SMALL_BODY_BYTES_MAX);
        let first = first.ok_or_else(too_large)?;
        let held = Arc::clone(&self.0).acquire_many_owned(kibibytes(first));
        let Ok(Ok(mut held)) = timeout(ROOM_WAIT, held).await else {
            return Err(crowded());
        };
        let mut whole = BytesMut::with_capacity(first);
        let end = Instant::now() + time;
        let mut chunks = body.into_data_stream();
        while let Some(chunk) = timeout_at(end, chunks.next()).await.map_err(|_| slow())? {
            let chunk = chunk.map_err(|error| Problem::bad_request(error.to_string()))?;
            let bytes = whole.len().saturating_add(chunk.len());
            if bytes > SMALL_BODY_BYTES_MAX {
                return Err(too_large());
            }
            let wanted = kibibytes(bytes) as usize;
            if let Some(more @ 1..) = wanted.checked_sub(held.num_permits()) {
                // Whoever has some room does not wait for more: two of them would wait for each other.
                let more = u32::try_from(more).unwrap_or(u32::MAX);
                let more = Arc::clone(&self.0).try_acquire_many_owned(more);
                held.merge(more.map_err(|_| crowded())?);
            }
            whole.extend_from_slice(&chunk);
        }
        let spare = held.num_permits() - (kibibytes(whole.len()) as usize).min(held.num_permits());
        drop(held.split(spare));
        Ok((whole.freeze(), held))
    }
}

/// Lets a request in once its body is here.
pub(crate) async fn layer(State(room): State<SmallRoom>, request: Request, next: Next) -> Response {
    if request.body().is_end_stream() {
        return next.run(request).await;
    }
    let (head, body) = request.into_parts();
    match room.gather(body, BODY_WAIT).await {
        Ok((body, _held)) => next.run(Request::from_parts(head, Body::from(body))).await,
        Err(problem) => problem.into_response(),
    }
}

/// Returns the room that so many bytes take.
fn kibibytes(bytes: usize) -> u32 {
    u32::try_from(bytes.div_ceil(1 << 10)).unwrap_or(u32::MAX)
}

fn crowded() -> Problem {
    let why = "too many bodies are under way: send fewer at a time, or smaller ones";
    Problem::unavailable(why, 1)
}

fn slow() -> Problem {
    let seconds = BODY_WAIT.as_secs();
    Problem::too_slow(format!("the body did not come within {seconds} seconds"))
}

fn too_large() -> Problem {
    Problem::too_large(format!(
        "the body exceeds {SMALL_BODY_BYTES_MAX} bytes: only writes may be larger"
    ))
}

/// The largest body of a request that writes no rows: a statement and its parameters, a name.
pub(crate) const SMALL_BODY_BYTES_MAX: usize = 1 << 20;
/// What the bodies of such requests may take together (E-3).
pub(crate) const SMALL_ROOM_BYTES: usize = 1 << 20;
/// What a body counts as at first that does not say how long it is.
const UNKNOWN_BYTES: usize = 16 << 10;
/// How long a request waits for room before it is refused.
const ROOM_WAIT: Duration = Duration::from_secs(5);
/// How long a body may take.
const BODY_WAIT: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use futures::stream;

    use super::*;

    fn free(room: &SmallRoom) -> usize {
        room.0.available_permits()
    }

    fn chunks(bytes: usize, count: usize) -> Body {
        let chunk = move |_| Ok::<_, std::io::Error>(vec![b'x'; bytes]);
        Body::from_stream(stream::iter((0..count).map(chunk)))
    }

    #[tokio::test]
    async fn a_body_takes_the_room_that_it_needs_whether_it_says_so_or_not() {
        let room = SmallRoom::new();
        for body in [Body::from(vec![7; 100_000]), chunks(10_000, 10)] {
            let (bytes, held) = room.gather(body, BODY_WAIT).await.unwrap();
            assert_eq!((bytes.len(), free(&room)), (100_000, 1_024 - 98));
            drop(held);
            assert_eq!(free(&room), 1_024);
        }
        assert_eq!(
            room.gather(chunks(1 << 16, 16), BODY_WAIT)
                .await
                .unwrap()
                .0
                .len(),
            1 << 20
        );
        assert!(room.gather(chunks(1 << 16, 17), BODY_WAIT).await.is_err());
        assert!(
            room.gather(Body::from(vec![7; (1 << 20) + 1]), BODY_WAIT)
                .await
                .is_err()
        );
        assert_eq!(free(&room), 1_024);
    }

    #[tokio::test]
    async fn who_sends_no_more_keeps_nobody_out_and_is_not_waited_for() {
        let room = SmallRoom::new();
        let silent = || {
            let begun = stream::iter([Ok::<_, std::io::Error>(vec![7; 10])]);
            Body::from_stream(begun.chain(stream::pending()))
        };
        let refused = room.gather(silent(), Duration::ZERO).await;
        assert!(refused.is_err() && free(&room) == 1_024, "it is given back");
        let also = room.clone();
        let waiting = tokio::spawn(async move { also.gather(silent(), BODY_WAIT).await.is_err() });
        tokio::task::yield_now().await;
        let (bytes, _held) = room
            .gather(Body::from("SELECT 1"), BODY_WAIT)
            .await
            .unwrap();
        assert_eq!(bytes, "SELECT 1");
        waiting.abort();
    }

    #[tokio::test]
    async fn two_that_grow_do_not_wait_for_each_other() {
        let room = SmallRoom::new();
        let _most = Arc::clone(&room.0).acquire_many_owned(1_000).await.unwrap();
        let refused = room.gather(chunks(10_000, 10), BODY_WAIT).await;
        assert!(refused.is_err());
        assert_eq!(free(&room), 24);
    }
}
