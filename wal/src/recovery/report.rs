//! What opening a log found and did.

use std::fmt::{self, Display};
use std::path::PathBuf;

use schema::{Lsn, Timestamp};

/// What opening a log found and did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecoveryReport {
    /// Segments that were read.
    pub segments: u64,
    /// Groups that were whole, idle markers included.
    pub groups: u64,
    /// Records given to the closure.
    pub records: u64,
    /// Their payloads' bytes.
    pub payload_bytes: u64,
    /// Where the log ended, and the new segment begins.
    pub end_lsn: Lsn,
    /// Commit time of the last group; the least there is when the log is empty.
    pub last_commit_time: Timestamp,
    /// The timeline that the log goes on with.
    pub timeline: u32,
    /// The tail that a crash had left unfinished, now cut off.
    pub torn: Option<TornTail>,
    /// Files that were removed: leftovers, and segments beyond the end of a restore.
    pub removed: Vec<PathBuf>,
    /// Files that are not the log's, left alone.
    pub foreign: Vec<String>,
}

/// A tail that was written but never synced, so that nobody was told it was durable (W-4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TornTail {
    /// The segment.
    pub path: PathBuf,
    /// Where in the file it was cut.
    pub offset: u64,
    /// Bytes behind the cut, up to the last that is not zero.
    pub bytes: u64,
    /// What was wrong with the first record of it.
    pub reason: &'static str,
}

impl Display for TornTail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            path,
            offset,
            bytes,
            reason,
        } = self;
        let path = path.display();
        write!(
            f,
            "{path} has a torn tail of {bytes} bytes at offset {offset}: {reason}"
        )
    }
}
