//! What the server's messages mean. Sans-io: a frame comes in, a meaning goes out.

use wire::v1::{Ack, Archived, Enrolled, Refusal, Welcome};
use wire::{Error as WireError, Frame, Message};

use crate::Error;
use crate::spool::BatchId;

/// Reads the answer to `Hello`.
pub(super) fn welcome(frame: &Frame) -> Result<Welcome, Error> {
    match Message::decode(frame)? {
        Message::Welcome(welcome) => Ok(welcome),
        other => Err(unexpected(other, frame)),
    }
}

/// Reads the answer to `Enrol`.
pub(super) fn enrolled(frame: &Frame) -> Result<Enrolled, Error> {
    match Message::decode(frame)? {
        Message::Enrolled(enrolled) => Ok(enrolled),
        other => Err(unexpected(other, frame)),
    }
}

/// Reads the answer to a batch; it must speak of that batch.
pub(super) fn acknowledgement(frame: &Frame, id: BatchId) -> Result<Ack, Error> {
    match Message::decode(frame)? {
        Message::Ack(ack) if (ack.epoch, ack.sequence) == (id.epoch.0, id.sequence.0) => Ok(ack),
        Message::Ack(_) => Err(Error::Server {
            reason: "an answer to another batch came".into(),
        }),
        other => Err(unexpected(other, frame)),
    }
}

/// Reads what comes on the control stream after the welcome.
pub(super) fn news(frame: &Frame) -> Result<Archived, Error> {
    match Message::decode(frame)? {
        Message::Archived(archived) => Ok(archived),
        other => Err(unexpected(other, frame)),
    }
}

/// A refusal says why; anything else does not belong here.
fn unexpected(message: Message, frame: &Frame) -> Error {
    match message {
        Message::Refusal(Refusal {
            code,
            reason,
            retry_after_ms,
        }) => Error::Refused {
            code,
            reason,
            retry_after_ms,
        },
        _ => Error::Wire(WireError::FrameKind {
            actual: frame.kind() as u16,
        }),
    }
}

#[cfg(test)]
mod tests {
    use schema::{Epoch, Sequence};
    use wire::v1::RefusalCode;

    use super::*;

    #[test]
    fn an_answer_is_taken_only_for_the_batch_it_speaks_of() {
        let id = BatchId {
            epoch: Epoch(7),
            sequence: Sequence(3),
        };
        let ack = |sequence| {
            Message::Ack(Ack {
                epoch: 7,
                sequence,
                lsn: 9,
                ..Ack::default()
            })
            .encode()
            .unwrap()
        };
        assert_eq!(acknowledgement(&ack(3), id).unwrap().lsn, 9);
        assert!(acknowledgement(&ack(4), id).is_err());
        assert!(welcome(&ack(3)).is_err());
    }

    #[test]
    fn a_refusal_keeps_its_reason_and_its_time() {
        let refusal = Message::Refusal(Refusal {
            code: RefusalCode::Overloaded,
            reason: "busy".into(),
            retry_after_ms: 250,
        });
        let error = welcome(&refusal.encode().unwrap()).unwrap_err();
        assert!(matches!(
            error,
            Error::Refused {
                code: RefusalCode::Overloaded,
                retry_after_ms: 250,
                ..
            }
        ));
    }
}
