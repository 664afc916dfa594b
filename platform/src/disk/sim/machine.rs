//! The state behind a simulated disk and the files open on it, under one lock.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::ops::Range;
use std::path::Path;

use rustix::io::Errno;

use super::dir::NodeId;
use super::image::PAGE_BYTES;
use super::operation::{Fault, Operation, Strike};
use super::rule::{Attempt, Rule};
use super::tree::Tree;
use crate::FailPoint;
use crate::random::Random;

/// A disk with the machine that it is in.
#[derive(Debug)]
pub(super) struct Machine {
    pub(super) tree: Tree,
    pub(super) random: Random,
    pub(super) rules: Vec<Rule>,
    pub(super) capacity: Option<u64>,
    pub(super) freeze_after: Option<u64>,
    pub(super) counts: BTreeMap<Operation, u64>,
    pub(super) power: Power,
    pub(super) locks: BTreeSet<NodeId>,
    pub(super) armed: Vec<(FailPoint, u64, Strike)>,
    pub(super) reached: BTreeMap<FailPoint, u64>,
    pub(super) photographs: Photographs,
    open: BTreeMap<NodeId, usize>,
}

/// The disk as it was at some moments.
#[derive(Debug, Default)]
pub(super) struct Photographs {
    /// After how many changes one is to be taken.
    pub(super) wanted: BTreeSet<u64>,
    pub(super) taken: Vec<(u64, Tree)>,
}

/// Whether the machine runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Power {
    On,
    /// At its crash point: every operation fails.
    Frozen,
    /// Another machine has taken over the disk.
    Off,
}

impl Machine {
    pub(super) fn new(tree: Tree, random: Random, capacity: Option<u64>) -> Self {
        Self {
            tree,
            random,
            rules: Vec::new(),
            capacity,
            freeze_after: None,
            counts: BTreeMap::new(),
            power: Power::On,
            locks: BTreeSet::new(),
            armed: Vec::new(),
            reached: BTreeMap::new(),
            photographs: Photographs::default(),
            open: BTreeMap::new(),
        }
    }

    /// Starts an operation: counts it, and says whether and how it goes wrong.
    ///
    /// A fault that is the same for every operation is an error at once.
    pub(super) fn start(&mut self, attempt: &Attempt<'_>) -> io::Result<Option<Fault>> {
        self.check_power(attempt.operation)?;
        *self.counts.entry(attempt.operation).or_default() += 1;
        let mut struck = None;
        for rule in &mut self.rules {
            // Every rule sees every operation, so that their counts do not depend on each other.
            struck = struck.or(rule.strike(attempt, &mut self.random));
        }
        match (struck, attempt.operation) {
            (None | Some(Fault::SyncIgnored), _) | (_, Operation::Sync | Operation::SyncDir) => {
                Ok(struck)
            }
            (Some(Fault::Short(_)), Operation::Read | Operation::Write) => Ok(struck),
            (Some(Fault::NoSpace), _) => Err(Errno::NOSPC.into()),
            (Some(_), _) => Err(Errno::IO.into()),
        }
    }

    /// Starts an operation on paths that goes wrong wholly or not at all.
    pub(super) fn start_on(&mut self, operation: Operation, paths: &[&Path]) -> io::Result<()> {
        self.start(&Attempt {
            operation,
            paths,
            bytes: None,
        })
        .map(|_| ())
    }

    /// Starts an operation on an open file, which `opened` was the path of.
    pub(super) fn start_at(
        &mut self,
        operation: Operation,
        (node, opened): (NodeId, &Path),
        bytes: Option<Range<u64>>,
    ) -> io::Result<Option<Fault>> {
        let now = if self.rules.is_empty() {
            None
        } else {
            self.tree.path_of(node)
        };
        let path = now.as_deref().unwrap_or(opened);
        self.start(&Attempt {
            operation,
            paths: &[path],
            bytes,
        })
    }

    /// Comes to a failpoint: counts it, and strikes if it is armed for this time.
    pub(super) fn reach(&mut self, point: FailPoint) -> io::Result<()> {
        self.refuse_without_power()?;
        let count = self.reached.entry(point).or_default();
        *count += 1;
        let armed = (point, *count);
        let strike = self.armed.iter().find(|(at, nth, _)| (*at, *nth) == armed);
        match strike.map(|(_, _, strike)| *strike) {
            None => Ok(()),
            Some(Strike::Error) => Err(Errno::IO.into()),
            Some(Strike::Crash) => {
                self.power = Power::Frozen;
                self.refuse_without_power()
            }
        }
    }

    /// Returns the operations done so far that crash points count.
    pub(super) fn change_count(&self) -> u64 {
        self.counts
            .iter()
            .filter(|(op, _)| op.is_change())
            .map(|(_, count)| count)
            .sum()
    }

    /// Returns the bytes that files occupy which have a name or are open.
    pub(super) fn used_bytes(&self) -> u64 {
        let linked = self.tree.linked();
        let counts = |node: &NodeId| linked.contains(node) || self.open.contains_key(node);
        let files = self.tree.files.iter().filter(|(node, _)| counts(node));
        files
            .map(|(_, file)| file.visible().allocated_bytes())
            .sum()
    }

    /// Returns how many of `bytes` bytes at `offset` of a file still fit on the disk.
    pub(super) fn fitting(&self, node: NodeId, offset: u64, bytes: u64) -> u64 {
        let (Some(capacity), Some(file)) = (self.capacity, self.tree.files.get(&node)) else {
            return bytes;
        };
        let mut free = capacity.saturating_sub(self.used_bytes()) / PAGE_BYTES;
        for page in offset / PAGE_BYTES..(offset + bytes).div_ceil(PAGE_BYTES) {
            if file.visible().has_page(page) {
                continue;
            }
            if free == 0 {
                return (page * PAGE_BYTES).saturating_sub(offset);
            }
            free -= 1;
        }
        bytes
    }

    pub(super) fn opened(&mut self, node: NodeId) {
        *self.open.entry(node).or_default() += 1;
    }

    pub(super) fn closed(&mut self, node: NodeId) {
        if let Some(count) = self.open.get_mut(&node) {
            *count -= 1;
            if *count == 0 {
                self.open.remove(&node);
                self.collect();
            }
        }
    }

    /// Forgets the files that nobody can reach any more.
    pub(super) fn collect(&mut self) {
        self.tree.collect(|node| self.open.contains_key(&node));
    }

    fn check_power(&mut self, operation: Operation) -> io::Result<()> {
        let at_crash_point = self
            .freeze_after
            .is_some_and(|after| self.change_count() >= after);
        if self.power == Power::On && operation.is_change() && at_crash_point {
            self.power = Power::Frozen;
        }
        if operation.is_change() && self.power == Power::On && !self.photographs.wanted.is_empty() {
            self.photograph();
        }
        self.refuse_without_power()
    }

    /// Keeps the disk as it is, if it is wanted after just so many changes.
    fn photograph(&mut self) {
        let changes = self.change_count();
        if self.photographs.wanted.remove(&changes) {
            self.photographs.taken.push((changes, self.tree.clone()));
        }
    }

    fn refuse_without_power(&self) -> io::Result<()> {
        match self.power {
            Power::On => Ok(()),
            Power::Frozen => Err(io::Error::from(Errno::IO)),
            Power::Off => Err(io::Error::other("the simulated machine is off")),
        }
    }
}
