//! An open file of the operating system.

use std::io::{self, IoSlice};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use rustix::io::retry_on_intr;

use super::transfer::{read_exact, write_all, write_all_vectored};
use crate::disk::{DiskError, File};

/// A descriptor, and the path that it was opened by, for messages.
#[derive(Debug)]
pub(super) struct RealFile {
    fd: OwnedFd,
    path: PathBuf,
}

impl RealFile {
    pub(super) fn new(fd: OwnedFd, path: &Path) -> Self {
        Self {
            fd,
            path: path.to_path_buf(),
        }
    }

    fn error(&self, operation: &'static str, cause: impl Into<io::Error>) -> io::Error {
        DiskError::wrap(operation, &self.path, cause)
    }
}

impl File for RealFile {
    fn read_exact_at(&self, out: &mut [u8], offset: u64) -> io::Result<()> {
        read_exact(out, offset, |out, at| rustix::io::pread(&self.fd, out, at))
            .map_err(|e| self.error("read", e))
    }

    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        write_all(bytes, offset, |bytes, at| {
            rustix::io::pwrite(&self.fd, bytes, at)
        })
        .map_err(|e| self.error("write", e))
    }

    fn write_all_vectored_at(&self, slices: &mut [IoSlice<'_>], offset: u64) -> io::Result<()> {
        write_all_vectored(slices, offset, |some, at| {
            rustix::io::pwritev(&self.fd, some, at)
        })
        .map_err(|e| self.error("write", e))
    }

    fn sync_data(&self) -> io::Result<()> {
        // Not retried, not even when interrupted: what a failed sync left behind is unknown.
        rustix::fs::fdatasync(&self.fd).map_err(|e| self.error("sync", e))
    }

    fn sync_all(&self) -> io::Result<()> {
        rustix::fs::fsync(&self.fd).map_err(|e| self.error("sync", e))
    }

    fn len(&self) -> io::Result<u64> {
        let stat = rustix::fs::fstat(&self.fd).map_err(|e| self.error("measure", e))?;
        Ok(u64::try_from(stat.st_size).unwrap_or(0))
    }

    fn set_len(&self, bytes: u64) -> io::Result<()> {
        retry_on_intr(|| rustix::fs::ftruncate(&self.fd, bytes))
            .map_err(|e| self.error("set length of", e))
    }
}
