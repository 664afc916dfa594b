//! What is asked of a simulated disk, and how it can go wrong.

/// What a program asks of a disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operation {
    /// Opening a file that is there.
    Open,
    /// Making a file, by `CreateNew` or for a lock.
    Create,
    /// Reading bytes.
    Read,
    /// Writing bytes, in one slice or several.
    Write,
    /// Syncing a file, its data or all of it.
    Sync,
    /// Setting a length.
    SetLen,
    /// Renaming.
    Rename,
    /// Removing.
    Remove,
    /// Making directories.
    CreateDir,
    /// Syncing a directory.
    SyncDir,
    /// Setting permission bits.
    SetMode,
    /// Listing a directory.
    List,
    /// Asking for length, metadata or free bytes.
    Metadata,
    /// Taking a lock.
    Lock,
}

impl Operation {
    /// Returns whether it changes what is on the disk or makes a change durable: these are the
    /// operations that crash points count.
    #[must_use]
    pub const fn is_change(self) -> bool {
        match self {
            Self::Create | Self::Write | Self::Sync | Self::SetLen | Self::Rename => true,
            Self::Remove | Self::CreateDir | Self::SyncDir | Self::SetMode => true,
            Self::Open | Self::Read | Self::List | Self::Metadata | Self::Lock => false,
        }
    }
}

/// How an operation goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// The device fails (`EIO`). Of a file's sync, each pending sector reached the disk or is lost,
    /// by chance; of a directory's, the changes stay pending. The kernel forgets the failure: the
    /// next sync succeeds without having written the lost sectors.
    Io,
    /// The disk is full (`ENOSPC`); nothing was done.
    NoSpace,
    /// Only this many bytes are written, then the disk is full; or only this many bytes are there
    /// to be read, then the file ends. Other operations fail as by [`Io`](Self::Io).
    Short(usize),
    /// A sync fails (`EIO`) and all that was pending is lost: programs see it until the next crash,
    /// and later syncs succeed. Other operations fail as by [`Io`](Self::Io).
    SyncLost,
    /// A sync succeeds and did nothing, as a drive does that lies about its cache. Other operations
    /// are not touched.
    SyncIgnored,
}

/// What strikes at a failpoint of a simulated disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strike {
    /// The power is cut: this and everything that follows fails, until [`SimDisk::crash`](super::SimDisk::crash).
    Crash,
    /// The step fails (`EIO`), once.
    Error,
}
