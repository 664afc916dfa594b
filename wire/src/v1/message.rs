//! Everything that is not a batch: handshake, acknowledgements, refusals, status.

use rkyv::{Archive, Deserialize, Serialize};

use crate::{Error, Frame, FrameKind};

/// Who a collector is; first on the control stream of every connection.
#[derive(Debug, Clone, Default, PartialEq, Eq, Archive, Serialize, Deserialize)]
pub struct Hello {
    /// The collector's name; for an import, a name for its batches.
    pub collector: String,
    /// The epoch in which it sends.
    pub epoch: u64,
    /// The version of its program.
    pub version: String,
    /// The whole bearer token of an import; empty where a client certificate speaks.
    pub token: String,
}

/// The answer to [`Hello`] and what is in force.
#[derive(Debug, Clone, Default, PartialEq, Eq, Archive, Serialize, Deserialize)]
pub struct Welcome {
    /// The version of the server's program.
    pub version: String,
    /// The server's clock, nanoseconds since the Unix epoch, for clock skew.
    pub now: i64,
    /// How many batches may be under way at once.
    pub batches_in_flight_max: u32,
    /// The largest body of a batch that is taken.
    pub batch_bytes_max: u32,
    /// Whether the server ships its log to an object store, so that a spool can wait for `Archived`.
    pub archives: bool,
}

/// A collector's first words, with the token that it was given by hand.
#[derive(Clone, Default, PartialEq, Eq, Archive, Serialize, Deserialize)]
pub struct Enrol {
    /// The whole enrolment token.
    pub token: String,
    /// A PKCS #10 certificate signing request, DER; the key stays with the collector.
    pub signing_request: Vec<u8>,
}

impl std::fmt::Debug for Enrol {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Enrol")
            .field("token", &"…")
            .finish_non_exhaustive()
    }
}

/// The answer to [`Enrol`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Archive, Serialize, Deserialize)]
pub struct Enrolled {
    /// The name under which the collector was registered.
    pub collector: String,
    /// The client certificate, DER.
    pub certificate: Vec<u8>,
    /// The certificate authority, DER.
    pub authority: Vec<u8>,
}

/// The batch is on the server's disk and visible to the next query.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Archive, Serialize, Deserialize)]
pub struct Ack {
    /// The epoch of the batch.
    pub epoch: u64,
    /// The sequence of the batch.
    pub sequence: u64,
    /// Where it stands in the log.
    pub lsn: u64,
    /// When it was committed, nanoseconds since the Unix epoch, by the server's log.
    pub commit_time: i64,
    /// Whether the server had it already.
    pub duplicate: bool,
}

/// Why something was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Archive, Serialize, Deserialize)]
#[repr(u8)]
pub enum RefusalCode {
    /// The batch is wrong and will stay wrong: drop it, count it, say so.
    Invalid,
    /// Not allowed: token, certificate or instance.
    Denied,
    /// Come again after `retry_after_ms`.
    Overloaded,
    /// The server is stopping or not yet up: come again.
    Unavailable,
    /// The server failed; whether the batch is on disk is unknown: send it again.
    Unknown,
}

/// No; why, and when to come again.
#[derive(Debug, Clone, PartialEq, Eq, Archive, Serialize, Deserialize)]
pub struct Refusal {
    /// What to do about it.
    pub code: RefusalCode,
    /// In words, for a log.
    pub reason: String,
    /// When to try again; 0 where trying again is of no use.
    pub retry_after_ms: u32,
}

/// Every record before `lsn` is in the object store.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Archive, Serialize, Deserialize)]
pub struct Archived {
    /// The first position that is not archived.
    pub lsn: u64,
}

/// How a collector is, for the server's list of collectors.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Archive, Serialize, Deserialize)]
pub struct Status {
    /// Bytes in the spool.
    pub buffered_bytes: u64,
    /// Batches in the spool.
    pub buffered_batches: u64,
    /// Batches dropped since the collector started, for want of room or because they were refused.
    pub dropped_batches: u64,
    /// Ticks skipped since the collector started, because the one before was not finished.
    pub skipped_ticks: u64,
    /// When the oldest batch in the spool was taken, nanoseconds since the Unix epoch; 0 if none.
    pub oldest_time: i64,
}

/// A decoded frame that is not a batch.
#[derive(Debug, Clone, PartialEq)]
#[expect(
    missing_docs,
    reason = "each variant is named as the struct that it holds"
)]
pub enum Message {
    Hello(Hello),
    Welcome(Welcome),
    Enrol(Enrol),
    Enrolled(Enrolled),
    Ack(Ack),
    Refusal(Refusal),
    Archived(Archived),
    Status(Status),
}

impl Message {
    /// Returns the message of a frame.
    ///
    /// # Errors
    /// [`Error::Malformed`] when the body is not what its kind promises, [`Error::FrameKind`] for a
    /// batch, which [`crate::BatchFrame::validate`] takes instead.
    pub fn decode(frame: &Frame) -> Result<Self, Error> {
        let body = frame.body();
        Ok(match frame.kind() {
            FrameKind::Hello => Self::Hello(decode!(Hello, body)),
            FrameKind::Welcome => Self::Welcome(decode!(Welcome, body)),
            FrameKind::Enrol => Self::Enrol(decode!(Enrol, body)),
            FrameKind::Enrolled => Self::Enrolled(decode!(Enrolled, body)),
            FrameKind::Ack => Self::Ack(decode!(Ack, body)),
            FrameKind::Refusal => Self::Refusal(decode!(Refusal, body)),
            FrameKind::Archived => Self::Archived(decode!(Archived, body)),
            FrameKind::Status => Self::Status(decode!(Status, body)),
            FrameKind::Batch => {
                return Err(Error::FrameKind {
                    actual: FrameKind::Batch as u16,
                });
            }
        })
    }

    /// Returns the frame that carries this message.
    ///
    /// # Errors
    /// [`Error::Malformed`] when the message does not fit into a body.
    pub fn encode(&self) -> Result<Frame, Error> {
        match self {
            Self::Hello(body) => encode!(FrameKind::Hello, body),
            Self::Welcome(body) => encode!(FrameKind::Welcome, body),
            Self::Enrol(body) => encode!(FrameKind::Enrol, body),
            Self::Enrolled(body) => encode!(FrameKind::Enrolled, body),
            Self::Ack(body) => encode!(FrameKind::Ack, body),
            Self::Refusal(body) => encode!(FrameKind::Refusal, body),
            Self::Archived(body) => encode!(FrameKind::Archived, body),
            Self::Status(body) => encode!(FrameKind::Status, body),
        }
    }
}

macro_rules! decode {
    ($type:ty, $body:expr) => {
        rkyv::from_bytes::<$type, rkyv::rancor::BoxedError>($body).map_err(|error| {
            Error::Malformed {
                reason: error.to_string(),
            }
        })?
    };
}
macro_rules! encode {
    ($kind:expr, $body:expr) => {{
        let body = rkyv::to_bytes::<rkyv::rancor::BoxedError>($body).map_err(|error| {
            Error::Malformed {
                reason: error.to_string(),
            }
        })?;
        Frame::new($kind, &body)
    }};
}
use {decode, encode};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{FrameDecoder, Limits};

    fn messages() -> Vec<Message> {
        vec![
            Message::Hello(Hello {
                collector: "c".into(),
                epoch: 7,
                ..Hello::default()
            }),
            Message::Welcome(Welcome {
                now: -1,
                archives: true,
                ..Welcome::default()
            }),
            Message::Enrol(Enrol {
                token: "t".into(),
                signing_request: vec![1, 2, 3],
            }),
            Message::Enrolled(Enrolled {
                collector: "c".into(),
                ..Enrolled::default()
            }),
            Message::Ack(Ack {
                sequence: 9,
                lsn: u64::MAX,
                ..Ack::default()
            }),
            Message::Refusal(Refusal {
                code: RefusalCode::Overloaded,
                reason: "later".into(),
                retry_after_ms: 250,
            }),
            Message::Archived(Archived { lsn: 5 }),
            Message::Status(Status {
                buffered_bytes: 1,
                ..Status::default()
            }),
        ]
    }

    #[test]
    fn every_message_survives_its_frame() {
        for sent in messages() {
            let frame = sent.encode().unwrap();
            let mut input = frame.bytes();
            let received = FrameDecoder::new(Limits::default())
                .push(&mut input)
                .unwrap()
                .unwrap();
            assert_eq!(Message::decode(&received), Ok(sent));
        }
    }

    #[test]
    fn a_flipped_bit_in_a_body_is_an_error_or_another_value_never_a_panic() {
        for sent in messages() {
            let bytes = sent.encode().unwrap().into_bytes();
            for bit in crate::HEADER_BYTES * 8..bytes.len() * 8 {
                let mut damaged = bytes.clone();
                damaged[bit / 8] ^= 1 << (bit % 8);
                let mut input = damaged.as_slice();
                let frame = FrameDecoder::new(Limits::default())
                    .push(&mut input)
                    .unwrap()
                    .unwrap();
                if let Ok(received) = Message::decode(&frame) {
                    assert_eq!(received.encode().unwrap().kind(), frame.kind());
                }
            }
        }
    }

    #[test]
    fn secrets_stay_out_of_debug_output() {
        let enrol = Enrol {
            token: "pga_secret".into(),
            signing_request: Vec::new(),
        };
        assert!(!format!("{enrol:?}").contains("pga_secret"));
    }
}
