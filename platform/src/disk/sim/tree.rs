//! Directories and files by name: what programs see, and what the disk holds.
//!
//! Files are nodes that names point to, as in a real file system: a file that is renamed, or
//! removed while open, keeps its content.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};

use rustix::io::Errno;

use super::content::Content;
use super::dir::{Dir, NodeId, apply};
use super::journal::{Change, Journal, Place};
use super::names::names;
use crate::random::Random;

/// All directories and files of a disk.
#[derive(Debug, Clone)]
pub(super) struct Tree {
    pub(super) dirs: BTreeMap<NodeId, Dir>,
    pub(super) files: BTreeMap<NodeId, Content>,
    journal: Journal,
    next: u64,
}

impl Tree {
    pub(super) fn new() -> Self {
        Self {
            dirs: BTreeMap::from([(ROOT, Dir::new())]),
            files: BTreeMap::new(),
            journal: Journal::default(),
            next: ROOT.0 + 1,
        }
    }

    /// Returns the node at a path.
    pub(super) fn find(&self, path: &Path) -> Result<NodeId, Errno> {
        let mut node = ROOT;
        for name in names(path)? {
            let dir = self.dirs.get(&node).ok_or(Errno::NOTDIR)?;
            node = *dir.visible.get(name).ok_or(Errno::NOENT)?;
        }
        Ok(node)
    }

    /// Returns the place of a path, whose directory must be there, and the node in it.
    pub(super) fn place(&self, path: &Path) -> Result<(Place, Option<NodeId>), Errno> {
        let name = (*names(path)?.last().ok_or(Errno::INVAL)?).to_owned();
        let dir = self.find(path.parent().unwrap_or(path))?;
        let entries = &self.dirs.get(&dir).ok_or(Errno::NOTDIR)?.visible;
        let node = entries.get(&name).copied();
        Ok((Place { dir, name }, node))
    }

    /// Returns the path that a node has now, nothing when it has been removed.
    pub(super) fn path_of(&self, node: NodeId) -> Option<PathBuf> {
        if node == ROOT {
            return Some(PathBuf::from("/"));
        }
        let (dir, name) = self.dirs.iter().find_map(|(id, dir)| {
            let (name, _) = dir.visible.iter().find(|(_, entry)| **entry == node)?;
            Some((*id, name))
        })?;
        Some(self.path_of(dir)?.join(name))
    }

    pub(super) fn create_file(&mut self, place: Place) -> NodeId {
        let node = self.new_node();
        self.files.insert(node, Content::new());
        self.change(Change::Link { place, node });
        node
    }

    pub(super) fn create_dir_all(&mut self, path: &Path) -> Result<(), Errno> {
        let mut at = ROOT;
        for name in names(path)? {
            let dir = self.dirs.get(&at).ok_or(Errno::NOTDIR)?;
            let node = dir.visible.get(name).copied();
            at = node.unwrap_or_else(|| {
                self.create_dir(Place {
                    dir: at,
                    name: name.to_owned(),
                })
            });
        }
        if self.dirs.contains_key(&at) {
            Ok(())
        } else {
            Err(Errno::EXIST)
        }
    }

    pub(super) fn remove(&mut self, path: &Path) -> Result<(), Errno> {
        let (place, node) = self.place(path)?;
        let node = node.ok_or(Errno::NOENT)?;
        if self
            .dirs
            .get(&node)
            .is_some_and(|dir| !dir.visible.is_empty())
        {
            return Err(Errno::NOTEMPTY);
        }
        self.change(Change::Unlink { place, node });
        Ok(())
    }

    pub(super) fn rename(&mut self, from: &Path, to: &Path) -> Result<(), Errno> {
        let (from_place, node) = self.place(from)?;
        let node = node.ok_or(Errno::NOENT)?;
        let (to_place, replaced) = self.place(to)?;
        if replaced == Some(node) {
            return Ok(());
        }
        if let Some(replaced) = replaced {
            self.check_replaceable(node, replaced)?;
        }
        if self.dirs.contains_key(&node) && names(to)?.starts_with(&names(from)?) {
            return Err(Errno::INVAL);
        }
        self.change(Change::Move {
            from: from_place,
            to: to_place,
            node,
        });
        Ok(())
    }

    /// Makes the changes of names in a directory durable.
    pub(super) fn sync_dir(&mut self, dir: NodeId) {
        for change in self.journal.take(dir) {
            apply(&mut self.dirs, &change, |dir| &mut dir.durable);
        }
    }

    /// Forgets the changes of names in a directory: programs see them, the disk never will.
    pub(super) fn lose_dir(&mut self, dir: NodeId) {
        self.journal.take(dir);
    }

    /// Drops the nodes that have no name, none on the disk either, and are not open.
    pub(super) fn collect(&mut self, is_open: impl Fn(NodeId) -> bool) {
        let mut named: BTreeSet<NodeId> = self.journal.nodes().chain([ROOT]).collect();
        for dir in self.dirs.values() {
            named.extend(dir.visible.values().chain(dir.durable.values()));
        }
        self.files
            .retain(|node, _| named.contains(node) || is_open(*node));
        self.dirs.retain(|node, _| named.contains(node));
    }

    /// Returns the files that have a name now.
    pub(super) fn linked(&self) -> BTreeSet<NodeId> {
        self.dirs
            .values()
            .flat_map(|dir| dir.visible.values().copied())
            .collect()
    }

    /// Adds names and contents to a fingerprint.
    pub(super) fn fingerprint(&self, hasher: &mut impl Hasher) {
        for (node, dir) in &self.dirs {
            (node.0, dir.mode).hash(hasher);
            for names in [&dir.visible, &dir.durable] {
                names.len().hash(hasher);
                names
                    .iter()
                    .for_each(|(name, node)| (name, node.0).hash(hasher));
            }
        }
        for (node, file) in &self.files {
            node.0.hash(hasher);
            file.fingerprint(hasher);
        }
    }

    /// Returns the tree as it is after a power cut.
    pub(super) fn crash(&self, random: &mut Random) -> Self {
        // Moves of directories are left in order: out of order they could make a circle of
        // directories, which no file system does.
        let ordered = self.journal.moves_any(|node| self.dirs.contains_key(&node));
        let mut dirs = self.dirs.clone();
        for change in self.journal.survivors(ordered, random) {
            apply(&mut dirs, &change, |dir| &mut dir.durable);
        }
        for dir in dirs.values_mut() {
            dir.visible = dir.durable.clone();
        }
        let files = self
            .files
            .iter()
            .map(|(node, file)| (*node, file.crash(random)))
            .collect();
        let mut tree = Self {
            dirs,
            files,
            journal: Journal::default(),
            next: self.next,
        };
        tree.drop_unreachable();
        tree
    }

    fn create_dir(&mut self, place: Place) -> NodeId {
        let node = self.new_node();
        self.dirs.insert(node, Dir::new());
        self.change(Change::Link { place, node });
        node
    }

    fn check_replaceable(&self, node: NodeId, replaced: NodeId) -> Result<(), Errno> {
        match (self.dirs.contains_key(&node), self.dirs.get(&replaced)) {
            (true, None) => Err(Errno::NOTDIR),
            (false, Some(_)) => Err(Errno::ISDIR),
            (true, Some(dir)) if !dir.visible.is_empty() => Err(Errno::NOTEMPTY),
            _ => Ok(()),
        }
    }

    /// Shows a change to programs, and notes it for the disk.
    fn change(&mut self, change: Change) {
        apply(&mut self.dirs, &change, |dir| &mut dir.visible);
        self.journal.push(change);
    }

    const fn new_node(&mut self) -> NodeId {
        let node = NodeId(self.next);
        self.next += 1;
        node
    }

    fn drop_unreachable(&mut self) {
        let mut reached = BTreeSet::new();
        let mut ahead = vec![ROOT];
        while let Some(node) = ahead.pop() {
            if reached.insert(node) {
                ahead.extend(
                    self.dirs
                        .get(&node)
                        .iter()
                        .flat_map(|dir| dir.visible.values()),
                );
            }
        }
        self.dirs.retain(|node, _| reached.contains(node));
        self.files.retain(|node, _| reached.contains(node));
    }
}

const ROOT: NodeId = NodeId(1);
