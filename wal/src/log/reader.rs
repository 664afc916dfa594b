//! Reads back what is durable while the log goes on: how a spool is drained.

use std::collections::VecDeque;
use std::sync::Arc;

use schema::Lsn;

use super::Hold;
use super::shared::{SegmentEntry, Shared};
use crate::segment::{BadRecord, Fault, Found, OpenSegment, WalkedGroup, Walker};
use crate::{Error, Record};

/// A reader of durable records, in order. It holds the log from its position on.
#[derive(Debug)]
pub struct Reader {
    shared: Arc<Shared>,
    hold: Hold,
    /// The first position not given out.
    position: Lsn,
    /// The segment of the position, read up to behind what is in `ready`.
    walker: Option<Walker>,
    ready: VecDeque<Record>,
}

impl Reader {
    /// Begins at the first record whose lsn is not below `from`.
    pub(crate) fn new(shared: Arc<Shared>, name: &str, from: Lsn) -> Self {
        let hold = Hold::new(Arc::clone(&shared), name, from);
        Self {
            shared,
            hold,
            position: from,
            walker: None,
            ready: VecDeque::new(),
        }
    }

    /// Returns the next durable record, or `None` when there is none yet; it may be asked again.
    ///
    /// The hold stays on the record that was returned last, until the one after it is asked for.
    ///
    /// # Errors
    /// [`Error::Start`] when the position was released before the reader came; of
    /// [`Kind::Corrupt`](crate::Kind::Corrupt) when the segment was damaged since it was written.
    pub fn next_record(&mut self) -> Result<Option<Record>, Error> {
        self.hold.advance(self.position);
        loop {
            if let Some(record) = self.ready.pop_front() {
                self.position = record.next;
                return Ok(Some(record));
            }
            if !self.read_group()? {
                return Ok(None);
            }
        }
    }

    /// Returns the first position not yet given out.
    #[must_use]
    pub const fn position(&self) -> Lsn {
        self.position
    }

    /// Reads the next group, or goes on to the next segment; `false` when nothing more is durable.
    fn read_group(&mut self) -> Result<bool, Error> {
        let durable_lsn = self.shared.state.lock().durable_lsn;
        let mut walker = match self.walker.take() {
            Some(walker) => walker,
            None if self.position >= durable_lsn => return Ok(false),
            None => self.open()?,
        };
        if walker.position() >= self.end_of(&walker) {
            self.position = self.position.max(walker.position());
            return Ok(true);
        }
        if walker.position() >= durable_lsn {
            self.walker = Some(walker);
            return Ok(false);
        }
        match walker.next()? {
            Found::Group(group) => self.take(group),
            Found::Bad(bad) => return Err(damaged(&walker, bad)),
        }
        self.walker = Some(walker);
        Ok(true)
    }

    /// Opens the segment that holds the position.
    fn open(&self) -> Result<Walker, Error> {
        let (path, number, end) = {
            let state = self.shared.state.lock();
            let holds = |entry: &&SegmentEntry| {
                let status = &entry.status;
                status.base_lsn <= self.position
                    && (!status.is_sealed || self.position < status.end_lsn)
            };
            let entry = state.segments.iter().find(holds);
            let reason = "the log no longer holds the position to read from";
            let status = &entry.ok_or(Error::Start { reason })?.status;
            let end = if status.is_sealed {
                status.end_lsn
            } else {
                Lsn::MAX
            };
            (status.path.clone(), status.number, end)
        };
        let segment = OpenSegment::open(&self.shared.environment, &path, number)?;
        Ok(Walker::new(segment).until(end))
    }

    /// Returns where the segment of a walker ends, or the end of all while it still grows.
    fn end_of(&self, walker: &Walker) -> Lsn {
        let number = walker.segment().header.number;
        let state = self.shared.state.lock();
        let entry = state
            .segments
            .iter()
            .find(|entry| entry.status.number == number);
        entry
            .filter(|entry| entry.status.is_sealed)
            .map_or(Lsn::MAX, |entry| entry.status.end_lsn)
    }

    fn take(&mut self, group: WalkedGroup) {
        let commit_time = group.commit_time;
        let wanted = group
            .bodies
            .into_iter()
            .filter(|body| body.lsn >= self.position);
        self.ready
            .extend(wanted.map(|body| body.into_record(commit_time)));
    }
}

fn damaged(walker: &Walker, bad: BadRecord) -> Error {
    let reason = match bad.fault {
        Fault::Nothing => "zeros stand where a durable record was",
        Fault::Incomplete(reason) | Fault::Forged(reason) => reason,
    };
    Error::Damaged {
        path: walker.segment().path.clone(),
        offset: bad.offset,
        reason,
    }
}
