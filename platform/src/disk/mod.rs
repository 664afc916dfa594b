//! Files and directories: every byte that pgAnalytics keeps goes through [`Disk`].
//!
//! The trait is small on purpose. It has what a database needs and what a simulation can be
//! faithful about: positioned reads and writes, the two syncs, and directory operations that are
//! durable only after [`Disk::sync_dir`].
//!
//! What survives a power cut, on every implementation:
//!
//! - bytes and length of a file, once [`File::sync_data`] or [`File::sync_all`] returned;
//! - its permission bits, once [`File::sync_all`] returned;
//! - its name (after create, rename or remove), once [`Disk::sync_dir`] of the directory returned;
//! - of everything later: any part, in sectors of 512 bytes, in any order, or nothing.
//!
//! A sync that failed says nothing about what is on the disk, and a second one that succeeds does
//! not make it good: the kernel marks the pages clean at the first. So no caller retries.
//!
//! Errors carry [`DiskError`], which names the operation and the path; their
//! [`ErrorKind`](std::io::ErrorKind) is the operating system's (`StorageFull`, `NotFound`, …).

#[cfg(any(test, feature = "contract"))]
pub mod contract;
mod error;
mod real;
mod sim;

use std::fmt::Debug;
use std::io::{self, IoSlice};
use std::path::Path;
use std::sync::Arc;

pub use error::DiskError;
pub use real::RealDisk;
pub use sim::{Fault, Operation, Rule, SimDisk, Strike};

use crate::FailPoint;

/// A tree of directories and files, shared as `Arc<dyn Disk>`.
pub trait Disk: Debug + Send + Sync + 'static {
    /// Opens the file at `path`.
    ///
    /// A file made by [`OpenMode::CreateNew`] can be read by its owner only (mode 0600).
    ///
    /// # Errors
    /// `NotFound` when the file, or for a new one its directory, is absent; `AlreadyExists` when a
    /// new one is there already.
    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Arc<dyn File>>;

    /// Gives a file or directory another name, replacing a file that had it, in one step: whoever
    /// looks, and whatever crashes, finds the old file under `to` or the new one.
    ///
    /// # Errors
    /// `NotFound` when `from`, or the directory of `to`, is absent.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Removes a file, or a directory that is empty. Whoever has the file open keeps it.
    ///
    /// # Errors
    /// `NotFound` when it is absent, `DirectoryNotEmpty` when it has entries.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// Makes a directory and those above it, where absent, for their owner only (mode 0700).
    ///
    /// Their names are not durable yet; see
    /// [`durable::create_dir_all`](crate::durable::create_dir_all).
    ///
    /// # Errors
    /// `AlreadyExists` or `NotADirectory` when a file is in the way.
    fn create_dir_all(&self, path: &Path) -> io::Result<()>;

    /// Makes the creations, renames and removals in the directory `path` durable.
    ///
    /// # Errors
    /// As [`File::sync_data`]: after an error the outcome is unknown.
    fn sync_dir(&self, path: &Path) -> io::Result<()>;

    /// Returns the entries of a directory, sorted by name.
    ///
    /// A name that is not UTF-8 comes with replacement characters, and cannot be opened by it.
    ///
    /// # Errors
    /// `NotFound` when it is absent, `NotADirectory` when it is a file.
    fn list(&self, dir: &Path) -> io::Result<Vec<DirEntry>>;

    /// Returns what is known of a file or directory, nothing when it is absent.
    ///
    /// # Errors
    /// When it cannot be told whether it is there.
    fn metadata(&self, path: &Path) -> io::Result<Option<Metadata>>;

    /// Sets the permission bits of a file, durable after [`File::sync_all`].
    ///
    /// # Errors
    /// `NotFound` when it is absent.
    fn set_mode(&self, path: &Path, mode: u32) -> io::Result<()>;

    /// Returns the bytes that can still be written to the file system of `dir`.
    ///
    /// # Errors
    /// `NotFound` when `dir` is absent.
    fn free_bytes(&self, dir: &Path) -> io::Result<u64>;

    /// Takes the exclusive lock on the file at `path`, making the file where absent.
    ///
    /// The lock is advisory, ends with the value or the process, and never waits.
    ///
    /// # Errors
    /// `WouldBlock` when somebody holds it, in this process or another.
    fn lock(&self, path: &Path) -> io::Result<Box<dyn DiskLock>>;

    /// Comes to a moment at which a test may strike; see [`FailPoint`].
    ///
    /// # Errors
    /// Only where a test wants it, as the operation before or behind would fail.
    fn reach(&self, point: FailPoint) -> io::Result<()> {
        let _ = point;
        Ok(())
    }

    /// As [`reach`](Self::reach), where nothing can fail any more and only a crash can strike.
    fn pass(&self, point: FailPoint) {
        let struck = self.reach(point);
        // Frozen by a crash, the disk fails everything that follows; an error is not armed here.
        debug_assert!(struck.is_ok() || !point.can_fail(), "{point:?} is reached");
    }
}

/// An open file, read and written at positions. All methods may be called from many threads.
pub trait File: Debug + Send + Sync + 'static {
    /// Fills `out` with the bytes from `offset` on.
    ///
    /// # Errors
    /// `UnexpectedEof` when the file ends before; `out` then holds nothing of use.
    fn read_exact_at(&self, out: &mut [u8], offset: u64) -> io::Result<()>;

    /// Writes all of `bytes` at `offset`, filling a gap before it with zeros.
    ///
    /// # Errors
    /// `StorageFull` when the disk is full. After any error a part may have been written.
    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()>;

    /// Writes all of `slices`, one after the other, at `offset`; uses `slices` up.
    ///
    /// # Errors
    /// As [`write_all_at`](Self::write_all_at).
    fn write_all_vectored_at(&self, slices: &mut [IoSlice<'_>], offset: u64) -> io::Result<()>;

    /// Makes bytes and length durable (`fdatasync`).
    ///
    /// # Errors
    /// After an error nothing is known of the bytes written since the last success, and a later
    /// success says nothing of them either: the caller stops using the file.
    fn sync_data(&self) -> io::Result<()>;

    /// Makes bytes, length and permission bits durable (`fsync`).
    ///
    /// # Errors
    /// As [`sync_data`](Self::sync_data).
    fn sync_all(&self) -> io::Result<()>;

    /// Returns the length in bytes.
    ///
    /// # Errors
    /// When the operating system does not tell.
    fn len(&self) -> io::Result<u64>;

    /// Cuts the file to `bytes`, or extends it by a hole that reads as zeros and is not reserved.
    ///
    /// # Errors
    /// When the file was opened for reading, or the length is beyond what the file system takes.
    fn set_len(&self, bytes: u64) -> io::Result<()>;

    /// Returns whether the file has no bytes.
    ///
    /// # Errors
    /// As [`len`](Self::len).
    fn is_empty(&self) -> io::Result<bool> {
        Ok(self.len()? == 0)
    }
}

/// A held lock; dropping it lets go.
pub trait DiskLock: Debug + Send + Sync {}

/// How a file is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpenMode {
    /// An existing file, to be read.
    Read,
    /// An existing file, to be read and written.
    ReadWrite,
    /// A file that must be absent, to be read and written.
    CreateNew,
}

/// An entry of a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirEntry {
    /// The name, without the directory.
    pub name: String,
    /// Whether it is a directory itself.
    pub is_dir: bool,
    /// The length of a file, 0 for a directory.
    pub bytes: u64,
}

/// What is known of a file or directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Metadata {
    /// The length of a file, 0 for a directory.
    pub bytes: u64,
    /// Whether it is a directory.
    pub is_dir: bool,
    /// The permission bits, where the file system has them.
    pub mode: Option<u32>,
}

/// The mode of a new file: nobody but its owner has a reason to read a database.
const FILE_MODE: u32 = 0o600;

/// The mode of a new directory.
const DIR_MODE: u32 = 0o700;
