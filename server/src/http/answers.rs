//! The answers under way over one connection, and whether their client takes them.
//!
//! ```text
//!   begun, or a piece given ── the next piece is asked for ─── it was taken; if there is none yet, the
//!           ▲                         │                        client waits, and may do so for long
//!           └───────── given ─────────┘
//!                           ── it is not, for write_timeout and a second for each 4 KiB ── stuck
//! ```
//! The next piece is asked for when there is room for it: with HTTP/1 in the buffers of the connection, with
//! HTTP/2 once the client has granted some window for the piece before. So a client of either that does not
//! read, or grants nothing, is found out, and does not keep its place.
//!
//! With HTTP/2 the end of an answer is given together with its last piece, whether or not the window is large
//! enough for that piece. Pieces are therefore small: a client that is slower than the others want its place
//! may miss the last one, and no more.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use http_body::{Frame, SizeHint};
use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use super::places::Busy;

/// The answers of one connection.
#[derive(Debug)]
pub(super) struct Answers {
    patience: Duration,
    pending: Mutex<Pending>,
    /// There is something to be taken.
    given: Notify,
}

#[derive(Debug, Default)]
struct Pending {
    next_id: u64,
    /// Of answers that the client is waited for: until when.
    due: BTreeMap<u64, Instant>,
}

impl Answers {
    /// Returns no answers yet; a client may take nothing for so long.
    pub(super) fn new(patience: Duration) -> Arc<Self> {
        Arc::new(Self {
            patience,
            pending: Mutex::default(),
            given: Notify::new(),
        })
    }

    /// Watches how a body is taken, and keeps its connection busy meanwhile.
    pub(super) fn watch(self: &Arc<Self>, body: Body, busy: Busy) -> Body {
        let id = {
            let mut pending = self.pending.lock();
            pending.next_id += 1;
            pending.next_id
        };
        let watched = Watched {
            body,
            answers: Arc::clone(self),
            id,
            rest: Bytes::new(),
            is_begun: false,
            _busy: busy,
        };
        self.give(id, 0);
        Body::new(watched)
    }

    /// Returns once an answer was not taken in time.
    ///
    /// Cancellation: asking again is enough.
    pub(super) async fn stuck(&self) {
        loop {
            let given = self.given.notified();
            let earliest = self.pending.lock().due.values().min().copied();
            match earliest {
                None => given.await,
                Some(due) if due <= Instant::now() => return,
                // It may be taken meanwhile, and the next piece have longer.
                Some(due) => tokio::select! {
                    () = sleep_until(due) => {}
                    () = given => {}
                },
            }
        }
    }

    fn give(&self, id: u64, bytes: usize) {
        let takes = Duration::from_secs(bytes as u64 / BYTES_PER_SECOND_MIN);
        let due = Instant::now() + self.patience + takes;
        self.pending.lock().due.insert(id, due);
        self.given.notify_one();
    }

    fn take(&self, id: u64) {
        self.pending.lock().due.remove(&id);
    }
}

/// A body whose pieces are seen to be taken.
struct Watched {
    body: Body,
    answers: Arc<Answers>,
    id: u64,
    /// What of a piece is still to be given.
    rest: Bytes,
    is_begun: bool,
    _busy: Busy,
}

impl Watched {
    /// Returns the next piece, or what else comes.
    fn piece(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if self.rest.is_empty() {
            match std::task::ready!(Pin::new(&mut self.body).poll_frame(context)) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => self.rest = data,
                    Err(trailers) => return Poll::Ready(Some(Ok(trailers))),
                },
                end => return Poll::Ready(end),
            }
        }
        let bytes = self.rest.len().min(PIECE_BYTES_MAX);
        Poll::Ready(Some(Ok(Frame::data(self.rest.split_to(bytes)))))
    }
}

impl HttpBody for Watched {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let this = self.get_mut();
        this.answers.take(this.id);
        let polled = this.piece(context);
        if let Poll::Ready(Some(Ok(frame))) = &polled {
            this.is_begun = true;
            let bytes = frame.data_ref().map_or(0, Bytes::len);
            this.answers.give(this.id, bytes);
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        // The end is asked for, so that it is seen to be taken.
        !self.is_begun && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let (rest, mut hint) = (self.rest.len() as u64, self.body.size_hint());
        let (lower, upper) = (hint.lower(), hint.upper());
        if let Some(upper) = upper {
            hint.set_upper(upper.saturating_add(rest));
        }
        hint.set_lower(lower.saturating_add(rest));
        hint
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.answers.take(self.id);
    }
}

/// The most of an answer that is given at once.
const PIECE_BYTES_MAX: usize = 16 << 10;
/// How fast an answer must be taken beyond the patience.
const BYTES_PER_SECOND_MIN: u64 = 4 << 10;

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;
    use crate::http::places::Places;
    use crate::metrics::Metrics;

    const PATIENCE: Duration = Duration::from_secs(30);

    async fn watched(answers: &Arc<Answers>, body: Body) -> Body {
        let places = Arc::new(Places::new(1, 1, Metrics::default()));
        let place = places.enter().await;
        answers.watch(body, place.requests().begin())
    }

    /// Returns for how long the client is still waited for, in seconds that have begun.
    fn seconds_left(answers: &Answers) -> Option<u64> {
        let pending = answers.pending.lock();
        let left = pending.due.values().min()?.duration_since(Instant::now());
        Some(left.as_secs() + u64::from(left.subsec_nanos() > 0))
    }

    #[tokio::test]
    async fn an_answer_that_nobody_begins_to_take_is_stuck() {
        let answers = Answers::new(Duration::from_millis(50));
        let watch = Arc::clone(&answers);
        let stuck = tokio::spawn(async move { watch.stuck().await });
        let body = watched(&answers, Body::from("answer")).await;
        stuck.await.unwrap();
        drop(body);
        assert_eq!(seconds_left(&answers), None);
    }

    #[tokio::test]
    async fn a_large_answer_is_given_piece_by_piece_and_its_end_is_taken() {
        let answers = Answers::new(PATIENCE);
        let mut body = watched(&answers, Body::from(vec![0; 40 << 10])).await;
        assert_eq!(seconds_left(&answers), Some(30));
        for (kibibytes, left) in [(16, 24), (16, 8), (8, 0)] {
            assert_eq!(body.size_hint().exact(), Some((kibibytes + left) << 10));
            let piece = body.frame().await.unwrap().unwrap().into_data().unwrap();
            assert_eq!(piece.len() as u64, kibibytes << 10);
            assert!(!body.is_end_stream(), "it is asked for once all is taken");
            assert_eq!(seconds_left(&answers), Some(30 + kibibytes / 4));
        }
        assert!(body.frame().await.is_none());
        assert_eq!(seconds_left(&answers), None);
    }

    #[tokio::test]
    async fn a_client_that_waits_for_its_answer_is_waited_for_by_nobody() {
        let answers = Answers::new(Duration::from_millis(1));
        let never = futures::stream::pending::<Result<Bytes, axum::Error>>();
        let mut body = watched(&answers, Body::from_stream(never)).await;
        let asked = tokio::time::timeout(Duration::from_millis(20), body.frame()).await;
        assert!(asked.is_err());
        assert_eq!(seconds_left(&answers), None);
    }
}
