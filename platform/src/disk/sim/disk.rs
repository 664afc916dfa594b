//! The simulated disk as a [`Disk`].

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use rustix::io::Errno;

use super::SimDisk;
use super::dir::NodeId;
use super::file::SimFile;
use super::machine::Machine;
use super::operation::{Fault, Operation};
use super::rule::Attempt;
use crate::FailPoint;
use crate::disk::{DirEntry, Disk, DiskError, DiskLock, File, Metadata, OpenMode};

impl Disk for SimDisk {
    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Arc<dyn File>> {
        self.open_file(path, mode)
            .map_err(|e| DiskError::wrap("open", path, e))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let rename = |machine: &mut Machine| {
            machine.start_on(Operation::Rename, &[from, to])?;
            machine.tree.rename(from, to)?;
            machine.collect();
            Ok(())
        };
        self.with("rename", from, rename)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.with("remove", path, |machine| {
            machine.start_on(Operation::Remove, &[path])?;
            Ok(machine.tree.remove(path)?)
        })
    }

    fn create_dir_all(&self, path: &Path) -> io::Result<()> {
        self.with("create directory", path, |machine| {
            machine.start_on(Operation::CreateDir, &[path])?;
            Ok(machine.tree.create_dir_all(path)?)
        })
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        self.with("sync directory", path, |machine| sync_dir(machine, path))
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<DirEntry>> {
        self.with("list", dir, |machine| {
            machine.start_on(Operation::List, &[dir])?;
            list(machine, dir)
        })
    }

    fn metadata(&self, path: &Path) -> io::Result<Option<Metadata>> {
        self.with("look at", path, |machine| {
            machine.start_on(Operation::Metadata, &[path])?;
            match machine.tree.find(path) {
                Ok(node) => Ok(metadata(machine, node)),
                Err(Errno::NOENT) => Ok(None),
                Err(errno) => Err(errno.into()),
            }
        })
    }

    fn set_mode(&self, path: &Path, mode: u32) -> io::Result<()> {
        self.with("set mode of", path, |machine| {
            machine.start_on(Operation::SetMode, &[path])?;
            let node = machine.tree.find(path)?;
            if let Some(file) = machine.tree.files.get_mut(&node) {
                file.set_mode(mode);
            } else if let Some(dir) = machine.tree.dirs.get_mut(&node) {
                dir.mode = mode;
            }
            Ok(())
        })
    }

    fn free_bytes(&self, dir: &Path) -> io::Result<u64> {
        self.with("measure", dir, |machine| {
            machine.start_on(Operation::Metadata, &[dir])?;
            machine.tree.find(dir)?;
            Ok(machine
                .capacity
                .unwrap_or(CAPACITY)
                .saturating_sub(machine.used_bytes()))
        })
    }

    fn lock(&self, path: &Path) -> io::Result<Box<dyn DiskLock>> {
        let node = self.with("lock", path, |machine| lock(machine, path))?;
        Ok(Box::new(SimLock {
            machine: Arc::clone(&self.machine),
            node,
        }))
    }

    fn reach(&self, point: FailPoint) -> io::Result<()> {
        self.lock_machine().reach(point)
    }
}

impl SimDisk {
    fn open_file(&self, path: &Path, mode: OpenMode) -> io::Result<Arc<dyn File>> {
        let mut machine = self.lock_machine();
        let node = match mode {
            OpenMode::CreateNew => {
                machine.start_on(Operation::Create, &[path])?;
                create(&mut machine, path)?
            }
            OpenMode::Read | OpenMode::ReadWrite => {
                machine.start_on(Operation::Open, &[path])?;
                machine.tree.find(path)?
            }
        };
        if machine.tree.dirs.contains_key(&node) {
            return Err(Errno::ISDIR.into());
        }
        let is_writable = mode != OpenMode::Read;
        Ok(Arc::new(SimFile::new(
            &self.machine,
            &mut machine,
            (node, path),
            is_writable,
        )))
    }

    fn with<T>(
        &self,
        operation: &'static str,
        path: &Path,
        act: impl FnOnce(&mut Machine) -> io::Result<T>,
    ) -> io::Result<T> {
        act(&mut self.lock_machine()).map_err(|e| DiskError::wrap(operation, path, e))
    }
}

/// A lock on the simulated disk; it ends with the machine.
#[derive(Debug)]
struct SimLock {
    machine: Arc<Mutex<Machine>>,
    node: NodeId,
}

impl DiskLock for SimLock {}

impl Drop for SimLock {
    fn drop(&mut self) {
        let mut machine = self.machine.lock().unwrap_or_else(PoisonError::into_inner);
        machine.locks.remove(&self.node);
    }
}

fn create(machine: &mut Machine, path: &Path) -> io::Result<NodeId> {
    match machine.tree.place(path)? {
        (_, Some(_)) => Err(Errno::EXIST.into()),
        (place, None) => Ok(machine.tree.create_file(place)),
    }
}

fn lock(machine: &mut Machine, path: &Path) -> io::Result<NodeId> {
    machine.start_on(Operation::Lock, &[path])?;
    let node = match machine.tree.place(path)? {
        (_, Some(node)) => node,
        (place, None) => {
            machine.start_on(Operation::Create, &[path])?;
            machine.tree.create_file(place)
        }
    };
    if machine.locks.insert(node) {
        Ok(node)
    } else {
        Err(Errno::WOULDBLOCK.into())
    }
}

fn sync_dir(machine: &mut Machine, path: &Path) -> io::Result<()> {
    let attempt = Attempt {
        operation: Operation::SyncDir,
        paths: &[path],
        bytes: None,
    };
    let fault = machine.start(&attempt)?;
    let node = machine.tree.find(path)?;
    if !machine.tree.dirs.contains_key(&node) {
        return Err(Errno::NOTDIR.into());
    }
    match fault {
        None => {
            machine.tree.sync_dir(node);
            machine.collect();
            Ok(())
        }
        Some(Fault::SyncIgnored) => Ok(()),
        Some(Fault::SyncLost) => {
            machine.tree.lose_dir(node);
            Err(Errno::IO.into())
        }
        Some(Fault::NoSpace) => Err(Errno::NOSPC.into()),
        Some(_) => Err(Errno::IO.into()),
    }
}

fn list(machine: &Machine, path: &Path) -> io::Result<Vec<DirEntry>> {
    let node = machine.tree.find(path)?;
    let dir = machine.tree.dirs.get(&node).ok_or(Errno::NOTDIR)?;
    let entries = dir.visible.iter().filter_map(|(name, node)| {
        let found = metadata(machine, *node)?;
        Some(DirEntry {
            name: name.clone(),
            is_dir: found.is_dir,
            bytes: found.bytes,
        })
    });
    Ok(entries.collect())
}

fn metadata(machine: &Machine, node: NodeId) -> Option<Metadata> {
    if let Some(dir) = machine.tree.dirs.get(&node) {
        return Some(Metadata {
            bytes: 0,
            is_dir: true,
            mode: Some(dir.mode),
        });
    }
    let file = machine.tree.files.get(&node)?;
    Some(Metadata {
        bytes: file.visible().len(),
        is_dir: false,
        mode: Some(file.mode()),
    })
}

/// What a disk without a limit says to be free at the start.
const CAPACITY: u64 = 1 << 40;
