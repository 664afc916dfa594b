//! The two halves of a stream, and the futures that wait on them.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use quinn::{ReadError, RecvStream, SendStream, VarInt, WriteError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use wire::Frame;

use crate::exchange::{Code, StreamId};

/// The receiving half, and word of when to stop.
pub(super) struct Reader {
    receive: RecvStream,
    stop: oneshot::Receiver<Code>,
}

/// The sending half: what is to be sent, in order.
pub(super) struct Writer {
    /// `None` while a future writes with it.
    pub(super) send: Option<SendStream>,
    pub(super) queue: VecDeque<Frame>,
    pub(super) is_finishing: bool,
    pub(super) reset: Option<Code>,
}

/// A stream of a connection.
pub(super) struct Stream {
    /// `None` while a future reads with it, and once there is nothing more to read.
    pub(super) reader: Option<Reader>,
    pub(super) writer: Writer,
    /// The room that its batch takes, until it is answered.
    pub(super) room: Option<OwnedSemaphorePermit>,
    /// What was read of it.
    pub(super) read_bytes: u64,
    stop: Option<oneshot::Sender<Code>>,
}

impl Stream {
    pub(super) fn new(send: SendStream, receive: RecvStream) -> Self {
        let (stop, stopped) = oneshot::channel();
        Self {
            reader: Some(Reader {
                receive,
                stop: stopped,
            }),
            writer: Writer {
                send: Some(send),
                queue: VecDeque::new(),
                is_finishing: false,
                reset: None,
            },
            room: None,
            read_bytes: 0,
            stop: Some(stop),
        }
    }

    /// Tells the peer to send no more, whoever holds the reader.
    pub(super) fn stop_reading(&mut self, code: Code) {
        if let Some(mut reader) = self.reader.take() {
            reader.stop(code);
        }
        if let Some(stop) = self.stop.take() {
            // The reader is gone where the stream has ended.
            let _ = stop.send(code);
        }
    }
}

impl Reader {
    fn stop(&mut self, code: Code) {
        // An error says that the stream has ended already.
        drop(self.receive.stop(number(code)));
    }
}

/// What a future of a connection came to.
pub(super) enum Done {
    /// Bytes, or the end.
    Read(StreamId, Reader, Result<Option<Bytes>, ReadError>),
    /// Room for a batch.
    Room(StreamId, Reader, OwnedSemaphorePermit),
    /// The reader was told to stop.
    Stopped,
    /// A frame was written.
    Wrote(StreamId, SendStream, Result<(), WriteError>),
    /// A finished stream was received, or never will be.
    Delivered(StreamId),
    /// The sink decided.
    Committed(
        StreamId,
        Result<crate::sink::Committed, crate::sink::Refused>,
    ),
    /// The gate decided.
    Enrolled(Result<wire::v1::Enrolled, wire::v1::Refusal>),
}

/// Reads what comes next, at most so much, or stops.
pub(super) async fn read(stream: StreamId, mut reader: Reader, bytes_max: usize) -> Done {
    let chunk = tokio::select! {
        chunk = reader.receive.read_chunk(bytes_max, true) => chunk,
        code = &mut reader.stop => {
            reader.stop(code.unwrap_or(Code::Done));
            return Done::Stopped;
        }
    };
    Done::Read(
        stream,
        reader,
        chunk.map(|chunk| chunk.map(|chunk| chunk.bytes)),
    )
}

/// Waits for room, or stops.
pub(super) async fn wait_for_room(
    stream: StreamId,
    mut reader: Reader,
    room: Arc<Semaphore>,
    bytes: u32,
) -> Done {
    tokio::select! {
        biased;
        code = &mut reader.stop => {
            reader.stop(code.unwrap_or(Code::Done));
            Done::Stopped
        }
        permit = room.acquire_many_owned(bytes) => match permit {
            Ok(permit) => Done::Room(stream, reader, permit),
            // The semaphore is never closed; were it, the stream would time out.
            Err(_) => Done::Stopped,
        },
    }
}

/// Writes a frame.
pub(super) async fn write(stream: StreamId, mut send: SendStream, frame: Frame) -> Done {
    let outcome = send.write_all(frame.bytes()).await;
    Done::Wrote(stream, send, outcome)
}

/// Finishes a stream and waits until the peer has it all, or does not want it.
pub(super) async fn deliver(stream: StreamId, mut send: SendStream) -> Done {
    if send.finish().is_ok() {
        // An error is a lost connection: there is nothing to wait for either.
        drop(send.stopped().await);
    }
    Done::Delivered(stream)
}

/// Returns the code as QUIC writes it.
pub(super) fn number(code: Code) -> VarInt {
    VarInt::from_u32(code as u32)
}
