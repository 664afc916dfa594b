//! The end of a connection: what is under way is answered, the last word is heard, then it closes.

use std::time::Duration;

use wire::Message;
use wire::v1::{Refusal, RefusalCode};

use super::{Action, Code, Exchange, State, StreamId, refusal};
use crate::gate::Peer;

/// A connection that takes nothing new.
#[derive(Debug)]
pub(super) struct Closing {
    /// Who it was; batches that had begun under that name may still end.
    pub(super) peer: Option<Peer>,
    /// When it closes, whatever is left.
    pub(super) deadline: Duration,
    code: Code,
    reason: String,
    has_last_word: bool,
}

impl Exchange {
    /// Ends the connection for a fault of the peer, saying why.
    pub(super) fn fail(&mut self, now: Duration, code: Code, refused: Refusal) {
        let reason = refused.reason.clone();
        if self.control.is_some() {
            self.write(now, StreamId::CONTROL, &Message::Refusal(refused.clone()));
        }
        self.begin_closing(now, code, reason);
        self.refuse_unfinished(now, code, &refused);
    }

    /// Ends the connection because the server stops: batches that have not come whole are refused.
    pub(super) fn stop(&mut self, now: Duration) {
        if matches!(self.state, State::Closed) {
            return;
        }
        let refused = Refusal {
            retry_after_ms: self.settings.retry_after_ms,
            ..refusal(RefusalCode::Unavailable, "the server is stopping")
        };
        if !matches!(self.state, State::Closing(_)) && self.control.is_some() {
            self.write(now, StreamId::CONTROL, &Message::Refusal(refused.clone()));
        }
        self.begin_closing(now, Code::Stopping, refused.reason.clone());
        self.refuse_unfinished(now, Code::Stopping, &refused);
    }

    /// Ends the connection in peace: batches that have begun may come whole.
    pub(super) fn say_goodbye(&mut self, now: Duration) {
        self.begin_closing(now, Code::Done, "goodbye".to_owned());
    }

    /// Takes nothing new from now on; finishes the control stream if that is still to be done.
    pub(super) fn begin_closing(&mut self, now: Duration, code: Code, reason: String) {
        let patience = match code {
            Code::Done | Code::Stopping => self.settings.drain_timeout(),
            _ => self.settings.linger(),
        };
        let peer = match std::mem::replace(&mut self.state, State::Closed) {
            State::Ready { peer } => Some(peer),
            State::Greeting | State::Asking { .. } => None,
            // The first reason stands.
            ended => {
                self.state = ended;
                return;
            }
        };
        let has_last_word = self.control.is_some();
        if has_last_word {
            let stream = StreamId::CONTROL;
            self.do_next(Action::StopReading { stream, code });
            self.do_next(Action::Finish { stream });
        }
        self.state = State::Closing(Closing {
            peer,
            deadline: now + patience,
            code,
            reason,
            has_last_word,
        });
    }

    pub(super) fn control_delivered(&mut self) {
        if let State::Closing(closing) = &mut self.state {
            closing.has_last_word = false;
        }
    }

    pub(super) fn close_when_quiet(&mut self) {
        if let State::Closing(closing) = &self.state
            && !closing.has_last_word
            && self.streams.is_empty()
        {
            self.close();
        }
    }

    pub(super) fn close(&mut self) {
        if let State::Closing(closing) = std::mem::replace(&mut self.state, State::Closed) {
            self.streams.clear();
            let Closing { code, reason, .. } = closing;
            self.do_next(Action::Close { code, reason });
        }
    }
}
