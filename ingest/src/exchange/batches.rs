//! The batch streams: room, bytes, commit, answer.

use std::time::Duration;

use wire::v1::{Ack, Refusal, RefusalCode};
use wire::{BatchFrame, Message};

use super::batch_stream::{BatchStream, Incoming};
use super::{Action, Code, Exchange, State, StreamId, refusal};
use crate::rules::check_batch;
use crate::sink::{Committed, Refused};

impl Exchange {
    pub(super) fn batch_opened(&mut self, now: Duration, stream: StreamId) {
        let limit = self.settings.streams_in_flight_max as usize;
        let in_flight = self.streams.values().filter(|s| s.is_in_flight()).count();
        let incoming = Incoming::new(now, self.limits);
        self.streams.insert(stream, BatchStream::Reading(incoming));
        match &self.state {
            State::Ready { .. } if in_flight < limit => {}
            State::Ready { .. } => {
                let refused = self.no_room(format!("more than {limit} batches are under way"));
                self.refuse_unread(now, stream, Code::Overloaded, refused);
            }
            State::Greeting | State::Asking { .. } => {
                let refused = refusal(RefusalCode::Denied, "a batch came before the welcome");
                self.refuse_unread(now, stream, Code::Protocol, refused);
            }
            State::Closing(_) | State::Closed => {
                let refused = self.stopping();
                self.refuse_unread(now, stream, Code::Stopping, refused);
            }
        }
    }

    pub(super) fn batch_bytes(&mut self, now: Duration, stream: StreamId, mut bytes: &[u8]) {
        match self.streams.get_mut(&stream) {
            Some(BatchStream::Waiting { pending, .. }) => pending.extend_from_slice(bytes),
            Some(BatchStream::Reading(incoming)) => match incoming.take_header(&mut bytes) {
                Ok(None) => self.batch_body(now, stream, bytes),
                Ok(Some(body_bytes)) => self.reserve(now, stream, body_bytes, bytes),
                Err(error) => self.refuse_invalid(now, stream, error.to_string()),
            },
            // What the peer had sent before it heard that it is refused.
            Some(BatchStream::Committing { .. } | BatchStream::Answered { .. }) | None => {}
        }
    }

    pub(super) fn batch_reserved(&mut self, now: Duration, stream: StreamId) {
        let Some(state) = self.streams.get_mut(&stream) else {
            return;
        };
        let BatchStream::Waiting {
            incoming,
            pending,
            since,
        } = state
        else {
            return;
        };
        let pending = std::mem::take(pending);
        let mut resumed = std::mem::replace(incoming, Incoming::new(now, self.limits));
        resumed.since += now.saturating_sub(*since);
        *state = BatchStream::Reading(resumed);
        self.batch_body(now, stream, &pending);
    }

    pub(super) fn batch_crowded(&mut self, now: Duration, stream: StreamId) {
        if let Some(BatchStream::Waiting { .. }) = self.streams.get(&stream) {
            self.refuse_waiting(now, stream);
        }
    }

    pub(super) fn batch_finished(&mut self, now: Duration, stream: StreamId) {
        if !matches!(
            self.streams.get(&stream),
            Some(BatchStream::Reading(_) | BatchStream::Waiting { .. })
        ) {
            return;
        }
        let incoming = match self.streams.remove(&stream) {
            Some(BatchStream::Reading(incoming) | BatchStream::Waiting { incoming, .. }) => {
                incoming
            }
            _ => return,
        };
        match self.checked(incoming) {
            Ok(frame) => self.commit(stream, frame),
            Err(refused) => self.answer(now, stream, Message::Refusal(refused)),
        }
    }

    pub(super) fn batch_committed(
        &mut self,
        now: Duration,
        stream: StreamId,
        outcome: Result<Committed, Refused>,
    ) {
        let Some(BatchStream::Committing { epoch, sequence }) = self.streams.get(&stream) else {
            return;
        };
        let message = match outcome {
            Ok(committed) => Message::Ack(Ack {
                epoch: *epoch,
                sequence: *sequence,
                lsn: committed.lsn.get(),
                commit_time: committed.commit_time.nanos(),
                duplicate: committed.duplicate,
            }),
            Err(refused) => Message::Refusal(refused.into()),
        };
        self.answer(now, stream, message);
    }

    pub(super) fn batch_lost(&mut self, stream: StreamId) {
        match self.streams.get(&stream) {
            Some(BatchStream::Reading(_) | BatchStream::Waiting { .. }) => {
                self.streams.remove(&stream);
                let code = Code::Done;
                self.do_next(Action::Reset { stream, code });
            }
            // Its bytes are all here: the outcome of the commit, or the answer, is still awaited.
            Some(BatchStream::Committing { .. } | BatchStream::Answered { .. }) | None => {}
        }
    }

    pub(super) fn batch_delivered(&mut self, stream: StreamId) {
        if let Some(BatchStream::Answered { .. }) = self.streams.get(&stream) {
            self.streams.remove(&stream);
        }
    }

    pub(super) fn expire_batches(&mut self, now: Duration) {
        let late: Vec<StreamId> = self
            .streams
            .iter()
            .filter(|(_, s)| {
                s.deadline(&self.settings)
                    .is_some_and(|deadline| now >= deadline)
            })
            .map(|(stream, _)| *stream)
            .collect();
        for stream in late {
            self.expire_batch(now, stream);
        }
    }

    /// Refuses every batch that has not come whole.
    pub(super) fn refuse_unfinished(&mut self, now: Duration, code: Code, refused: &Refusal) {
        let unfinished: Vec<StreamId> = self
            .streams
            .iter()
            .filter(|(_, s)| matches!(s, BatchStream::Reading(_) | BatchStream::Waiting { .. }))
            .map(|(stream, _)| *stream)
            .collect();
        for stream in unfinished {
            self.refuse_unread(now, stream, code, refused.clone());
        }
    }

    pub(super) fn stopping(&self) -> Refusal {
        Refusal {
            retry_after_ms: self.settings.retry_after_ms,
            ..refusal(RefusalCode::Unavailable, "the connection is closing")
        }
    }

    fn expire_batch(&mut self, now: Duration, stream: StreamId) {
        match self.streams.get(&stream) {
            Some(BatchStream::Reading(_)) => {
                let refused = Refusal {
                    retry_after_ms: self.settings.retry_after_ms,
                    ..refusal(RefusalCode::Unavailable, "the batch came too slowly")
                };
                self.refuse_unread(now, stream, Code::Slow, refused);
            }
            Some(BatchStream::Waiting { .. }) => self.refuse_waiting(now, stream),
            Some(BatchStream::Answered { .. }) => {
                self.streams.remove(&stream);
                let code = Code::Slow;
                self.do_next(Action::Reset { stream, code });
            }
            Some(BatchStream::Committing { .. }) | None => {}
        }
    }

    fn refuse_waiting(&mut self, now: Duration, stream: StreamId) {
        let refused = self.no_room("too many batches are arriving".to_owned());
        self.refuse_unread(now, stream, Code::Overloaded, refused);
    }

    fn reserve(&mut self, now: Duration, stream: StreamId, body_bytes: u32, rest: &[u8]) {
        if let Some(BatchStream::Reading(incoming)) = self.streams.remove(&stream) {
            let waiting = BatchStream::Waiting {
                incoming,
                pending: rest.to_vec(),
                since: now,
            };
            self.streams.insert(stream, waiting);
            let bytes = body_bytes;
            self.do_next(Action::Reserve { stream, bytes });
        }
    }

    fn batch_body(&mut self, now: Duration, stream: StreamId, bytes: &[u8]) {
        if let Some(BatchStream::Reading(incoming)) = self.streams.get_mut(&stream)
            && !bytes.is_empty()
            && let Err(error) = incoming.take_body(bytes)
        {
            self.refuse_invalid(now, stream, error.to_string());
        }
    }

    fn checked(&self, incoming: Incoming) -> Result<BatchFrame, Refusal> {
        let invalid = |reason: String| refusal(RefusalCode::Invalid, reason);
        let peer = self.peer().ok_or_else(|| self.stopping())?;
        let frame = incoming
            .finish(&self.limits)
            .map_err(|error| invalid(error.to_string()))?;
        if frame.view().sequence() == 0 {
            return Err(invalid(
                "a batch over QUIC has a sequence, from 1".to_owned(),
            ));
        }
        check_batch(peer, frame.view())?;
        Ok(frame)
    }

    fn commit(&mut self, stream: StreamId, frame: BatchFrame) {
        let (epoch, sequence) = (frame.view().epoch(), frame.view().sequence());
        let committing = BatchStream::Committing { epoch, sequence };
        self.streams.insert(stream, committing);
        self.do_next(Action::Commit { stream, frame });
    }

    fn refuse_invalid(&mut self, now: Duration, stream: StreamId, reason: String) {
        let refused = refusal(RefusalCode::Invalid, reason);
        self.refuse_unread(now, stream, Code::Protocol, refused);
    }

    /// Refuses a stream of which more may come.
    fn refuse_unread(&mut self, now: Duration, stream: StreamId, code: Code, refused: Refusal) {
        self.do_next(Action::StopReading { stream, code });
        self.answer(now, stream, Message::Refusal(refused));
    }

    fn answer(&mut self, now: Duration, stream: StreamId, message: Message) {
        self.streams
            .insert(stream, BatchStream::Answered { since: now });
        self.write(now, stream, &message);
        self.do_next(Action::Finish { stream });
    }

    fn no_room(&self, reason: String) -> Refusal {
        Refusal {
            retry_after_ms: self.settings.retry_after_ms,
            ..refusal(RefusalCode::Overloaded, reason)
        }
    }
}
