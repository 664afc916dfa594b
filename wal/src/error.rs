//! What can go wrong with the log.

use std::io;
use std::path::PathBuf;

pub use schema::ErrorKind as Kind;
use schema::Lsn;
use seal::ClusterId;

/// A refusal of the log, or bytes in it that are not as they were written.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Bytes that had been durable are not what was written; starting would lose acked data (W-4).
    #[error("log segment {path} is damaged at offset {offset}: {reason}")]
    Damaged {
        /// The segment.
        path: PathBuf,
        /// Where in the file the first bad byte is looked for.
        offset: u64,
        /// What does not fit.
        reason: &'static str,
    },
    /// A segment between two others, or before the first needed record, is not there.
    #[error(
        "the log in {dir} lacks what is before segment {number}, which begins at lsn {base_lsn}"
    )]
    MissingSegment {
        /// The log's directory.
        dir: PathBuf,
        /// The segment whose predecessor is missing.
        number: u64,
        /// Where it begins.
        base_lsn: Lsn,
    },
    /// The whole log is not there, though the store has seen one.
    #[error("there is no log in {dir}, but replay must begin at lsn {from}")]
    MissingLog {
        /// The log's directory.
        dir: PathBuf,
        /// Where replay was to begin.
        from: Lsn,
    },
    /// A segment that belongs to no chain.
    #[error("log segment {path} does not belong here: {reason}")]
    Misplaced {
        /// The segment.
        path: PathBuf,
        /// What does not fit.
        reason: &'static str,
    },
    /// The log ends before the position that the store has already passed.
    #[error("the log in {dir} ends at lsn {end}, before lsn {from} where replay must begin")]
    EndsEarly {
        /// The log's directory.
        dir: PathBuf,
        /// Where it ends.
        end: Lsn,
        /// Where replay was to begin.
        from: Lsn,
    },
    /// A segment of another installation.
    #[error("log segment {path} belongs to cluster {actual}, this is cluster {expected}")]
    WrongCluster {
        /// The segment.
        path: PathBuf,
        /// The cluster of the keyring.
        expected: ClusterId,
        /// The cluster in the segment's header.
        actual: ClusterId,
    },
    /// A segment of another kind: a spool's in a log, or the other way round.
    #[error("log segment {path} is a file of kind {actual}")]
    WrongKind {
        /// The segment.
        path: PathBuf,
        /// The kind in its header.
        actual: u16,
    },
    /// A segment that a later version of this program wrote.
    #[error("log segment {path} has format version {version}, this program reads version 1")]
    UnsupportedVersion {
        /// The segment.
        path: PathBuf,
        /// The version in its header.
        version: u16,
    },
    /// The keyring does not open a segment.
    #[error("no key opens log segment {path}")]
    Key {
        /// The segment.
        path: PathBuf,
        /// Why.
        source: seal::Error,
    },
    /// The disk refused.
    #[error("the disk refused {path}")]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A payload that fits no segment.
    #[error("a payload of {bytes} bytes is larger than the {bytes_max} that the log takes")]
    TooLarge {
        /// Its length.
        bytes: u64,
        /// The longest that fits.
        bytes_max: u64,
    },
    /// A limit is reached; nothing was taken (W-6).
    #[error("the log takes no more for now: {limit} is reached")]
    Overloaded {
        /// The limit's name.
        limit: &'static str,
    },
    /// The disk has no room for another segment; nothing was taken.
    #[error("the disk of {dir} has no room for another log segment")]
    DiskFull {
        /// The log's directory.
        dir: PathBuf,
    },
    /// A write or a sync failed earlier; nothing is taken until the log is opened again (W-3).
    #[error("the log stopped after an earlier failure: {cause}")]
    Poisoned {
        /// What failed.
        cause: String,
    },
    /// It cannot be told whether a payload is on disk; opening the log again tells (W-3).
    #[error("the outcome of the write is unknown until the log is opened again")]
    Unknown,
    /// The log was closed.
    #[error("the log is closed")]
    Closed,
    /// A setting out of its range.
    #[error("the log's setting {name} is out of range: {reason}")]
    Setting {
        /// The setting.
        name: &'static str,
        /// What its range is.
        reason: &'static str,
    },
    /// A start that makes no sense.
    #[error("the log cannot begin so: {reason}")]
    Start {
        /// Why.
        reason: &'static str,
    },
    /// Whoever takes the replayed records refused one.
    #[error("replay stopped at lsn {lsn}")]
    Replay {
        /// The record.
        lsn: Lsn,
        /// Why.
        source: ReplayError,
    },
}

/// What a replay closure may fail with.
pub type ReplayError = Box<dyn std::error::Error + Send + Sync>;

impl Error {
    /// Returns what the caller should do. [`Kind::Corrupt`] means: do not start, exit 78.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Damaged { .. }
            | Self::MissingSegment { .. }
            | Self::MissingLog { .. }
            | Self::Misplaced { .. }
            | Self::EndsEarly { .. } => Kind::Corrupt,
            Self::WrongCluster { .. } | Self::Key { .. } => Kind::Denied,
            Self::WrongKind { .. }
            | Self::UnsupportedVersion { .. }
            | Self::TooLarge { .. }
            | Self::Setting { .. }
            | Self::Start { .. } => Kind::Invalid,
            Self::Overloaded { .. } | Self::DiskFull { .. } => Kind::Overloaded,
            Self::Poisoned { .. } | Self::Unknown | Self::Closed => Kind::Unavailable,
            Self::Io { .. } | Self::Replay { .. } => Kind::Internal,
        }
    }
}
