//! What one connection may send ahead, batch by batch, such that none ever waits for another's bytes.
//!
//! QUIC counts bytes that came and were not read against one window of the whole connection,
//! whichever stream they are of. The header of a batch says how long it is, so that it is known what
//! is still to come:
//!
//! ```text
//!   header ─▶ room? ─ yes ─▶ comes: is read as it comes ─────────────────────▶ whole
//!                └─── no ──▶ waits: what it has sent stays unread ─ room ─▶ comes
//!                               └ refused at once where it would be in the way
//!
//!   window = 16 KiB + held for those that wait + lent to those that come
//! ```
//!
//! **No stream that has room waits for one that has none.** What a batch that waits may have sent is
//! no more than a stream's window and no more than it is long (a peer that sends more than it said is
//! in its own way only), and the window of the connection is made larger by that while it waits. So
//! however much of it lies there, 16 KiB are left for streams that are read, and of 4 KiB of them the
//! peer always knows. For a batch that waits while no other of its connection is on its way nothing is
//! held: nobody is behind it, and who comes later has room after it, since room is given in the order
//! of asking. But then something is held for both, or the later one is refused at once (Overloaded),
//! and QUIC gives back what that had filled.
//!
//! Every wait is therefore for streams that have room; these wait for their own peer only, for as
//! long as `stream_bytes_per_second_min` grants, and for the sink, which waits for none of them.
//!
//! **No connection keeps what it does not use.** Only what was announced is promised: as soon as the
//! rest of all batches that come is promised, nothing is promised again, and the last byte of them
//! pays for the last one that was lent. So a quiet connection has borrowed nothing, however much it
//! sent before. What it cost is a round trip for a batch longer than 16 KiB that comes alone. A peer
//! whose batch was given up half-way, or waited beside others with more than 80 KiB, keeps some of what
//! it was promised until it sends something else, or ends: at most two shares.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::pace::Pace;
use super::windows::{WINDOW_BYTES_LEAST, Window, Windows};
use crate::exchange::StreamId;

/// The credit of one connection.
#[derive(Debug)]
pub(super) struct Credit {
    window: Window,
    pace: Pace,
    /// What one stream may have sent ahead.
    stream_bytes_max: u64,
    /// The batches that have announced their length and did not come whole.
    batches: BTreeMap<StreamId, Batch>,
}

/// A batch whose header has come.
#[derive(Debug)]
struct Batch {
    /// What of it was not read.
    unread_bytes: u64,
    stands: Stands,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stands {
    /// It has room: it is read as it comes.
    Coming,
    /// It waits for room, and so much is held for what it may have sent meanwhile.
    Held(u64),
    /// It waits for room with nothing held, since it is alone.
    Alone,
}

impl Credit {
    /// Returns the credit that every connection has from its beginning.
    pub(super) fn new(windows: Arc<Windows>, stream_bytes_max: u32) -> Self {
        let pace = Pace::new(windows.share() + u64::from(WINDOW_BYTES_LEAST));
        Self {
            window: Window::new(windows),
            pace,
            stream_bytes_max: stream_bytes_max.into(),
            batches: BTreeMap::new(),
        }
    }

    /// Tells whether a batch waits for room; whoever asks next then waits too.
    pub(super) fn has_waiting(&self) -> bool {
        self.batches.values().any(Batch::waits)
    }

    /// Expects so many bytes of a batch that has room.
    pub(super) fn expect(&mut self, stream: StreamId, unread_bytes: u64) {
        self.insert(stream, unread_bytes, Stands::Coming);
    }

    /// Lets a batch wait for room; `false` where it would be in the way of others.
    pub(super) fn may_wait(&mut self, stream: StreamId, unread_bytes: u64) -> bool {
        if self.batches.is_empty() {
            self.insert(stream, unread_bytes, Stands::Alone);
            return true;
        }
        let held = unread_bytes.min(self.stream_bytes_max);
        let may_wait = self.hold_for_the_one_alone() && self.window.hold(held);
        if may_wait {
            self.insert(stream, unread_bytes, Stands::Held(held));
        }
        may_wait
    }

    /// Takes note that a batch that waited has room; `false` where it does not wait any more.
    pub(super) fn comes(&mut self, stream: StreamId) -> bool {
        let Some(batch) = self.batches.get_mut(&stream) else {
            return false;
        };
        if let Stands::Held(held) = std::mem::replace(&mut batch.stands, Stands::Coming) {
            self.window.end_hold(held);
        }
        true
    }

    /// Takes note of bytes that were read of any stream.
    pub(super) fn read(&mut self, now: Duration, rtt: Duration, stream: StreamId, bytes: usize) {
        let bytes = bytes as u64;
        self.window.read(bytes);
        self.pace.read(now, rtt, bytes);
        if let Some(batch) = self.batches.get_mut(&stream) {
            batch.unread_bytes = batch.unread_bytes.saturating_sub(bytes);
        }
    }

    /// Expects no more of a stream: it came whole, was given up, or is not wanted.
    pub(super) fn ends(&mut self, stream: StreamId) {
        if let Some(Batch {
            stands: Stands::Held(held),
            ..
        }) = self.batches.remove(&stream)
        {
            self.window.end_hold(held);
        }
    }

    /// Returns how much may be read at once, up to the point from which on all is promised: reading
    /// across it would promise more than was announced.
    pub(super) fn bytes_before_the_rest(&self, bytes_max: usize) -> usize {
        let announced = self.announced();
        match usize::try_from(announced.saturating_sub(self.window.promised())) {
            Ok(0) | Err(_) => bytes_max,
            Ok(bytes) => bytes.min(bytes_max),
        }
    }

    /// Fits the window to what is to come; returns it where quinn must be told another. To be called
    /// until there is none: what is promised whole is not to be promised anew.
    pub(super) fn window(&mut self) -> Option<u32> {
        self.window.fit(self.pace.beyond_least(), self.announced())
    }

    /// Returns what is still to be read of batches that have room.
    fn announced(&self) -> u64 {
        let coming = self.batches.values().filter(|batch| !batch.waits());
        coming.map(|batch| batch.unread_bytes).sum()
    }

    /// Holds what is needed for the batch that waits alone, which is not alone any more; `false`
    /// where that is not to be had.
    fn hold_for_the_one_alone(&mut self) -> bool {
        let mut batches = self.batches.values_mut();
        let Some(alone) = batches.find(|batch| batch.stands == Stands::Alone) else {
            return true;
        };
        let held = alone.unread_bytes.min(self.stream_bytes_max);
        let is_held = self.window.hold(held);
        if is_held {
            alone.stands = Stands::Held(held);
        }
        is_held
    }

    fn insert(&mut self, stream: StreamId, unread_bytes: u64, stands: Stands) {
        let batch = Batch {
            unread_bytes,
            stands,
        };
        self.batches.insert(stream, batch);
    }
}

impl Batch {
    fn waits(&self) -> bool {
        self.stands != Stands::Coming
    }
}

#[cfg(test)]
mod tests;
