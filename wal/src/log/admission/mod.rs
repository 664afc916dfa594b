//! Decides whether a payload surely fits the segments that are ready (W-6).
//!
//! What is taken must find room when its turn comes, without asking the disk for any. So admission
//! keeps a ledger of where each payload ends up at worst: alone in its group, with a marker behind
//! it, and nothing of a segment used that it does not fit into. The committer packs tighter and
//! writes fewer markers, so it is never ahead of the ledger. When the queue is empty the ledger is
//! set to the truth.

use crate::format::SEGMENT_HEADER_BYTES;
use crate::format::group::{MARKER_BYTES, group_record_bytes};

/// Where the next payload ends up at worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Admission {
    segment_bytes: u64,
    at: Room,
}

/// A place in the segments that are ready: which one, counted from the first of this process, and
/// the bytes used of it, header included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Room {
    pub(crate) ordinal: u64,
    pub(crate) used: u64,
}

impl Room {
    /// Returns the beginning of a segment.
    pub(crate) const fn at_start_of(ordinal: u64) -> Self {
        Self {
            ordinal,
            used: SEGMENT_HEADER_BYTES as u64,
        }
    }
}

impl Admission {
    pub(crate) const fn new(segment_bytes: u64, at: Room) -> Self {
        Self { segment_bytes, at }
    }

    /// Takes a record in, if it fits up to the segment `last_ordinal`.
    pub(crate) const fn admit(&mut self, record_bytes: u64, last_ordinal: u64) -> bool {
        let cost = group_record_bytes(1) + record_bytes + MARKER_BYTES;
        let mut at = self.at;
        if at.used + cost > self.segment_bytes {
            at = Room::at_start_of(at.ordinal + 1);
        }
        at.used += cost;
        if at.ordinal > last_ordinal {
            return false;
        }
        self.at = at;
        true
    }

    /// Takes in the beginning of a new segment, if there is one up to `last_ordinal`.
    pub(crate) const fn admit_rotation(&mut self, last_ordinal: u64) -> bool {
        let is_ready = self.at.ordinal < last_ordinal;
        if is_ready {
            self.at = Room::at_start_of(self.at.ordinal + 1);
        }
        is_ready
    }

    /// Sets the ledger to where the log really is; called when nothing waits.
    pub(crate) fn settle(&mut self, truth: Room) {
        // W-6: the committer is never ahead of what was reserved.
        assert!(
            truth <= self.at,
            "W-6: the log is at {truth:?}, beyond {:?}",
            self.at
        );
        self.at = truth;
    }
}

/// Returns whether a group of this size and a marker behind it fit what is left of a segment.
pub(crate) const fn fits(segment_bytes: u64, used: u64, group_bytes: u64) -> bool {
    used + group_bytes + MARKER_BYTES <= segment_bytes
}

#[cfg(test)]
mod tests;
