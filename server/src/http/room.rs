//! Room for rows that come over HTTP: many writes at once wait or are refused, and never fill memory.
//!
//! ```text
//!   request ── layer: room for its body, as long as it says that it is ── none: waits a while, then
//!      │                                                                    503, Retry-After
//!      └─ handler: room to work, several times the unpacked body ──────── none: waits its turn
//!                  gzip: for the largest body at first, then what is not needed is given back
//! ```
//! A request holds room to work only while it works, so that whoever waits gets his turn.

use std::sync::Arc;
use std::time::Duration;

use axum::body::HttpBody;
use axum::extract::{Request, State};
use axum::http::header;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::Problem;

/// The room of all writes.
#[derive(Debug, Clone)]
pub(crate) struct Room {
    bodies: Arc<Semaphore>,
    work: Arc<Semaphore>,
    body_bytes_max: usize,
}

/// Room that one request works in; given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Work(OwnedSemaphorePermit);

impl Room {
    /// Returns room of so many bytes for bodies of up to this size; it holds one of the largest.
    pub(crate) fn new(body_bytes_max: usize, room_bytes: usize) -> Self {
        let bodies = kibibytes(room_bytes / (1 + COPIES)).max(kibibytes(body_bytes_max));
        Self {
            bodies: Arc::new(Semaphore::new(bodies)),
            work: Arc::new(Semaphore::new(bodies * COPIES)),
            body_bytes_max,
        }
    }

    /// Returns the size of the largest body.
    pub(crate) const fn body_bytes_max(&self) -> usize {
        self.body_bytes_max
    }

    /// Waits for room to work on a body of this size.
    ///
    /// # Errors
    /// 503 once the server closes.
    pub(crate) async fn work(&self, body_bytes: usize) -> Result<Work, Problem> {
        let wanted = permits(body_bytes.min(self.body_bytes_max) * COPIES);
        let permit = Arc::clone(&self.work).acquire_many_owned(wanted).await;
        permit
            .map(Work)
            .map_err(|_| Problem::unavailable("the server is stopping", 5))
    }

    /// Waits for room to unpack a body whose size only unpacking tells.
    ///
    /// # Errors
    /// As [`Self::work`].
    pub(crate) async fn work_unknown(&self) -> Result<Work, Problem> {
        self.work(self.body_bytes_max).await
    }
}

impl Work {
    /// Keeps only what a body of this size needs.
    pub(crate) fn shrink_to(&mut self, body_bytes: usize) {
        let needed = kibibytes(body_bytes.saturating_mul(COPIES));
        let spare = self.0.num_permits().saturating_sub(needed);
        drop(self.0.split(spare));
    }
}

/// Lets a write in when there is room for its body.
pub(crate) async fn layer(State(room): State<Room>, request: Request, next: Next) -> Response {
    let length = request.headers().get(header::CONTENT_LENGTH);
    let length = length.and_then(|value| value.to_str().ok()?.parse().ok());
    // What is longer than the largest body is refused while it is read.
    let length = match length {
        Some(length) => length,
        None if request.body().is_end_stream() => 0,
        None => room.body_bytes_max,
    };
    let wanted = permits(length.min(room.body_bytes_max));
    let held = Arc::clone(&room.bodies).acquire_many_owned(wanted);
    match tokio::time::timeout(BODY_WAIT, held).await {
        Ok(Ok(_held)) => next.run(request).await,
        _ => Problem::unavailable(
            "too many bodies are under way: send fewer at a time, or smaller ones",
            1,
        )
        .into_response(),
    }
}

const fn kibibytes(bytes: usize) -> usize {
    bytes.div_ceil(1 << 10)
}

/// Returns the permits for so many bytes; what a semaphore cannot count is more than there is.
fn permits(bytes: usize) -> u32 {
    u32::try_from(kibibytes(bytes)).unwrap_or(u32::MAX)
}

/// How long a write waits for room before it is refused.
const BODY_WAIT: Duration = Duration::from_secs(5);
/// What a body becomes: its text, its columns, its frame.
const COPIES: usize = 3;
/// What a body of the largest size takes in all.
pub(crate) const BODY_COPIES: u64 = 1 + COPIES as u64;

#[cfg(test)]
mod tests {
    use super::Room;

    #[tokio::test]
    async fn a_large_body_waits_until_others_are_done() {
        let room = Room::new(1 << 20, 8 << 20);
        let (one, mut two) = (
            room.work_unknown().await.unwrap(),
            room.work_unknown().await.unwrap(),
        );
        let mut third = Waiting::new(room.work(512 << 10));
        assert!(third.is_waiting().await);
        two.shrink_to(512 << 10);
        assert!(
            !third.is_waiting().await,
            "half a body's room was given back"
        );
        drop((one, two));
    }

    /// A future that is looked at, and not waited for.
    struct Waiting<F>(std::pin::Pin<Box<F>>);

    impl<F: Future> Waiting<F> {
        fn new(future: F) -> Self {
            Self(Box::pin(future))
        }

        async fn is_waiting(&mut self) -> bool {
            std::future::poll_fn(|context| {
                std::task::Poll::Ready(self.0.as_mut().poll(context).is_pending())
            })
            .await
        }
    }
}
