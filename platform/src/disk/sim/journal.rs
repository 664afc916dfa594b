//! Directory operations that no sync has made durable yet.

use std::collections::BTreeSet;

use super::dir::NodeId;
use crate::random::Random;

/// A name in a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) dir: NodeId,
    pub(super) name: String,
}

/// One change of names. Each is atomic: a power cut leaves all of it or nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Change {
    Link {
        place: Place,
        node: NodeId,
    },
    Unlink {
        place: Place,
        node: NodeId,
    },
    Move {
        from: Place,
        to: Place,
        node: NodeId,
    },
}

impl Change {
    /// Returns the node that gets, loses or changes its name.
    pub(super) const fn node(&self) -> NodeId {
        match self {
            Self::Link { node, .. } | Self::Unlink { node, .. } | Self::Move { node, .. } => *node,
        }
    }

    fn dirs(&self) -> [NodeId; 2] {
        match self {
            Self::Link { place, .. } | Self::Unlink { place, .. } => [place.dir; 2],
            Self::Move { from, to, .. } => [from.dir, to.dir],
        }
    }
}

/// The changes in the order in which they were made.
#[derive(Debug, Clone, Default)]
pub(super) struct Journal {
    changes: Vec<Change>,
}

impl Journal {
    pub(super) fn push(&mut self, change: Change) {
        self.changes.push(change);
    }

    pub(super) fn nodes(&self) -> impl Iterator<Item = NodeId> {
        self.changes.iter().map(Change::node)
    }

    /// Returns whether a node for which `is_dir` holds waits to be moved.
    pub(super) fn moves_any(&self, is_dir: impl Fn(NodeId) -> bool) -> bool {
        let moves = |change: &Change| matches!(change, Change::Move { node, .. } if is_dir(*node));
        self.changes.iter().any(moves)
    }

    /// Takes out what a sync of `dir` makes durable, in order.
    ///
    /// A move between directories is one change, so that it brings along what is pending in the
    /// other directory: otherwise an older change there could undo it later.
    pub(super) fn take(&mut self, dir: NodeId) -> Vec<Change> {
        let mut dirs = BTreeSet::from([dir]);
        loop {
            let known = dirs.len();
            for change in &self.changes {
                let both = change.dirs();
                if both.iter().any(|dir| dirs.contains(dir)) {
                    dirs.extend(both);
                }
            }
            if dirs.len() == known {
                break;
            }
        }
        let (taken, kept) = std::mem::take(&mut self.changes)
            .into_iter()
            .partition(|change| change.dirs().iter().any(|dir| dirs.contains(dir)));
        self.changes = kept;
        taken
    }

    /// Returns the changes that a power cut leaves, in order.
    ///
    /// A journalling file system leaves the first so many; others may leave any of them. Where
    /// `ordered`, only the former is drawn.
    pub(super) fn survivors(&self, ordered: bool, random: &mut Random) -> Vec<Change> {
        let count = self.changes.len() as u64;
        let kept = match random.below(if ordered { 3 } else { 4 }) {
            0 => 0,
            1 => count,
            2 => random.below(count + 1),
            _ => {
                return self
                    .changes
                    .iter()
                    .filter(|_| random.one_in(2))
                    .cloned()
                    .collect();
            }
        };
        self.changes
            .iter()
            .take(usize::try_from(kept).unwrap_or(usize::MAX))
            .cloned()
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(dir: u64, name: &str) -> Place {
        Place {
            dir: NodeId(dir),
            name: name.to_owned(),
        }
    }

    fn link(dir: u64, node: u64) -> Change {
        Change::Link {
            place: place(dir, "x"),
            node: NodeId(node),
        }
    }

    #[test]
    fn sync_of_one_directory_leaves_the_others_pending() {
        let mut journal = Journal {
            changes: vec![link(1, 10), link(2, 11), link(1, 12)],
        };
        assert_eq!(journal.take(NodeId(1)), [link(1, 10), link(1, 12)]);
        assert_eq!(journal.changes, [link(2, 11)]);
    }

    #[test]
    fn move_between_directories_brings_the_other_one_along() {
        let moved = Change::Move {
            from: place(2, "x"),
            to: place(1, "x"),
            node: NodeId(11),
        };
        let mut journal = Journal {
            changes: vec![link(2, 11), moved.clone(), link(3, 12)],
        };
        assert_eq!(journal.take(NodeId(1)), [link(2, 11), moved]);
        assert_eq!(journal.changes, [link(3, 12)]);
    }

    #[test]
    fn ordered_survivors_are_always_a_prefix() {
        let journal = Journal {
            changes: (0..6).map(|node| link(1, node)).collect(),
        };
        let mut lengths = BTreeSet::new();
        for seed in 0..200 {
            let left = journal.survivors(true, &mut Random::new(seed));
            assert_eq!(left, journal.changes[..left.len()]);
            lengths.insert(left.len());
        }
        assert_eq!(lengths.len(), 7);
    }

    #[test]
    fn unordered_survivors_may_leave_gaps() {
        let journal = Journal {
            changes: (0..6).map(|node| link(1, node)).collect(),
        };
        let gaps = (0..200).filter(|seed| {
            let left = journal.survivors(false, &mut Random::new(*seed));
            left != journal.changes[..left.len()]
        });
        assert!(gaps.count() > 10);
    }
}
