//! What the caller reads: chunks, then the end or an error.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use datafusion::arrow::datatypes::SchemaRef;
use futures::stream::BoxStream;
use futures::{Stream, StreamExt, stream};
use tokio::sync::mpsc;

use super::Message;
use crate::metrics::{Metrics, outcome};
use crate::registry::{Running, Stop};
use crate::{Error, Format};

/// The bytes of an answer.
///
/// An error item ends it: the body is then incomplete, and whoever sends it on must let it end
/// abnormally. JSON lines say so in a last line `{"error":…}` before that item.
/// Dropping it stops the query.
pub struct Body {
    chunks: BoxStream<'static, Result<Bytes, Error>>,
}

impl Stream for Body {
    type Item = Result<Bytes, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.chunks.poll_next_unpin(context)
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Body")
    }
}

/// Reads what the task sends, until it is done or stopped.
pub(super) struct Reader {
    receiver: mpsc::Receiver<Result<Message, Error>>,
    format: Format,
    timeout_ms_max: u64,
    guard: Guard,
}

impl Reader {
    pub(super) fn new(
        receiver: mpsc::Receiver<Result<Message, Error>>,
        running: Arc<Running>,
        format: Format,
        timeout_ms_max: u64,
        metrics: Metrics,
    ) -> Self {
        Self {
            receiver,
            format,
            timeout_ms_max,
            guard: Guard {
                running,
                metrics,
                outcome: None,
            },
        }
    }

    /// Waits for the columns and the first chunk.
    pub(super) async fn begin(mut self) -> Result<(SchemaRef, Body), Error> {
        let schema = match self.next().await? {
            Message::Schema(schema) => schema,
            Message::Bytes(_) | Message::Done => {
                return Err(Error::internal("a result without columns"));
            }
        };
        let first = match self.next().await? {
            Message::Bytes(bytes) => bytes,
            Message::Schema(_) | Message::Done => Bytes::new(),
        };
        let step = if first.is_empty() {
            Step::Ended
        } else {
            Step::Reading
        };
        let rest = stream::unfold((self, step), |(mut reader, step)| async move {
            let (item, step) = reader.step(step).await?;
            Some((item, (reader, step)))
        });
        let first = stream::iter((!first.is_empty()).then_some(Ok(first)));
        Ok((
            schema,
            Body {
                chunks: first.chain(rest).boxed(),
            },
        ))
    }

    async fn step(&mut self, step: Step) -> Option<(Result<Bytes, Error>, Step)> {
        match step {
            Step::Ended => None,
            Step::Failing(error) => {
                // Lets whoever sends the body on write the last line before the error cuts it off.
                tokio::task::yield_now().await;
                Some((Err(error), Step::Ended))
            }
            Step::Reading => match self.next().await {
                Ok(Message::Bytes(bytes)) => Some((Ok(bytes), Step::Reading)),
                Ok(Message::Schema(_) | Message::Done) => None,
                Err(error) if self.format == Format::JsonLines => {
                    let line = last_line(&error);
                    Some((Ok(line), Step::Failing(error)))
                }
                Err(error) => Some((Err(error), Step::Ended)),
            },
        }
    }

    async fn next(&mut self) -> Result<Message, Error> {
        let next = self.message().await;
        match &next {
            Ok(Message::Done) => self.guard.outcome = Some("ok"),
            Ok(_) => (),
            Err(error) => self.guard.outcome = Some(outcome(error)),
        }
        next
    }

    async fn message(&mut self) -> Result<Message, Error> {
        let running = Arc::clone(&self.guard.running);
        let reason = tokio::select! {
            biased;
            // What is ready goes first: a query that is done is not called stopped.
            message = self.receiver.recv() => match message {
                Some(message) => return message,
                // The task is gone without a last word; the watch says why once it has joined it.
                None => running.stopped().await,
            },
            reason = running.stopped() => reason,
        };
        Err(reason.into_error(running.timeout_ms(), self.timeout_ms_max))
    }
}

/// Where a body stands between two chunks.
enum Step {
    Reading,
    Failing(Error),
    Ended,
}

/// Stops the query when its reader goes away, and counts how it ended.
struct Guard {
    running: Arc<Running>,
    metrics: Metrics,
    outcome: Option<&'static str>,
}

impl Drop for Guard {
    fn drop(&mut self) {
        if self.outcome.is_none() {
            self.running.stop(Stop::Cancelled);
        }
        let running = &self.running;
        self.metrics
            .end(self.outcome.unwrap_or("cancelled"), running.elapsed_ms());
        self.metrics.returned(running.rows(), running.bytes());
    }
}

fn last_line(error: &Error) -> Bytes {
    let line = serde_json::json!({
        "error": { "title": error.title(), "status": error.status(), "detail": error.to_string() }
    });
    Bytes::from(format!("{line}\n"))
}
