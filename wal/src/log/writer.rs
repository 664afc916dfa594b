//! The end of the newest segment: seals groups and puts them on disk, one at a time.

use std::io::IoSlice;
use std::path::PathBuf;
use std::sync::Arc;

use platform::{Clock, FailPoint, File};
use schema::{Lsn, Timestamp};

use super::admission::Room;
use super::queue::Queued;
use super::shared::Shared;
use crate::format::SEGMENT_HEADER_BYTES;
use crate::format::group::{BodyEntry, Group, MARKER_BYTES, group_record_bytes};
use crate::format::segment_header::ChainTag;
use crate::segment::{Beginning, SegmentKey, begin};
use crate::{Durable, Environment, Error};

/// Where the log grows. Only the committer has it.
#[derive(Debug)]
pub(crate) struct Writer {
    file: Arc<dyn File>,
    path: PathBuf,
    pub(crate) key: Arc<SegmentKey>,
    timeline: u32,
    base: Lsn,
    /// Where the next group goes; all before is on disk, because groups go one at a time.
    position: Lsn,
    chain: ChainTag,
    commit_time: Timestamp,
    ordinal: u64,
    /// Whether the last group has nothing behind it that calls it durable.
    pub(crate) owes_marker: bool,
}

/// A group that is on disk.
#[derive(Debug)]
pub(crate) struct Written {
    pub(crate) end: Lsn,
    pub(crate) commit_time: Timestamp,
    /// What to tell each of its payloads' waiters, in their order.
    pub(crate) durables: Vec<Durable>,
}

impl Writer {
    /// Begins a segment in a spare.
    pub(crate) fn begin(
        environment: &Environment,
        spare: &std::path::Path,
        beginning: Beginning,
        ordinal: u64,
    ) -> Result<Self, Error> {
        let begun = begin(environment, spare, beginning)?;
        Ok(Self {
            file: begun.file,
            path: begun.path,
            key: begun.key,
            timeline: beginning.timeline,
            base: beginning.base_lsn,
            position: beginning.base_lsn,
            chain: beginning.chain,
            commit_time: beginning.created,
            ordinal,
            owes_marker: false,
        })
    }

    /// Returns what a segment begins with that continues this one.
    pub(crate) fn next_beginning(&self, clock: &dyn Clock, file_bytes: u64) -> Beginning {
        Beginning {
            number: self.key.number + 1,
            timeline: self.timeline,
            base_lsn: self.position,
            previous: self.key.number,
            chain: self.chain,
            created: self.commit_time_now(clock),
            file_bytes,
        }
    }

    pub(crate) const fn path(&self) -> &PathBuf {
        &self.path
    }

    /// Returns whether the segment holds no group.
    pub(crate) fn is_unused(&self) -> bool {
        self.position == self.base
    }

    /// Returns the bytes of the file that are used.
    pub(crate) const fn used(&self) -> u64 {
        SEGMENT_HEADER_BYTES as u64 + (self.position.get() - self.base.get())
    }

    /// Returns where the log is, with the marker that it may still write.
    pub(crate) const fn room(&self) -> Room {
        let owed = if self.owes_marker { MARKER_BYTES } else { 0 };
        Room {
            ordinal: self.ordinal,
            used: self.used() + owed,
        }
    }

    /// Gives the zeros behind the last group back to the disk, when the segment is full.
    ///
    /// A failure costs only their space: the next segment's header says where this one ends.
    pub(crate) fn trim(&self) -> u64 {
        match self.file.set_len(self.used()) {
            Ok(()) => self.used(),
            Err(error) => {
                tracing::warn!(path = %self.path.display(), %error, "a full segment keeps its zeros");
                self.file.len().unwrap_or_else(|_| self.used())
            }
        }
    }

    /// Writes a group and syncs it; an idle marker when it has no payloads.
    ///
    /// W-1: when this returns `Ok`, `fdatasync` has returned for every byte of it.
    ///
    /// # Errors
    /// [`Error::Io`]; the extent of the write is then unknown and nothing may be written any more.
    pub(crate) fn write(
        &mut self,
        group: &mut [Queued],
        shared: &Shared,
    ) -> Result<Written, Error> {
        let Environment { clock, entropy, .. } = &shared.environment;
        let (lsn, durable_lsn) = (self.position, self.position);
        for queued in &mut *group {
            queued.body.reseal(&self.key, &**entropy);
        }
        let commit_time = self.commit_time_now(&**clock);
        let bodies = group
            .iter()
            .map(|queued| BodyEntry::of(&queued.body))
            .collect();
        let list = Group {
            commit_time,
            chain: self.chain,
            bodies,
        };
        let sealed = list.seal(&self.key, &**entropy, lsn, durable_lsn);
        let mut at = lsn.get() + group_record_bytes(group.len() as u64);
        let mut durables = Vec::with_capacity(group.len());
        for queued in &mut *group {
            let (lsn, next) = (Lsn::new(at), Lsn::new(at + queued.body.record_bytes()));
            queued.body.place(lsn, durable_lsn);
            durables.push(Durable {
                lsn,
                next,
                commit_time,
            });
            at = next.get();
        }
        let end = Lsn::new(at);
        self.put(&sealed.record, group, shared)?;
        self.position = end;
        self.chain = sealed.tag;
        self.commit_time = commit_time;
        self.owes_marker = !group.is_empty();
        Ok(Written {
            end,
            commit_time,
            durables,
        })
    }

    fn put(&self, head: &[u8], group: &[Queued], shared: &Shared) -> Result<(), Error> {
        let failed = |source| Error::Io {
            path: self.path.clone(),
            source,
        };
        let bodies = group.iter().map(|queued| queued.body.record());
        let mut slices: Vec<_> = std::iter::once(head)
            .chain(bodies)
            .map(IoSlice::new)
            .collect();
        let bytes: usize = slices.iter().map(|slice| slice.len()).sum();
        self.file
            .write_all_vectored_at(&mut slices, self.used())
            .map_err(failed)?;
        let disk = &shared.environment.disk;
        disk.reach(FailPoint::WalGroupWritten).map_err(failed)?;
        let clock = &shared.environment.clock;
        let started = clock.monotonic();
        self.file.sync_data().map_err(failed)?;
        disk.reach(FailPoint::WalGroupSynced).map_err(failed)?;
        let took = clock.monotonic().since(started);
        shared
            .metrics
            .committed(bytes as u64, group.len() as u64, took);
        Ok(())
    }

    /// Returns the time of the next commit: the clock's, but never before the last.
    fn commit_time_now(&self, clock: &dyn Clock) -> Timestamp {
        self.commit_time.max(Timestamp::from_nanos(clock.now().0))
    }
}
