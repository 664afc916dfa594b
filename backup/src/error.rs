//! What can go wrong between an engine, a repository and a new data directory.

use std::io;
use std::path::PathBuf;

pub use schema::ErrorKind as Kind;
use schema::{Lsn, Timestamp};
use seal::ClusterId;

use crate::BlobHash;

/// A backup, an archive or a restore that did not come about.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A text that names no repository.
    #[error("{url:?} is no repository: {reason}")]
    Url {
        /// The text as it was given.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The object store refused or could not be reached.
    #[error("the object store does not {operation} {object}")]
    Store {
        /// What was asked of it.
        operation: &'static str,
        /// Of which object.
        object: String,
        /// Its answer.
        source: object_store::Error,
    },
    /// The object store did not answer in time.
    #[error("the object store did not {operation} {object} within {limit_ms} ms")]
    Timeout {
        /// What was asked of it.
        operation: &'static str,
        /// Of which object.
        object: String,
        /// How long it was given.
        limit_ms: u64,
    },
    /// An object that should be there is not.
    #[error("{object} is not in the repository")]
    Missing {
        /// The object.
        object: String,
    },
    /// The store overwrites what it was told to create only when absent.
    #[error("{store} does not honour conditional puts: two servers could overwrite each other")]
    ConditionalPut {
        /// The store.
        store: String,
    },
    /// Somebody else wrote an object under a name that should be ours alone.
    #[error("{object} is there already with other content")]
    Conflict {
        /// The object.
        object: String,
    },
    /// A later writer has taken over this repository.
    #[error("epoch {own} is over: epoch {newer} writes to this repository now")]
    Fenced {
        /// The epoch of this writer.
        own: u64,
        /// The epoch that replaced it.
        newer: u64,
    },
    /// The repository belongs to another installation.
    #[error("the repository belongs to cluster {actual}, this is cluster {expected}")]
    WrongCluster {
        /// The cluster of the engine or the keyring.
        expected: ClusterId,
        /// The cluster of the repository.
        actual: ClusterId,
    },
    /// There is no repository at this place.
    #[error("there is no repository at {location}")]
    NoRepository {
        /// The place.
        location: String,
    },
    /// A format newer than this program.
    #[error("{object} has format {format}, this program reads format {supported}")]
    UnsupportedFormat {
        /// The object.
        object: String,
        /// The format it names.
        format: u32,
        /// The format that this program reads.
        supported: u32,
    },
    /// Stored bytes are not what was written.
    #[error("{object} is damaged: {reason}")]
    Damaged {
        /// The object.
        object: String,
        /// What does not fit.
        reason: String,
    },
    /// Content that does not match its address.
    #[error("{object} has hash {actual}, expected {expected}")]
    HashMismatch {
        /// The object or file.
        object: String,
        /// The hash that names it.
        expected: BlobHash,
        /// The hash of what was read.
        actual: BlobHash,
    },
    /// A text that is no content address.
    #[error("{text:?} is not 64 lower-case hexadecimal digits")]
    NotAHash {
        /// The beginning of the text.
        text: String,
    },
    /// A text that names no restore target.
    #[error("{text:?} is no restore target: use latest, a time, lsn:N or the id of a backup")]
    Target {
        /// The text as it was given.
        text: String,
    },
    /// A text that names no level of verification.
    #[error("{text:?} is no level: use metadata, exists or full")]
    Level {
        /// The text as it was given.
        text: String,
    },
    /// The repository holds no backup yet.
    #[error("the repository holds no backup yet")]
    NoBackup,
    /// No backup has this id.
    #[error("there is no backup {id}")]
    UnknownBackup {
        /// The id as it was given.
        id: String,
    },
    /// The target lies before the first backup.
    #[error("{target} is before the first backup, which was complete at {earliest} (lsn {lsn})")]
    TooEarly {
        /// What was asked for.
        target: String,
        /// The earliest moment that can be restored.
        earliest: Timestamp,
        /// The position that goes with it.
        lsn: Lsn,
    },
    /// The target lies beyond what is archived.
    #[error("{target} is not archived yet: the last restorable moment is {latest} (lsn {lsn})")]
    TooLate {
        /// What was asked for.
        target: String,
        /// The last moment that can be restored.
        latest: Timestamp,
        /// The position that goes with it.
        lsn: Lsn,
    },
    /// A piece of the log between a backup and the target is not in the repository.
    #[error("the archived log of timeline {timeline} has a gap after lsn {after}")]
    LogGap {
        /// The timeline.
        timeline: u32,
        /// The last position before the gap.
        after: Lsn,
    },
    /// A restore would write into a directory that holds something.
    #[error("{path} is not empty: restore writes only to a new directory")]
    NotEmpty {
        /// The directory.
        path: PathBuf,
    },
    /// The archiver ended before the log was archived.
    #[error("the archiver has stopped at lsn {archived}")]
    ArchiverStopped {
        /// The position up to which the log is archived.
        archived: Lsn,
    },
    /// A file on the local disk could not be read or written.
    #[error("the disk refused {path}")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A key or a sealed object did not open.
    #[error("{object} does not open")]
    Seal {
        /// The object.
        object: String,
        /// Why.
        source: seal::Error,
    },
    /// The fetched log does not recover, or the log of the engine refused.
    #[error("the log in {path} refused")]
    Log {
        /// The directory.
        path: PathBuf,
        /// Why.
        source: Box<wal::Error>,
    },
    /// The engine refused or failed.
    #[error("the store refused")]
    Engine {
        /// Why.
        source: Box<engine::Error>,
    },
    /// A task of ours was cut short.
    #[error("the task that {task} was cut short")]
    Aborted {
        /// What it did.
        task: &'static str,
    },
}

impl Error {
    /// Returns what the caller should do.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Url { .. }
            | Self::ConditionalPut { .. }
            | Self::NoRepository { .. }
            | Self::UnsupportedFormat { .. }
            | Self::Target { .. }
            | Self::Level { .. }
            | Self::NoBackup
            | Self::UnknownBackup { .. }
            | Self::TooEarly { .. }
            | Self::TooLate { .. }
            | Self::NotEmpty { .. } => Kind::Invalid,
            Self::Fenced { .. } | Self::WrongCluster { .. } => Kind::Denied,
            Self::Store { source, .. } => store_kind(source),
            Self::Timeout { .. } | Self::ArchiverStopped { .. } => Kind::Unavailable,
            Self::Missing { .. }
            | Self::Conflict { .. }
            | Self::Damaged { .. }
            | Self::HashMismatch { .. }
            | Self::NotAHash { .. }
            | Self::LogGap { .. } => Kind::Corrupt,
            Self::Seal { source, .. } => seal_kind(source),
            Self::Log { source, .. } => source.kind(),
            Self::Engine { source } => source.kind(),
            Self::Io { .. } | Self::Aborted { .. } => Kind::Internal,
        }
    }

    /// Tells whether the same request may succeed when it is made again soon.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        matches!(
            self,
            Self::Timeout { .. }
                | Self::Store {
                    source: object_store::Error::Generic { .. }
                        | object_store::Error::JoinError { .. },
                    ..
                }
        )
    }
}

const fn store_kind(source: &object_store::Error) -> Kind {
    match source {
        object_store::Error::PermissionDenied { .. }
        | object_store::Error::Unauthenticated { .. } => Kind::Denied,
        object_store::Error::InvalidPath { .. }
        | object_store::Error::NotSupported { .. }
        | object_store::Error::NotImplemented { .. }
        | object_store::Error::UnknownConfigurationKey { .. } => Kind::Invalid,
        _ => Kind::Unavailable,
    }
}

const fn seal_kind(source: &seal::Error) -> Kind {
    match source.kind() {
        seal::Kind::Invalid => Kind::Invalid,
        seal::Kind::Denied => Kind::Denied,
        seal::Kind::Unavailable => Kind::Unavailable,
        seal::Kind::Corrupt => Kind::Corrupt,
        seal::Kind::Internal => Kind::Internal,
    }
}
