//! The control stream: greeting, welcome, status, archived positions.

use std::time::Duration;

use schema::{Lsn, NAME_BYTES_MAX};
use wire::v1::{Archived, Enrolled, Hello, Refusal, RefusalCode, Status, Welcome};
use wire::{Error, Message};

use super::{Action, Admission, Code, Exchange, State, StreamId, refusal};
use crate::rules::is_named_by;

impl Exchange {
    pub(super) fn control_bytes(&mut self, now: Duration, mut bytes: &[u8]) {
        while !bytes.is_empty() && self.is_listening() {
            match self.next_message(&mut bytes) {
                Ok(None) => return,
                Ok(Some(message)) => self.message(now, message),
                Err(error) => {
                    let refused = refusal(RefusalCode::Invalid, error.to_string());
                    self.fail(now, Code::Protocol, refused);
                }
            }
        }
    }

    pub(super) fn control_finished(&mut self, now: Duration) {
        let is_whole = self.control.as_ref().is_some_and(|c| c.finish().is_ok());
        match &self.state {
            State::Ready { .. } if is_whole => self.say_goodbye(now),
            State::Greeting | State::Asking { .. } | State::Ready { .. } => {
                let refused = refusal(RefusalCode::Invalid, "the control stream ended too early");
                self.fail(now, Code::Protocol, refused);
            }
            State::Closing(_) | State::Closed => {}
        }
    }

    /// The peer reset the control stream: nothing more can be said on it.
    pub(super) fn control_lost(&mut self, now: Duration) {
        if self.is_listening() {
            let reason = "the control stream was given up".to_owned();
            self.begin_closing(now, Code::Protocol, reason);
        }
        self.control_delivered();
    }

    pub(super) fn identified(&mut self, now: Duration, outcome: Result<Admission, Refusal>) {
        let State::Asking {
            collector: Some(collector),
        } = &mut self.state
        else {
            return;
        };
        let collector = std::mem::take(collector);
        match outcome.and_then(|admission| admit(admission, &collector)) {
            Ok(admission) => self.welcome(now, admission),
            Err(refused) => self.fail(now, refused.code.into(), refused),
        }
    }

    pub(super) fn enrolled(&mut self, now: Duration, outcome: Result<Enrolled, Refusal>) {
        if !matches!(self.state, State::Asking { collector: None }) {
            return;
        }
        match outcome {
            Ok(enrolled) => {
                self.write(now, StreamId::CONTROL, &Message::Enrolled(enrolled));
                self.say_goodbye(now);
            }
            Err(refused) => self.fail(now, refused.code.into(), refused),
        }
    }

    pub(super) fn say_archived(&mut self, now: Duration, lsn: Lsn) {
        let archived = Archived { lsn: lsn.get() };
        self.write(now, StreamId::CONTROL, &Message::Archived(archived));
    }

    fn welcome(&mut self, now: Duration, admission: Admission) {
        let welcome = Welcome {
            version: self.version.to_owned(),
            now: admission.now.nanos(),
            batches_in_flight_max: self.settings.streams_in_flight_max,
            batch_bytes_max: self.settings.batch_bytes_max,
            archives: self.archived.is_some(),
        };
        self.state = State::Ready {
            peer: admission.peer,
        };
        self.write(now, StreamId::CONTROL, &Message::Welcome(welcome));
        if let Some(lsn) = self.archived.filter(|lsn| *lsn > Lsn::ZERO) {
            self.say_archived(now, lsn);
        }
    }

    fn next_message(&mut self, bytes: &mut &[u8]) -> Result<Option<Message>, Error> {
        let Some(decoder) = &mut self.control else {
            return Ok(None);
        };
        match decoder.push(bytes)? {
            None => Ok(None),
            Some(frame) => Message::decode(&frame).map(Some),
        }
    }

    fn message(&mut self, now: Duration, message: Message) {
        match (&self.state, message) {
            (State::Greeting, Message::Hello(hello)) => self.greeted(hello),
            (State::Greeting, Message::Enrol(enrol)) => {
                self.state = State::Asking { collector: None };
                self.do_next(Action::Enrol(enrol));
            }
            (State::Ready { .. }, Message::Status(status)) => self.status(status),
            (_, message) => {
                let reason = format!("a {} is out of turn here", name_of(&message));
                self.fail(now, Code::Protocol, refusal(RefusalCode::Invalid, reason));
            }
        }
    }

    fn greeted(&mut self, hello: Hello) {
        self.state = State::Asking {
            collector: Some(hello.collector.clone()),
        };
        self.do_next(Action::Identify(hello));
    }

    fn status(&mut self, status: Status) {
        self.do_next(Action::Seen(status));
    }

    fn is_listening(&self) -> bool {
        !matches!(self.state, State::Closing(_) | State::Closed)
    }
}

/// Checks that the peer may write, under the name that it gave.
fn admit(admission: Admission, collector: &str) -> Result<Admission, Refusal> {
    let peer = &admission.peer;
    if !peer.may_write {
        let reason = format!("{:?} may not write", peer.name);
        return Err(refusal(RefusalCode::Denied, reason));
    }
    if !is_named_by(peer, collector) {
        // A hello may be long, and the refusal must fit into its frame.
        let shown: String = collector.chars().take(NAME_BYTES_MAX).collect();
        let reason = format!("{:?} may not come as {shown:?}", peer.name);
        return Err(refusal(RefusalCode::Denied, reason));
    }
    Ok(admission)
}

fn name_of(message: &Message) -> &'static str {
    match message {
        Message::Hello(_) => "hello",
        Message::Welcome(_) => "welcome",
        Message::Enrol(_) => "request to enrol",
        Message::Enrolled(_) => "certificate",
        Message::Ack(_) => "acknowledgement",
        Message::Refusal(_) => "refusal",
        Message::Archived(_) => "archived position",
        Message::Status(_) => "status",
    }
}
