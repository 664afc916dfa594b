//! What the store says when it cannot do what it was asked.

use std::fmt::Display;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use schema::{Lsn, Timestamp};

pub use schema::ErrorKind as Kind;

/// A refusal or a failure of the store.
///
/// It can be cloned, since one outcome may be owed to several callers: a batch and its duplicates.
#[non_exhaustive]
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// A name, a column or a schema change that is not allowed.
    #[error(transparent)]
    Schema(#[from] schema::Error),
    /// A log record or frame that is not what this version writes.
    #[error(transparent)]
    Wire(#[from] wire::Error),
    /// A row too far in the future.
    #[error("table {table:?} has a row at {time}, more than {future_ms} ms ahead of the server")]
    Future {
        /// The table.
        table: String,
        /// The time of the row.
        time: Timestamp,
        /// How far ahead a row may be.
        future_ms: u64,
    },
    /// A row from before the times that can be stored.
    #[error(
        "table {table:?} has a row at {time}, and the earliest that can be stored is {earliest}"
    )]
    Past {
        /// The table.
        table: String,
        /// The time of the row.
        time: Timestamp,
        /// The earliest time that a row may have.
        earliest: Timestamp,
    },
    /// A value of a tag that is longer than the store keeps in memory for every series.
    #[error(
        "tag {column:?} of table {table:?} has a value of {bytes} bytes, and {bytes_max} are allowed (tag_bytes_max)"
    )]
    LongTag {
        /// The table.
        table: String,
        /// The tag.
        column: String,
        /// The length of the value.
        bytes: u64,
        /// The length that is allowed.
        bytes_max: u32,
    },
    /// More of something than the store may hold.
    #[error("there would be more than {limit} {what}")]
    Limit {
        /// Tables, series, collectors.
        what: &'static str,
        /// The limit in force.
        limit: u64,
    },
    /// A numbered batch that is older than what is remembered of its collector.
    #[error(
        "batch {sequence} of epoch {epoch} from collector {collector:?} is too old to tell whether \
         it was stored"
    )]
    TooOld {
        /// The collector.
        collector: String,
        /// The epoch of the batch.
        epoch: u64,
        /// The sequence of the batch.
        sequence: u64,
    },
    /// A request that contradicts the catalogue or itself.
    #[error("{what}: {reason}")]
    Refused {
        /// What the request is about.
        what: String,
        /// Why it is refused.
        reason: &'static str,
    },
    /// Something asked for by name that is not there.
    #[error("there is no {what} {name:?}")]
    Absent {
        /// Table, token, collector.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// A setting out of its range.
    #[error("setting {setting} is out of range: {reason}")]
    Setting {
        /// The setting.
        setting: &'static str,
        /// The range.
        reason: &'static str,
    },
    /// A limit on what is under way is reached.
    #[error("{what} is full, try again in {retry_after_ms} ms")]
    Overloaded {
        /// Which limit.
        what: &'static str,
        /// When to come again.
        retry_after_ms: u64,
    },
    /// The store is closing, or closed.
    #[error("the store is closing")]
    Closing,
    /// The store has failed (W-3): what it holds can be read, and only a restart lets it take more.
    #[error("the store has failed and takes nothing more until it is restarted")]
    Failed,
    /// The data directory is in use.
    #[error("the data directory {path} is in use by another process")]
    Locked {
        /// The lock file.
        path: PathBuf,
    },
    /// The store failed before the batch was durable and visible for certain: a restart tells (W-3).
    #[error("the outcome is unknown: the store failed, and a restart will tell")]
    Unknown {
        /// Why.
        source: Arc<dyn std::error::Error + Send + Sync>,
    },
    /// The log refused or failed.
    #[error("the log refused")]
    Log {
        /// What the caller should do.
        kind: Kind,
        /// What the log said.
        source: Arc<dyn std::error::Error + Send + Sync>,
    },
    /// Bytes on disk are not what was written.
    #[error("{} is damaged: {reason}", path.display())]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// Where in it, and what does not fit.
        reason: String,
    },
    /// A sealed file does not open.
    #[error("{} does not open at byte {offset}", path.display())]
    Seal {
        /// The file.
        path: PathBuf,
        /// Where the piece of it begins that does not.
        offset: u64,
        /// Why.
        source: Arc<seal::Error>,
    },
    /// The disk refused.
    #[error("the disk refused {}", path.display())]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// Why.
        source: Arc<io::Error>,
    },
    /// A rule of our own does not hold; the store stops rather than go on.
    #[error("a rule of the store is broken at lsn {lsn}: {reason}")]
    Broken {
        /// The record at which it was noticed.
        lsn: Lsn,
        /// Which rule.
        reason: String,
    },
}

impl Error {
    /// Returns what the caller should do.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Schema(_)
            | Self::Wire(_)
            | Self::Future { .. }
            | Self::Past { .. }
            | Self::LongTag { .. }
            | Self::Limit { .. }
            | Self::TooOld { .. }
            | Self::Refused { .. }
            | Self::Absent { .. }
            | Self::Setting { .. } => Kind::Invalid,
            Self::Overloaded { .. } => Kind::Overloaded,
            Self::Closing | Self::Failed | Self::Locked { .. } => Kind::Unavailable,
            Self::Corrupt { .. } => Kind::Corrupt,
            Self::Seal { source, .. } => match source.kind() {
                seal::Kind::Invalid => Kind::Invalid,
                seal::Kind::Denied => Kind::Denied,
                seal::Kind::Unavailable => Kind::Unavailable,
                seal::Kind::Corrupt => Kind::Corrupt,
                seal::Kind::Internal => Kind::Internal,
            },
            Self::Log { kind, .. } => *kind,
            Self::Unknown { .. } | Self::Io { .. } | Self::Broken { .. } => Kind::Internal,
        }
    }

    /// Returns a name for the reason, of which there are few: a label for metrics.
    pub(crate) fn reason(&self) -> &'static str {
        match self {
            Self::Overloaded { what, .. } => what,
            Self::Schema(_) => "schema",
            Self::Wire(_) => "malformed",
            Self::Future { .. } | Self::Past { .. } => "time",
            Self::LongTag { .. } => "tag_bytes_max",
            Self::Limit { what, .. } => what,
            Self::TooOld { .. } => "too_old",
            Self::Closing | Self::Failed => "closed",
            _ => "other",
        }
    }

    /// Returns when to come again, for an overload.
    pub fn retry_after_ms(&self) -> Option<u64> {
        match self {
            Self::Overloaded { retry_after_ms, .. } => Some(*retry_after_ms),
            _ => None,
        }
    }

    /// Returns what a waiter is told when the log or the applier failed (W-3).
    pub(crate) fn unknown(source: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Unknown {
            source: Arc::new(source),
        }
    }

    /// Returns a refusal by the log: an overload keeps its meaning, all else is carried.
    pub(crate) fn log(source: wal::Error) -> Self {
        let overloaded = |what| Self::Overloaded {
            what,
            retry_after_ms: LOG_RETRY_MS,
        };
        match source {
            wal::Error::Overloaded { limit } => overloaded(limit),
            wal::Error::DiskFull { .. } => overloaded("the disk"),
            wal::Error::Closed => Self::Closing,
            source => Self::Log {
                kind: source.kind(),
                source: Arc::new(source),
            },
        }
    }

    /// Returns a refusal by the disk.
    pub(crate) fn io(path: impl AsRef<Path>, source: io::Error) -> Self {
        Self::Io {
            path: path.as_ref().to_path_buf(),
            source: Arc::new(source),
        }
    }

    /// Returns damage in a file.
    pub(crate) fn corrupt(path: impl AsRef<Path>, reason: impl Into<String>) -> Self {
        Self::Corrupt {
            path: path.as_ref().to_path_buf(),
            reason: reason.into(),
        }
    }

    /// Returns damage in the piece of a file that begins at an offset.
    pub(crate) fn corrupt_at(path: impl AsRef<Path>, offset: u64, reason: impl Display) -> Self {
        Self::corrupt(path, format!("at byte {offset}: {reason}"))
    }

    /// Returns the refusal to open of the piece of a file that begins at an offset; damage keeps its
    /// kind.
    pub(crate) fn seal(path: impl AsRef<Path>, offset: u64, source: seal::Error) -> Self {
        Self::Seal {
            path: path.as_ref().to_path_buf(),
            offset,
            source: Arc::new(source),
        }
    }
}

/// When to come again after the log refused: a segment is written, or released, within that time.
const LOG_RETRY_MS: u64 = 500;
