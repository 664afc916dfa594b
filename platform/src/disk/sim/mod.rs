//! A disk in memory that loses power, tears writes, lies about syncs, rots and fills up on demand.
//!
//! Every run is given by its seed and the order of the calls. It does not simulate time or queues
//! inside the device: an operation is done when it returns, and what "done" is worth shows only
//! after [`SimDisk::crash`].
//!
//! ```text
//!  program ──▶ SimDisk / SimFile ──▶ Machine (one lock)
//!                                      ├ rules: which operation goes wrong, and how
//!                                      ├ Tree: directories, names, Journal of unsynced changes
//!                                      └ Content per file: visible, durable, pending sectors
//! ```
//!
//! To visit every crash point of a piece of work: run it once, read
//! [`change_count`](SimDisk::change_count), then run it again on a fresh disk for each number below
//! that, frozen by [`freeze_after`](SimDisk::freeze_after), and look at what
//! [`crash_with`](SimDisk::crash_with) leaves for a few seeds each. Where what happens after the crash
//! point does not matter, [`photograph`](SimDisk::photograph) shows all of them in a single run.

mod content;
mod dir;
mod disk;
mod file;
mod image;
mod journal;
mod machine;
mod names;
mod operation;
mod rot;
mod rule;
mod span;
mod survival;
mod tree;

use std::fmt::{self, Debug};
use std::hash::{DefaultHasher, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use self::machine::{Machine, Power};
pub use self::operation::{Fault, Operation, Strike};
pub use self::rule::Rule;
use self::tree::Tree;
use crate::FailPoint;
use crate::random::Random;

/// A simulated disk. Clones are the same disk, so that a test can keep one to steer it.
///
/// Paths are absolute or relative to the root, which is there from the start.
#[derive(Clone)]
pub struct SimDisk {
    machine: Arc<Mutex<Machine>>,
}

impl SimDisk {
    /// Makes an empty disk; all its chances follow from `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self::of(Machine::new(Tree::new(), Random::new(seed), None))
    }

    /// Cuts the power and returns the disk as the next start finds it.
    ///
    /// What was synced is there; of what was not, anything may be: sectors torn from a write, an
    /// older version of a sector, a length without its bytes, some of the changes of names.
    /// This disk and its open files fail from now on. Rules, counters and the crash point end here;
    /// the capacity stays.
    #[must_use]
    pub fn crash(&self) -> Self {
        let seed = self.lock_machine().random.next();
        self.crash_with(seed)
    }

    /// Cuts the power, as [`crash`](Self::crash) does, with chances given by `seed`.
    ///
    /// It may be called again for other outcomes of the same power cut.
    #[must_use]
    pub fn crash_with(&self, seed: u64) -> Self {
        let mut random = Random::new(seed);
        self.succeed(|machine| {
            let tree = machine.tree.crash(&mut random);
            Machine::new(tree, random.split(), machine.capacity)
        })
    }

    /// Ends the process but not the machine: all that was written is there, synced or not, and what
    /// was not synced is still in danger from a later [`crash`](Self::crash).
    #[must_use]
    pub fn kill(&self) -> Self {
        self.succeed(|machine| {
            let mut next = Machine::new(
                machine.tree.clone(),
                machine.random.clone(),
                machine.capacity,
            );
            next.collect();
            next
        })
    }

    /// Adds a rule. Where several strike one operation, the first that was added counts.
    pub fn inject(&self, rule: Rule) {
        self.lock_machine().rules.push(rule);
    }

    /// Removes all rules.
    pub fn clear_rules(&self) {
        self.lock_machine().rules.clear();
    }

    /// Sets the crash point: after this many changes since the disk was made, everything fails.
    ///
    /// The last change before it may be a write that no sync followed, so that a crash there
    /// tears it.
    pub fn freeze_after(&self, changes: u64) {
        self.lock_machine().freeze_after = Some(changes);
    }

    /// Returns the changes tried since the disk was made, those that failed included; see
    /// [`Operation::is_change`].
    #[must_use]
    pub fn change_count(&self) -> u64 {
        self.lock_machine().change_count()
    }

    /// Takes a photograph of the disk after each of these numbers of changes, just before the next
    /// one: a whole history is run once, and shows all of its crash points.
    pub fn photograph(&self, changes: impl IntoIterator<Item = u64>) {
        self.lock_machine().photographs.wanted.extend(changes);
    }

    /// Hands over the photographs taken so far, each with the changes done by then. They are disks
    /// of machines that were never switched on, to be [crashed](Self::crash_with).
    #[must_use]
    pub fn photographs(&self) -> Vec<(u64, Self)> {
        let mut machine = self.lock_machine();
        let capacity = machine.capacity;
        let taken = std::mem::take(&mut machine.photographs.taken);
        taken
            .into_iter()
            .map(|(changes, tree)| {
                let photograph = Machine::new(tree, Random::new(changes), capacity);
                (changes, Self::of(photograph))
            })
            .collect()
    }

    /// Returns a copy of the disk as it is, synced and not, for a machine of its own.
    #[must_use]
    pub fn copy(&self) -> Self {
        let machine = self.lock_machine();
        let (tree, random) = (machine.tree.clone(), machine.random.clone());
        let mut copy = Machine::new(tree, random, machine.capacity);
        copy.collect();
        Self::of(copy)
    }

    /// Returns a number for all that is on the disk, synced or not: two runs that did the same have
    /// the same. It is comparable only within one build.
    #[must_use]
    pub fn fingerprint(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.lock_machine().tree.fingerprint(&mut hasher);
        hasher.finish()
    }

    /// Returns how often an operation was tried since the disk was made.
    #[must_use]
    pub fn operation_count(&self, operation: Operation) -> u64 {
        self.lock_machine()
            .counts
            .get(&operation)
            .copied()
            .unwrap_or(0)
    }

    /// Strikes when a failpoint is reached for the `nth` time since the disk was made, counted from 1.
    ///
    /// # Panics
    /// For an error at a point that is only passed.
    pub fn arm(&self, point: FailPoint, nth: u64, strike: Strike) {
        assert!(
            strike == Strike::Crash || point.can_fail(),
            "{} cannot fail",
            point.name()
        );
        self.lock_machine().armed.push((point, nth, strike));
    }

    /// Returns how often a failpoint was reached since the disk was made.
    #[must_use]
    pub fn reached(&self, point: FailPoint) -> u64 {
        self.lock_machine()
            .reached
            .get(&point)
            .copied()
            .unwrap_or(0)
    }

    /// Limits the disk to so many bytes, in pages of 4096: a write beyond puts down what fits and
    /// fails with `StorageFull`. Holes and names take no room.
    pub fn limit_capacity(&self, bytes: u64) {
        self.lock_machine().capacity = Some(bytes);
    }

    /// Makes the disk as large as it gets.
    pub fn lift_capacity(&self) {
        self.lock_machine().capacity = None;
    }

    /// Returns the bytes that files occupy, in pages of 4096.
    #[must_use]
    pub fn used_bytes(&self) -> u64 {
        self.lock_machine().used_bytes()
    }

    /// Switches this machine off and returns the one that takes over its disk.
    fn succeed(&self, next: impl FnOnce(&Machine) -> Machine) -> Self {
        let mut machine = self.lock_machine();
        machine.power = Power::Off;
        Self::of(next(&machine))
    }

    fn of(machine: Machine) -> Self {
        Self {
            machine: Arc::new(Mutex::new(machine)),
        }
    }

    fn lock_machine(&self) -> MutexGuard<'_, Machine> {
        self.machine.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Debug for SimDisk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let machine = self.lock_machine();
        f.debug_struct("SimDisk")
            .field("power", &machine.power)
            .field("files", &machine.tree.files.len())
            .finish_non_exhaustive()
    }
}
