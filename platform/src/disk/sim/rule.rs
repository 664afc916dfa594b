//! Rules: which operations of a simulated disk go wrong, and when.

use std::ops::Range;
use std::path::{Path, PathBuf};

use super::names::absolute;
use super::operation::{Fault, Operation};
use crate::random::Random;

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
