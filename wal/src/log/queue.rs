//! What waits for the committer, in the order of submission.

use std::collections::VecDeque;

use tokio::sync::oneshot;

use super::admission::fits;
use crate::Durable;
use crate::format::body::SealedBody;
use crate::format::group::group_record_bytes;

/// Tells whoever waits; dropped untold, it says that the outcome is unknown.
pub(crate) type Waiter<T> = oneshot::Sender<T>;

/// A payload that waits.
#[derive(Debug)]
pub(crate) struct Queued {
    pub(crate) body: SealedBody,
    pub(crate) waiter: Waiter<Durable>,
}

/// Something for the committer to do.
#[derive(Debug)]
pub(crate) enum Item {
    /// Write a payload.
    Body(Queued),
    /// Begin a new segment.
    Rotate(Waiter<()>),
    /// Write a marker, unless the last group has one.
    Vouch(Waiter<()>),
}

/// What the committer does next.
#[derive(Debug)]
pub(crate) enum Next {
    /// Nothing waits.
    Nothing,
    /// Write these payloads as one group.
    Group(Vec<Queued>),
    /// Begin a new segment, because the next payload does not fit this one.
    Full,
    /// Begin a new segment, because somebody asked.
    Rotate(Waiter<()>),
    /// Write a marker, because somebody asked.
    Vouch(Waiter<()>),
}

/// The queue; its bytes are bounded by whoever pushes.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    items: VecDeque<Item>,
    bytes: u64,
}

impl Queue {
    pub(crate) fn push(&mut self, item: Item) {
        if let Item::Body(queued) = &item {
            self.bytes += queued.body.record_bytes();
        }
        self.items.push_back(item);
    }

    /// Returns the bytes that wait or are being written.
    pub(crate) const fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Takes what comes next, for a segment of which `used` bytes are used.
    ///
    /// The bytes of a group count until [`Queue::done`].
    pub(crate) fn take(&mut self, segment_bytes: u64, used: u64, group_bytes_max: u64) -> Next {
        match self.items.front() {
            None => return Next::Nothing,
            Some(Item::Body(_)) => {}
            Some(_) => return self.take_request(),
        }
        let mut group = Vec::new();
        let mut bodies_bytes = 0;
        while let Some(Item::Body(queued)) = self.items.front() {
            let bytes = bodies_bytes + queued.body.record_bytes();
            let group_bytes = group_record_bytes(group.len() as u64 + 1) + bytes;
            let is_too_long = !group.is_empty() && group_bytes > group_bytes_max;
            if is_too_long || !fits(segment_bytes, used, group_bytes) {
                break;
            }
            bodies_bytes = bytes;
            if let Some(Item::Body(queued)) = self.items.pop_front() {
                group.push(queued);
            }
        }
        if group.is_empty() {
            Next::Full
        } else {
            Next::Group(group)
        }
    }

    /// Forgets the bytes of a group that is written.
    pub(crate) const fn done(&mut self, bytes: u64) {
        self.bytes -= bytes;
    }

    /// Drops everything, which tells every waiter that the outcome is unknown.
    pub(crate) fn clear(&mut self) {
        self.items.clear();
        self.bytes = 0;
    }

    fn take_request(&mut self) -> Next {
        match self.items.pop_front() {
            Some(Item::Rotate(waiter)) => Next::Rotate(waiter),
            Some(Item::Vouch(waiter)) => Next::Vouch(waiter),
            Some(Item::Body(_)) | None => Next::Nothing,
        }
    }
}
