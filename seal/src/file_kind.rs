//! What a sealed file is for; part of its key, so that no kind passes for another.

use std::fmt;

/// The purpose of a sealed file, stored as a `u16`.
#[non_exhaustive]
#[repr(u16)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FileKind {
    /// A segment of the server's log.
    LogSegment = 1,
    /// An immutable file of the store.
    Part = 2,
    /// A manifest of the store.
    Manifest = 3,
    /// The keyring itself.
    Keyring = 4,
    /// A segment of a collector's spool.
    Spool = 5,
    /// A file of a backup that is not a copy of one of the above.
    Backup = 6,
    /// What a query puts on disk while it runs.
    Spill = 7,
    /// State of a collector: its client key, its last samples.
    Client = 8,
}

impl FileKind {
    /// Returns the number that stands on disk.
    #[must_use]
    pub const fn code(self) -> u16 {
        self as u16
    }
}

impl fmt::Display for FileKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({self:?})", self.code())
    }
}
