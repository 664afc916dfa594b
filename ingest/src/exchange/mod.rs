//! The protocol of one connection, without sockets, clocks or tasks.
//!
//! Events go in with the time since the connection began, actions come out; whoever owns the
//! connection carries them out in order. The same machine runs under QUIC and under the tests.
//!
//! ```text
//!   control stream   Hello ─▶ Identify ─▶ Welcome, then Archived… ◀─ / Status… ─▶
//!                    Enrol ─▶ Enrol    ─▶ Enrolled, fin, close
//!   every other      Batch, fin ─▶ Commit ─▶ Ack | Refusal, fin
//! ```
//!
//! Lifecycle: greeting → asking (who is it?) → ready → closing → closed. A batch stream that goes
//! wrong is refused and forgotten; the others and the connection go on. A control stream that goes
//! wrong ends the connection, once what it had to say and the commits under way are through.

mod batch_stream;
mod batches;
mod closing;
mod code;
mod control;
mod event;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use schema::Lsn;
use wire::v1::{Refusal, RefusalCode};
use wire::{FrameDecoder, Limits, Message};

use self::batch_stream::BatchStream;
use self::closing::Closing;
pub use self::code::Code;
pub use self::event::{Action, Admission, Event, StreamId};
use crate::gate::Peer;
use crate::settings::Settings;

/// The state of one connection.
#[derive(Debug)]
pub struct Exchange {
    settings: Arc<Settings>,
    limits: Limits,
    version: &'static str,
    state: State,
    control: Option<FrameDecoder>,
    streams: BTreeMap<StreamId, BatchStream>,
    archived: Option<Lsn>,
    actions: VecDeque<Action>,
}

#[derive(Debug)]
enum State {
    /// The first frame has not come.
    Greeting,
    /// Its outcome has not come.
    Asking {
        /// The name under which batches will come; `None` for an enrolment.
        collector: Option<String>,
    },
    /// Batches are taken.
    Ready { peer: Peer },
    /// Nothing new is taken.
    Closing(Closing),
    /// There is nothing left to do.
    Closed,
}

impl Exchange {
    /// Returns the exchange of a connection that was just made; `version` is the server's own.
    pub fn new(settings: Arc<Settings>, version: &'static str) -> Self {
        Self {
            limits: settings.limits(),
            settings,
            version,
            state: State::Greeting,
            control: None,
            streams: BTreeMap::new(),
            archived: None,
            actions: VecDeque::new(),
        }
    }

    /// Takes an event; `now` is the time since the connection began and never falls.
    pub fn handle(&mut self, now: Duration, event: Event<'_>) {
        match event {
            Event::Opened(StreamId::CONTROL) => {
                self.control = Some(FrameDecoder::new(self.limits));
            }
            Event::Bytes(StreamId::CONTROL, bytes) => self.control_bytes(now, bytes),
            Event::Finished(StreamId::CONTROL) => self.control_finished(now),
            Event::Lost(StreamId::CONTROL) => self.control_lost(now),
            Event::Delivered(StreamId::CONTROL) => self.control_delivered(),
            Event::Opened(stream) => self.batch_opened(now, stream),
            Event::Bytes(stream, bytes) => self.batch_bytes(now, stream, bytes),
            Event::Finished(stream) => self.batch_finished(now, stream),
            Event::Lost(stream) => self.batch_lost(stream),
            Event::Reserved(stream) => self.batch_reserved(now, stream),
            Event::Crowded(stream) => self.batch_crowded(now, stream),
            Event::Committed(stream, outcome) => self.batch_committed(now, stream, outcome),
            Event::Delivered(stream) => self.batch_delivered(stream),
            Event::Identified(outcome) => self.identified(now, outcome),
            Event::Enrolled(outcome) => self.enrolled(now, outcome),
            Event::Archived(lsn) => self.archived(now, lsn),
            Event::Stop => self.stop(now),
            Event::Tick => {}
        }
        self.expire(now);
        self.close_when_quiet();
    }

    /// Returns the next thing to do.
    pub fn next_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// Returns the time at which [`Event::Tick`] is due.
    pub fn deadline(&self) -> Option<Duration> {
        let own = match &self.state {
            State::Greeting | State::Asking { .. } => Some(self.settings.handshake_timeout()),
            State::Closing(closing) => Some(closing.deadline),
            State::Ready { .. } => None,
            State::Closed => return None,
        };
        let streams = self.streams.values();
        let earliest = streams
            .filter_map(|stream| stream.deadline(&self.settings))
            .min();
        own.into_iter().chain(earliest).min()
    }

    /// Returns who was welcomed, also while the connection closes.
    pub fn peer(&self) -> Option<&Peer> {
        match &self.state {
            State::Ready { peer } => Some(peer),
            State::Closing(closing) => closing.peer.as_ref(),
            State::Greeting | State::Asking { .. } | State::Closed => None,
        }
    }

    /// Tells whether [`Action::Close`] was given out.
    pub fn is_closed(&self) -> bool {
        matches!(self.state, State::Closed)
    }

    fn archived(&mut self, now: Duration, lsn: Lsn) {
        let before = self
            .archived
            .replace(lsn.max(self.archived.unwrap_or(Lsn::ZERO)));
        if matches!(self.state, State::Ready { .. }) && Some(lsn) > before {
            self.say_archived(now, lsn);
        }
    }

    fn expire(&mut self, now: Duration) {
        if self.is_closed() || self.deadline().is_none_or(|deadline| now < deadline) {
            return;
        }
        self.expire_batches(now);
        let handshake_timeout = self.settings.handshake_timeout();
        match &self.state {
            State::Greeting | State::Asking { .. } if now >= handshake_timeout => {
                let reason = "the greeting took too long";
                self.fail(now, Code::Slow, refusal(RefusalCode::Unavailable, reason));
            }
            State::Closing(closing) if now >= closing.deadline => self.close(),
            _ => {}
        }
    }

    fn write(&mut self, now: Duration, stream: StreamId, message: &Message) {
        match message.encode() {
            Ok(frame) => self.actions.push_back(Action::Write { stream, frame }),
            // Our own messages fit into their frames unless a reason or a certificate is absurd.
            Err(error) => self.begin_closing(now, Code::Internal, error.to_string()),
        }
    }

    fn do_next(&mut self, action: Action) {
        self.actions.push_back(action);
    }
}

/// Returns a refusal after which trying again at once is of no use.
fn refusal(code: RefusalCode, reason: impl Into<String>) -> Refusal {
    Refusal {
        code,
        reason: reason.into(),
        retry_after_ms: 0,
    }
}

#[cfg(test)]
mod tests;
