//! What can be wrong with a configuration; always the operator's to mend.

use std::path::PathBuf;

/// A configuration that cannot be used.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("the configuration {path} cannot be read: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not TOML.
    #[error("{origin} is not valid TOML: {reason}")]
    Syntax {
        /// The file or variable.
        origin: String,
        /// Line, column and reason.
        reason: String,
    },
    /// A key that does not exist.
    #[error("{origin} has an unknown key {key:?}{}", nearest.as_ref().map_or_else(String::new, |n| format!("; did you mean {n:?}?")))]
    UnknownKey {
        /// The file or variable.
        origin: String,
        /// The key, with its sections.
        key: String,
        /// The known key that looks most like it.
        nearest: Option<String>,
    },
    /// A value of the wrong type or out of range.
    #[error("{origin}: {reason}")]
    Value {
        /// The file or variable.
        origin: String,
        /// Which key and why.
        reason: String,
    },
}
