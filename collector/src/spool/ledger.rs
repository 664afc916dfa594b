//! What became of each batch. Pure: no disk, no network.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use schema::{Epoch, Lsn, Sequence};
use wire::BatchFrame;

/// The number of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct BatchId {
    /// The start of the collector that took it.
    pub(crate) epoch: Epoch,
    /// Its number since that start.
    pub(crate) sequence: Sequence,
}

/// Every batch that is not yet done, in the order of the log.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    entries: BTreeMap<Lsn, Entry>,
    positions: HashMap<BatchId, Lsn>,
    bytes: u64,
    cached_bytes: u64,
}

/// A batch.
#[derive(Debug)]
pub(super) struct Entry {
    /// Its number.
    pub(super) id: BatchId,
    /// The length of its frame.
    pub(super) bytes: u64,
    /// When it was taken, nanoseconds since the Unix epoch.
    pub(super) taken: i64,
    /// The frame, unless it lies on disk only.
    pub(super) frame: Option<Arc<BatchFrame>>,
    /// How far it is.
    pub(super) state: State,
}

/// How far a batch is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// To be sent.
    Waiting,
    /// Sent, without an answer.
    UnderWay,
    /// On the server's disk, at this position of its log, but not in its object store.
    Durable(Lsn),
    /// Of no more use; kept only until everything before it is done too.
    Done,
}

/// The next batch to send.
#[derive(Debug)]
pub(super) enum Next {
    /// Nothing waits.
    Nothing,
    /// This one.
    Batch(BatchId, Arc<BatchFrame>),
    /// One whose frame must be read from disk first.
    OnDisk,
}

impl Ledger {
    /// Adds a batch at its position in the log; keeps its frame while all frames kept stay below
    /// `cache_bytes_max` and none before it is on disk only.
    pub(super) fn add(&mut self, position: Lsn, mut entry: Entry, cache_bytes_max: u64) {
        let last_is_cached = self
            .entries
            .last_key_value()
            .is_none_or(|(_, last)| last.frame.is_some() || last.state != State::Waiting);
        if !last_is_cached || self.cached_bytes + entry.bytes > cache_bytes_max {
            entry.frame = None;
        }
        self.cached_bytes += entry.cached_bytes();
        self.bytes += entry.bytes;
        self.positions.insert(entry.id, position);
        self.entries.insert(position, entry);
    }

    /// Returns where batches stand that wait and whose frames lie on disk only: the oldest, and as many
    /// behind it as there is room for. Frames of later batches give way where they leave none for it.
    pub(super) fn absent_frames(&mut self, cache_bytes_max: u64) -> Vec<Lsn> {
        let mut absent = self.entries.iter().filter(|(_, entry)| entry.is_absent());
        let Some((first, oldest)) = absent.next().map(|(at, entry)| (*at, entry.bytes)) else {
            return Vec::new();
        };
        if self.cached_bytes + oldest > cache_bytes_max {
            self.forget_frames_behind(first);
        }
        let mut room = cache_bytes_max.saturating_sub(self.cached_bytes);
        let mut positions = Vec::new();
        for (position, entry) in self.entries.range(first..) {
            if !entry.is_absent() {
                continue;
            }
            // The oldest is read however small the room is.
            if position != &first && entry.bytes > room {
                break;
            }
            room = room.saturating_sub(entry.bytes);
            positions.push(*position);
        }
        positions
    }

    /// Gives an entry that waits its frame back; whatever became of it otherwise needs none.
    pub(super) fn cache(&mut self, position: Lsn, frame: BatchFrame) {
        let Some(entry) = self.entries.get_mut(&position) else {
            return;
        };
        if entry.is_absent() {
            entry.frame = Some(Arc::new(frame));
            self.cached_bytes += entry.cached_bytes();
        }
    }

    /// Returns the oldest batch that waits and marks it as under way.
    pub(super) fn next(&mut self) -> Next {
        let Some(entry) = self
            .entries
            .values_mut()
            .find(|entry| entry.state == State::Waiting)
        else {
            return Next::Nothing;
        };
        match &entry.frame {
            None => Next::OnDisk,
            Some(frame) => {
                entry.state = State::UnderWay;
                let frame = Arc::clone(frame);
                self.cached_bytes -= entry.bytes;
                Next::Batch(entry.id, frame)
            }
        }
    }

    /// Changes how far a batch is; one that is no longer known was dropped meanwhile.
    pub(super) fn set(&mut self, id: BatchId, state: State) {
        if let Some(position) = self.positions.get(&id).copied() {
            self.set_at(position, state);
        }
    }

    /// Marks as done what the server has archived: everything before `archived` in its log.
    pub(super) fn archived(&mut self, archived: Lsn) {
        let is_covered = |entry: &Entry| matches!(entry.state, State::Durable(at) if at < archived);
        let covered = self.positions_where(is_covered);
        covered
            .into_iter()
            .for_each(|position| self.set_at(position, State::Done));
    }

    /// Marks as done what an earlier run noted as done.
    pub(super) fn done_before(&mut self, position: Lsn) {
        let earlier: Vec<Lsn> = self.entries.range(..position).map(|(at, _)| *at).collect();
        earlier
            .into_iter()
            .for_each(|at| self.set_at(at, State::Done));
    }

    /// Makes everything that is not done wait again: a new connection may lead to a server that was
    /// restored to before it.
    pub(super) fn send_again(&mut self) {
        for position in self.positions_where(|entry| entry.state != State::Done) {
            self.set_at(position, State::Waiting);
        }
    }

    /// Drops the oldest batches until these bytes are gone; returns how many.
    pub(super) fn drop_oldest(&mut self, bytes: u64) -> u64 {
        let (mut freed, mut dropped) = (0, 0);
        for position in self.positions_where(|entry| entry.state != State::Done) {
            if freed >= bytes {
                break;
            }
            freed += self.entries.get(&position).map_or(0, |entry| entry.bytes);
            dropped += 1;
            self.set_at(position, State::Done);
        }
        dropped
    }

    /// Forgets what is done at the front; returns the position before which the log is of no more
    /// use, or nothing when all of it is.
    pub(super) fn release(&mut self) -> Option<Lsn> {
        while let Some(first) = self.entries.first_entry() {
            if first.get().state != State::Done {
                return Some(*first.key());
            }
            let entry = first.remove();
            self.positions.remove(&entry.id);
        }
        None
    }

    /// Returns whether a position is known.
    pub(super) fn contains_position(&self, position: Lsn) -> bool {
        self.entries.contains_key(&position)
    }

    /// Returns the position of the oldest entry.
    pub(super) fn first_position(&self) -> Option<Lsn> {
        self.entries
            .first_key_value()
            .map(|(position, _)| *position)
    }

    /// Returns the bytes of all batches that are not done.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Returns the number of batches that are not done.
    pub(super) fn batches(&self) -> u64 {
        self.entries
            .values()
            .filter(|entry| entry.state != State::Done)
            .count() as u64
    }

    /// Returns when the oldest batch that is not done was taken.
    pub(super) fn oldest(&self) -> Option<i64> {
        self.entries
            .values()
            .find(|entry| entry.state != State::Done)
            .map(|entry| entry.taken)
    }

    fn positions_where(&self, test: impl Fn(&Entry) -> bool) -> Vec<Lsn> {
        self.entries
            .iter()
            .filter(|(_, entry)| test(entry))
            .map(|(at, _)| *at)
            .collect()
    }

    fn forget_frames_behind(&mut self, first: Lsn) {
        for entry in self.entries.range_mut(first..).map(|(_, entry)| entry) {
            self.cached_bytes -= entry.cached_bytes();
            if entry.state == State::Waiting {
                entry.frame = None;
            }
        }
    }

    fn set_at(&mut self, position: Lsn, state: State) {
        let Some(entry) = self.entries.get_mut(&position) else {
            return;
        };
        if entry.state == State::Done {
            return;
        }
        self.cached_bytes -= entry.cached_bytes();
        entry.state = state;
        if !matches!(state, State::Waiting | State::UnderWay) {
            entry.frame = None;
        }
        self.cached_bytes += entry.cached_bytes();
        if state == State::Done {
            self.bytes -= entry.bytes;
        }
    }
}

impl Entry {
    /// Tells whether it waits and its frame lies on disk only.
    fn is_absent(&self) -> bool {
        self.state == State::Waiting && self.frame.is_none()
    }

    /// Frames under way are few and needed; those that wait are what memory is limited for.
    fn cached_bytes(&self) -> u64 {
        match (self.state, &self.frame) {
            (State::Waiting, Some(_)) => self.bytes,
            _ => 0,
        }
    }
}
