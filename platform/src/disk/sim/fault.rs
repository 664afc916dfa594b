//! What can go wrong on a simulated disk, and when.

use std::ops::Range;
use std::path::{Path, PathBuf};

use super::names::absolute;
use crate::random::Random;

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

/// Says which operations go wrong, and how.
///
/// ```
/// use platform::{Fault, Operation, Rule, SimDisk};
///
/// let disk = SimDisk::new(1);
/// disk.inject(Rule::new(Operation::Sync, Fault::Io).under("/data/wal").nth(3));
/// disk.inject(Rule::new(Operation::Read, Fault::Io).under("/data/parts/1").touching(4096..8192));
/// disk.inject(Rule::new(Operation::Write, Fault::NoSpace).one_in(1000));
/// ```
#[derive(Debug, Clone)]
pub struct Rule {
    operation: Operation,
    fault: Fault,
    under: Option<PathBuf>,
    touching: Option<Range<u64>>,
    when: When,
    seen: u64,
}

impl Rule {
    /// Makes a rule by which every such operation goes wrong, from the moment it is injected.
    #[must_use]
    pub const fn new(operation: Operation, fault: Fault) -> Self {
        Self {
            operation,
            fault,
            under: None,
            touching: None,
            when: When::From(1),
            seen: 0,
        }
    }

    /// Restricts the rule to a path and everything below it. For a rename, either path counts; for
    /// an open file, the path that it has at the time.
    #[must_use]
    pub fn under(mut self, path: impl AsRef<Path>) -> Self {
        self.under = Some(absolute(path.as_ref()));
        self
    }

    /// Restricts the rule to reads and writes that touch these bytes of a file.
    #[must_use]
    pub const fn touching(mut self, bytes: Range<u64>) -> Self {
        self.touching = Some(bytes);
        self
    }

    /// Makes only the `n`th matching operation go wrong, counted from 1.
    #[must_use]
    pub const fn nth(mut self, n: u64) -> Self {
        self.when = When::Nth(n);
        self
    }

    /// Makes the `n`th matching operation and all later ones go wrong, counted from 1.
    #[must_use]
    pub const fn from_nth(mut self, n: u64) -> Self {
        self.when = When::From(n);
        self
    }

    /// Makes one matching operation in `n` go wrong, by the disk's seed.
    #[must_use]
    pub const fn one_in(mut self, n: u64) -> Self {
        self.when = When::OneIn(n);
        self
    }

    /// Returns the fault when the rule strikes this operation.
    pub(super) fn strike(&mut self, attempt: &Attempt<'_>, random: &mut Random) -> Option<Fault> {
        if !self.matches(attempt) {
            return None;
        }
        self.seen += 1;
        let strikes = match self.when {
            When::Nth(n) => self.seen == n,
            When::From(n) => self.seen >= n,
            When::OneIn(n) => random.one_in(n),
        };
        strikes.then_some(self.fault)
    }

    fn matches(&self, attempt: &Attempt<'_>) -> bool {
        let under = |dir: &PathBuf| {
            attempt
                .paths
                .iter()
                .any(|path| absolute(path).starts_with(dir))
        };
        let overlaps = |bytes: &Range<u64>| {
            let asked = attempt.bytes.as_ref();
            asked.is_some_and(|asked| asked.start < bytes.end && bytes.start < asked.end)
        };
        self.operation == attempt.operation
            && self.under.as_ref().is_none_or(under)
            && self.touching.as_ref().is_none_or(overlaps)
    }
}

/// An operation that is about to be done.
#[derive(Debug)]
pub(super) struct Attempt<'a> {
    pub(super) operation: Operation,
    pub(super) paths: &'a [&'a Path],
    pub(super) bytes: Option<Range<u64>>,
}

#[derive(Debug, Clone, Copy)]
enum When {
    Nth(u64),
    From(u64),
    OneIn(u64),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strikes(rule: &mut Rule, path: &str, bytes: Range<u64>) -> bool {
        let attempt = Attempt {
            operation: Operation::Write,
            paths: &[Path::new(path)],
            bytes: Some(bytes),
        };
        rule.strike(&attempt, &mut Random::new(1)).is_some()
    }

    #[test]
    fn nth_strikes_once_and_from_nth_for_good() {
        let mut once = Rule::new(Operation::Write, Fault::Io).nth(2);
        let mut good = Rule::new(Operation::Write, Fault::Io).from_nth(2);
        assert_eq!(
            [(); 4].map(|()| strikes(&mut once, "/x", 0..1)),
            [false, true, false, false]
        );
        assert_eq!(
            [(); 4].map(|()| strikes(&mut good, "/x", 0..1)),
            [false, true, true, true]
        );
    }

    #[test]
    fn other_operations_paths_and_bytes_are_neither_struck_nor_counted() {
        let mut rule = Rule::new(Operation::Write, Fault::Io)
            .under("wal")
            .touching(10..20)
            .nth(1);
        assert!(!strikes(&mut rule, "/walrus", 10..20));
        assert!(!strikes(&mut rule, "/wal/1", 0..10));
        assert!(!strikes(&mut rule, "/wal/1", 20..30));
        let read = Attempt {
            operation: Operation::Read,
            paths: &[Path::new("/wal/1")],
            bytes: Some(10..20),
        };
        assert_eq!(rule.strike(&read, &mut Random::new(1)), None);
        assert!(strikes(&mut rule, "/wal/1", 19..30));
    }
}
