//! Where replay begins and ends, and which timeline the log then goes on with.

use schema::{Lsn, Timestamp};

/// How a log is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Start {
    /// The first position to replay: records with an lsn not below it are given out.
    pub from: Lsn,
    /// Where replay ends.
    pub until: Until,
    /// What the log goes on as.
    pub timeline: Timeline,
}

/// Where replay ends; what is beyond does not exist any more for this log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// With the last durable record.
    End,
    /// With the last record committed at this time or before.
    CommitTime(Timestamp),
    /// With the record at this position, or the last before it.
    Lsn(Lsn),
}

/// The line of history that new segments belong to; a restore to a point in the past begins a new
/// one, so that what it archives is never taken for what was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Timeline {
    /// The one of the newest segment; 1 in a directory without a log.
    Continue,
    /// This one, which must be above every one in the directory.
    ///
    /// When the newest segment already has it, the change was made before: the log is replayed to
    /// its end, whatever [`Start::until`] says.
    New(u32),
}

impl Start {
    /// Returns an ordinary start: replay from here to the end, on the same timeline.
    #[must_use]
    pub const fn at(from: Lsn) -> Self {
        Self {
            from,
            until: Until::End,
            timeline: Timeline::Continue,
        }
    }

    /// Returns the start of a restore: replay from here to a point, then go on as a new timeline.
    #[must_use]
    pub const fn restore(from: Lsn, until: Until, timeline: u32) -> Self {
        Self {
            from,
            until,
            timeline: Timeline::New(timeline),
        }
    }
}
