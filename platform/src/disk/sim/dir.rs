//! A directory, and how one change of names shows in it.

use std::collections::BTreeMap;

use super::journal::{Change, Place};
use crate::disk::DIR_MODE;

/// The number of a file or directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct NodeId(pub(super) u64);

/// A directory: the names that programs see, and those that the disk holds.
#[derive(Debug, Clone)]
pub(super) struct Dir {
    pub(super) visible: BTreeMap<String, NodeId>,
    pub(super) durable: BTreeMap<String, NodeId>,
    /// The permission bits, which the simulation of power cuts leaves alone.
    pub(super) mode: u32,
}

impl Dir {
    pub(super) const fn new() -> Self {
        Self {
            visible: BTreeMap::new(),
            durable: BTreeMap::new(),
            mode: DIR_MODE,
        }
    }
}

/// Chooses the visible or the durable names of a directory.
pub(super) type Side = fn(&mut Dir) -> &mut BTreeMap<String, NodeId>;

/// Applies a change to one side; where changes before it were lost, it does what is left to do.
pub(super) fn apply(dirs: &mut BTreeMap<NodeId, Dir>, change: &Change, side: Side) {
    match change {
        Change::Link { place, node } => link(dirs, place, *node, side),
        Change::Unlink { place, node } => unlink(dirs, place, *node, side),
        Change::Move { to, node, .. } => {
            // Not only where the move begins: when an earlier move of the node was lost, the node
            // is still where that one began, and it must not end up with two names.
            for dir in dirs.values_mut() {
                side(dir).retain(|_, entry| entry != node);
            }
            link(dirs, to, *node, side);
        }
    }
}

fn link(dirs: &mut BTreeMap<NodeId, Dir>, place: &Place, node: NodeId, side: Side) {
    if let Some(dir) = dirs.get_mut(&place.dir) {
        side(dir).insert(place.name.clone(), node);
    }
}

fn unlink(dirs: &mut BTreeMap<NodeId, Dir>, place: &Place, node: NodeId, side: Side) {
    if let Some(dir) = dirs.get_mut(&place.dir)
        && side(dir).get(&place.name) == Some(&node)
    {
        side(dir).remove(&place.name);
    }
}
