//! The error inside every [`io::Error`] of a disk: which operation failed on which path.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// What failed, on which path, and what the operating system said.
///
/// It is inside the [`io::Error`] that a [`Disk`](super::Disk) or [`File`](super::File) returns,
/// so that an error printed far away still names the file:
///
/// ```
/// use platform::{Disk, DiskError, OpenMode, RealDisk};
///
/// let error = RealDisk.open("/nowhere/x".as_ref(), OpenMode::Read).unwrap_err();
/// assert!(error.to_string().starts_with("open /nowhere/x: "));
/// let inner = error.get_ref().and_then(|e| e.downcast_ref::<DiskError>()).unwrap();
/// assert_eq!(inner.cause().kind(), error.kind());
/// ```
#[derive(Debug, Error)]
#[error("{operation} {}: {cause}", path.display())]
pub struct DiskError {
    operation: &'static str,
    path: PathBuf,
    cause: io::Error,
}

impl DiskError {
    /// Returns `cause` with operation and path around it; its kind stays.
    pub(crate) fn wrap(
        operation: &'static str,
        path: &Path,
        cause: impl Into<io::Error>,
    ) -> io::Error {
        let cause = cause.into();
        io::Error::new(
            cause.kind(),
            Self {
                operation,
                path: path.to_path_buf(),
                cause,
            },
        )
    }

    /// Returns the operation that failed.
    #[must_use]
    pub const fn operation(&self) -> &'static str {
        self.operation
    }

    /// Returns the path that it failed on.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the operating system's error.
    #[must_use]
    pub const fn cause(&self) -> &io::Error {
        &self.cause
    }
}
