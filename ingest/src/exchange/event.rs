//! What goes into an exchange and what comes out.

use schema::{Lsn, Timestamp};
use wire::v1::{Enrol, Enrolled, Hello, Refusal, Status};
use wire::{BatchFrame, Frame};

use super::Code;
use crate::gate::Peer;
use crate::sink::{Committed, Refused};

/// A bidirectional stream that the peer opened, by its place in the order of opening.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamId(pub u64);

impl StreamId {
    /// The first stream of a connection.
    pub const CONTROL: Self = Self(0);
}

/// Something that happened.
#[derive(Debug)]
pub enum Event<'a> {
    /// The peer opened a stream.
    Opened(StreamId),
    /// Bytes came on a stream; not to be sent while a [`Action::Reserve`] of it is unanswered.
    Bytes(StreamId, &'a [u8]),
    /// The peer has sent all of a stream.
    Finished(StreamId),
    /// The peer gave a stream up.
    Lost(StreamId),
    /// There is room for the batch of a stream.
    Reserved(StreamId),
    /// There is no room for the batch of a stream, and it cannot wait for it.
    Crowded(StreamId),
    /// The outcome of [`Action::Identify`].
    Identified(Result<Admission, Refusal>),
    /// The outcome of [`Action::Enrol`].
    Enrolled(Result<Enrolled, Refusal>),
    /// The outcome of [`Action::Commit`].
    Committed(StreamId, Result<Committed, Refused>),
    /// Everything written on a finished stream was received, or never will be.
    Delivered(StreamId),
    /// Everything before this position is in the object store.
    Archived(Lsn),
    /// The server stops.
    Stop,
    /// Time has passed.
    Tick,
}

/// Who comes in, and when.
#[derive(Debug, Clone)]
pub struct Admission {
    /// Who.
    pub peer: Peer,
    /// The server's clock.
    pub now: Timestamp,
}

/// Something to do.
#[derive(Debug)]
pub enum Action {
    /// Find out who this is; answer with [`Event::Identified`].
    Identify(Hello),
    /// Enrol a collector; answer with [`Event::Enrolled`].
    Enrol(Enrol),
    /// Set bytes aside for the batch of a stream and read no more of it until then; answer with
    /// [`Event::Reserved`] or [`Event::Crowded`]. They are given back with the stream's first [`Action::Write`], with its
    /// [`Action::Reset`], or with the connection.
    Reserve {
        /// The stream.
        stream: StreamId,
        /// How many bytes its batch has.
        bytes: u32,
    },
    /// Commit a batch; answer with [`Event::Committed`].
    Commit {
        /// The stream that brought it.
        stream: StreamId,
        /// The batch.
        frame: BatchFrame,
    },
    /// Note how the peer says it is.
    Seen(Status),
    /// Send a frame.
    Write {
        /// The stream.
        stream: StreamId,
        /// The frame.
        frame: Frame,
    },
    /// Say that all of a stream was sent; answer with [`Event::Delivered`].
    Finish {
        /// The stream.
        stream: StreamId,
    },
    /// Read no more of a stream.
    StopReading {
        /// The stream.
        stream: StreamId,
        /// Why.
        code: Code,
    },
    /// Give a stream up.
    Reset {
        /// The stream.
        stream: StreamId,
        /// Why.
        code: Code,
    },
    /// Close the connection; the last action there is.
    Close {
        /// Why.
        code: Code,
        /// In words.
        reason: String,
    },
}
