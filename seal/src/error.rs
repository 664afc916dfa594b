//! What can go wrong between a key, a sealed file and its bytes.

use std::io;
use std::path::PathBuf;

use crate::{ClusterId, DataKeyId, FileKind, MasterKeyId};

/// A refusal to seal or open, or a key that could not be had.
///
/// No variant carries a key or a plaintext.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The keyring is whole, but another master key opens it.
    #[error("{artefact} needs master key {expected}, the key given is {actual}")]
    WrongMasterKey {
        /// Which keyring.
        artefact: String,
        /// The key that it names.
        expected: MasterKeyId,
        /// The key that was given.
        actual: MasterKeyId,
    },
    /// A file of another cluster: its keys are not in this keyring.
    #[error("{artefact} belongs to cluster {actual}, this is cluster {expected}")]
    WrongCluster {
        /// Which file.
        artefact: String,
        /// The cluster of the keyring.
        expected: ClusterId,
        /// The cluster that the file names.
        actual: ClusterId,
    },
    /// A file of another kind than the caller asked for.
    #[error("{artefact} is of kind {actual}, expected {expected}")]
    WrongKind {
        /// Which file.
        artefact: String,
        /// What was asked for.
        expected: FileKind,
        /// The number that stands in its header.
        actual: u16,
    },
    /// The key derived for a file is not the one that it was sealed under.
    #[error("{artefact} was sealed under another key than data key {id} gives")]
    WrongFileKey {
        /// Which file.
        artefact: String,
        /// The data key that its header names.
        id: DataKeyId,
    },
    /// A data key that the keyring does not hold.
    #[error("data key {id} is not in the keyring")]
    MissingDataKey {
        /// The key that was asked for.
        id: DataKeyId,
    },
    /// Bytes that are not the ones that were sealed.
    #[error("{artefact} is damaged: {reason}")]
    Damaged {
        /// Which file or page.
        artefact: String,
        /// What does not fit.
        reason: &'static str,
    },
    /// A format newer than this program.
    #[error("{artefact} has format version {version}, this program reads version {supported}")]
    UnsupportedVersion {
        /// Which file.
        artefact: String,
        /// The version in its header.
        version: u16,
        /// The version that this program reads.
        supported: u16,
    },
    /// A text that names no key source.
    #[error("{text:?} is no key source: use file:PATH, env:NAME or command:LINE")]
    KeySourceSyntax {
        /// The text as it was given.
        text: String,
    },
    /// A key source that gave nothing.
    #[error("the master key cannot be read from {origin}")]
    KeySourceUnreadable {
        /// The source.
        origin: String,
        /// Why.
        source: io::Error,
    },
    /// A key file that others than its owner can read.
    #[error("key file {path} has mode {mode:04o}: only its owner may read it, use 0400")]
    KeyFileMode {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// A key of the wrong shape.
    #[error("the master key from {origin} is malformed: {reason}")]
    KeyMalformed {
        /// The source.
        origin: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A file that is there already and would be overwritten.
    #[error("{path} exists already")]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// The disk refused.
    #[error("the disk refused {path}")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// What the caller should do about an [`Error`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The request is wrong and will stay wrong: change it.
    Invalid,
    /// The key given does not open this.
    Denied,
    /// A key or its source is missing now.
    Unavailable,
    /// Bytes on disk are not what was written.
    Corrupt,
    /// The machine failed us.
    Internal,
}

impl Error {
    /// Returns what the caller should do.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::WrongMasterKey { .. }
            | Self::WrongCluster { .. }
            | Self::WrongFileKey { .. }
            | Self::KeyFileMode { .. } => Kind::Denied,
            Self::Damaged { .. } => Kind::Corrupt,
            Self::MissingDataKey { .. } | Self::KeySourceUnreadable { .. } => Kind::Unavailable,
            Self::WrongKind { .. }
            | Self::UnsupportedVersion { .. }
            | Self::KeySourceSyntax { .. }
            | Self::KeyMalformed { .. }
            | Self::Exists { .. } => Kind::Invalid,
            Self::Io { .. } => Kind::Internal,
        }
    }
}
