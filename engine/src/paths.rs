//! Where things lie in a data directory.
//!
//! ```text
//!   LOCK                     held while the store is open
//!   wal/<20 digits>.log      the log, by the crate `wal`
//!   manifest/<20 digits>     sealed manifests, the newest rules
//!   parts/<32 hex>.part      parts
//! ```

use std::path::{Path, PathBuf};

/// The paths below one data directory.
#[derive(Debug, Clone)]
pub(crate) struct Paths {
    root: PathBuf,
}

impl Paths {
    /// Returns the paths below this directory.
    pub(crate) fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// Returns the data directory.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Returns the lock file.
    pub(crate) fn lock(&self) -> PathBuf {
        self.root.join("LOCK")
    }

    /// Returns the directory of the log.
    pub(crate) fn log(&self) -> PathBuf {
        self.root.join("wal")
    }

    /// Returns the directory of the manifests.
    pub(crate) fn manifests(&self) -> PathBuf {
        self.root.join("manifest")
    }

    /// Returns the directory of the parts.
    pub(crate) fn parts(&self) -> PathBuf {
        self.root.join("parts")
    }
}
