//! What can go wrong in the assembly, and what the caller should do about it.

use std::net::SocketAddr;
use std::path::PathBuf;

use schema::ErrorKind as Kind;

use crate::config::ConfigError;

/// An error of the server as a whole.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The configuration is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The store or its log.
    #[error(transparent)]
    Engine(#[from] engine::Error),
    /// Keys and keyring.
    #[error(transparent)]
    Seal(#[from] seal::Error),
    /// The backup repository.
    #[error(transparent)]
    Backup(#[from] backup::Error),
    /// The queries' runtime.
    #[error(transparent)]
    Query(#[from] query::Error),
    /// The collectors' door.
    #[error("the QUIC door cannot be opened at {address}: {source}")]
    Quic {
        /// Where.
        address: String,
        /// Why.
        source: std::io::Error,
    },
    /// The HTTP door.
    #[error("the HTTP door cannot be opened at {address}: {source}")]
    Http {
        /// Where.
        address: String,
        /// Why.
        source: std::io::Error,
    },
    /// Plain HTTP where anybody could listen in.
    #[error(
        "plain HTTP on {address}, which is not loopback, is refused: set http.tls = \"own\", or http.plain_on_any_address = true if the network is trusted"
    )]
    PlainHttp {
        /// Where.
        address: SocketAddr,
    },
    /// A certificate or key that cannot be made or read.
    #[error("certificate: {reason}")]
    Certificate {
        /// What the library says.
        reason: String,
    },
    /// A file of the data directory.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The collectors' door.
    #[error(transparent)]
    Ingest(#[from] ingest::Error),
    /// A task of our own that ended before its work did.
    #[error("a task of the server failed: {reason}")]
    Task {
        /// What the runtime says.
        reason: String,
    },
    /// The data directory is used by another process.
    #[error(
        "the data directory {path} is in use by another server: stop that one, or choose another with --data"
    )]
    Locked {
        /// The directory.
        path: PathBuf,
    },
    /// No token, or one that is not in force.
    #[error("{reason}")]
    Unauthorised {
        /// Why, without telling secrets.
        reason: &'static str,
    },
}

impl Error {
    /// Returns what the caller should do.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Config(_) | Self::PlainHttp { .. } => Kind::Invalid,
            Self::Engine(error) => error.kind(),
            Self::Seal(error) => seal_kind(error.kind()),
            Self::Backup(error) => error.kind(),
            Self::Query(error) => error.kind(),
            Self::Quic { .. } | Self::Http { .. } | Self::Locked { .. } => Kind::Unavailable,
            Self::Ingest(error) => error.kind(),
            Self::Certificate { .. } | Self::Io { .. } | Self::Task { .. } => Kind::Internal,
            Self::Unauthorised { .. } => Kind::Denied,
        }
    }
}

impl From<rcgen::Error> for Error {
    fn from(error: rcgen::Error) -> Self {
        Self::Certificate {
            reason: error.to_string(),
        }
    }
}

impl From<rustls::Error> for Error {
    fn from(error: rustls::Error) -> Self {
        Self::Certificate {
            reason: error.to_string(),
        }
    }
}

/// Returns an error with everything behind it, outermost first: each layer carries its source and
/// does not print it, so whoever tells a person tells them all.
pub fn describe(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let more = cause.to_string();
        if !text.ends_with(&more) {
            text.push_str(": ");
            text.push_str(&more);
        }
        source = cause.source();
    }
    text
}

/// The keys' crate stands below the vocabulary and has kinds of its own.
fn seal_kind(kind: seal::Kind) -> Kind {
    match kind {
        seal::Kind::Invalid => Kind::Invalid,
        seal::Kind::Denied => Kind::Denied,
        seal::Kind::Unavailable => Kind::Unavailable,
        seal::Kind::Corrupt => Kind::Corrupt,
        _ => Kind::Internal,
    }
}
