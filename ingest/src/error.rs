//! What can go wrong at a door: a body that is not understood, a listener that does not start.

use std::net::SocketAddr;

use schema::ErrorKind as Kind;

/// A body that a door refuses, or a listener that cannot be opened.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A body that breaks its grammar, disagrees with itself or exceeds a limit.
    #[error("line {line}, column {column}: {reason}")]
    Body {
        /// The line, from 1.
        line: usize,
        /// The character within the line, from 1.
        column: usize,
        /// What is wrong there.
        reason: String,
    },
    /// A body that says it is gzip and is not.
    #[error("the body is not valid gzip")]
    Gzip {
        /// What the decompressor says.
        source: std::io::Error,
    },
    /// A body that is too long once it is decompressed.
    #[error("the body exceeds {limit} bytes: send smaller requests")]
    BodyBytes {
        /// The limit in force.
        limit: usize,
    },
    /// A precision that does not exist.
    #[error("{text:?} is not a precision: use ns, us, ms or s")]
    Precision {
        /// The text as it was given.
        text: String,
    },
    /// A setting that cannot be used.
    #[error("ingest setting {name}: {reason}")]
    Setting {
        /// The setting.
        name: &'static str,
        /// What is wrong with its value.
        reason: &'static str,
    },
    /// A TLS configuration that QUIC cannot use.
    #[error("the TLS configuration offers no cipher suite that QUIC can start with")]
    Tls,
    /// A UDP port that could not be opened.
    #[error("cannot listen on UDP {address}")]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// What the system says.
        source: std::io::Error,
    },
}

impl Error {
    /// Returns what the caller should do.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Body { .. }
            | Self::Gzip { .. }
            | Self::BodyBytes { .. }
            | Self::Precision { .. }
            | Self::Setting { .. }
            | Self::Tls => Kind::Invalid,
            Self::Listen { .. } => Kind::Unavailable,
        }
    }
}
