//! What can go wrong between PostgreSQL, the spool and the server.

use std::path::PathBuf;

pub use schema::ErrorKind as Kind;

/// An error of the collector.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The configuration cannot be used.
    #[error("configuration {place}: {reason}")]
    Config {
        /// Which key, or which file.
        place: String,
        /// What is wrong and what to do.
        reason: String,
    },
    /// A file could not be read or written.
    #[error("the disk refused {path}")]
    Disk {
        /// Which file.
        path: PathBuf,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// Another collector uses the same state directory.
    #[error("{path} is in use by another collector: give each its own `state`")]
    InUse {
        /// The directory.
        path: PathBuf,
    },
    /// A password could not be had.
    #[error("no password from {origin}: {reason}")]
    Password {
        /// The command or file.
        origin: String,
        /// Why not.
        reason: String,
    },
    /// TLS to PostgreSQL or to the server could not be set up.
    #[error("TLS: {reason}")]
    Tls {
        /// What is wrong.
        reason: String,
    },
    /// PostgreSQL cannot be reached or ended the connection.
    #[error("no connection to PostgreSQL: {reason}")]
    Connection {
        /// What the driver says; never a password or a statement.
        reason: String,
    },
    /// PostgreSQL answered a statement of ours with an error.
    #[error("PostgreSQL: {message} (SQLSTATE {code})")]
    Statement {
        /// The SQLSTATE.
        code: String,
        /// PostgreSQL's message.
        message: String,
    },
    /// PostgreSQL did not answer in time; the statement was cancelled.
    #[error("PostgreSQL did not answer within {timeout_ms} ms")]
    Timeout {
        /// How long was waited.
        timeout_ms: u64,
    },
    /// A table cannot be collected from this instance as it is.
    #[error("{table}: {reason}")]
    Unsupported {
        /// Our table.
        table: &'static str,
        /// Why, and what to do.
        reason: String,
    },
    /// The key file holds another key than the one that the keyring beside it needs.
    #[error("{path} does not hold the key of the keyring beside it")]
    WrongKey {
        /// The key file.
        path: PathBuf,
        /// Both keys by their ids.
        source: seal::Error,
    },
    /// The spool's keys or files are damaged or foreign.
    #[error(transparent)]
    Seal(#[from] seal::Error),
    /// The spool's log failed.
    #[error(transparent)]
    Log(#[from] wal::Error),
    /// A batch or message does not fit the protocol.
    #[error(transparent)]
    Wire(#[from] wire::Error),
    /// The server cannot be reached, or the connection broke.
    #[error("no connection to the server: {reason}")]
    Server {
        /// What happened.
        reason: String,
    },
    /// The server said no.
    #[error("the server refused: {reason}")]
    Refused {
        /// Whether and when another attempt makes sense.
        code: wire::v1::RefusalCode,
        /// In its own words.
        reason: String,
        /// When to try again; 0 where that is of no use.
        retry_after_ms: u32,
    },
    /// The collector is stopping.
    #[error("the collector is stopping")]
    Stopping,
}

impl Error {
    /// Returns what the caller should do.
    pub fn kind(&self) -> Kind {
        use wire::v1::RefusalCode;
        match self {
            Self::Config { .. } | Self::Unsupported { .. } | Self::Wire(_) => Kind::Invalid,
            Self::Password { .. } | Self::WrongKey { .. } => Kind::Denied,
            Self::Disk { .. } | Self::InUse { .. } | Self::Tls { .. } => Kind::Unavailable,
            Self::Connection { .. } | Self::Server { .. } | Self::Stopping => Kind::Unavailable,
            Self::Statement { code, .. } => statement_kind(code),
            Self::Timeout { .. } => Kind::Overloaded,
            Self::Seal(error) => seal_kind(error),
            Self::Log(error) => error.kind(),
            Self::Refused { code, .. } => match code {
                RefusalCode::Invalid => Kind::Invalid,
                RefusalCode::Denied => Kind::Denied,
                RefusalCode::Overloaded => Kind::Overloaded,
                RefusalCode::Unavailable | RefusalCode::Unknown => Kind::Unavailable,
            },
        }
    }
}

fn seal_kind(error: &seal::Error) -> Kind {
    match error.kind() {
        seal::Kind::Corrupt => Kind::Corrupt,
        seal::Kind::Denied => Kind::Denied,
        seal::Kind::Invalid => Kind::Invalid,
        seal::Kind::Unavailable | seal::Kind::Internal => Kind::Unavailable,
    }
}

/// Returns what an SQLSTATE asks for: to wait after a timeout or shortage, else to change something.
fn statement_kind(code: &str) -> Kind {
    match code {
        "57014" | "55P03" | "25P03" => Kind::Overloaded,
        _ if code.starts_with("42501") || code.starts_with("28") => Kind::Denied,
        _ if code.starts_with("53") => Kind::Overloaded,
        _ if code.starts_with("57") || code.starts_with("08") => Kind::Unavailable,
        _ => Kind::Invalid,
    }
}
