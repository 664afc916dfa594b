//! Damage that no program did: flipped bits and writes gone astray.

use std::io;
use std::path::Path;

use rustix::io::Errno;

use super::SimDisk;
use super::content::Content;
use super::machine::Machine;
use crate::disk::DiskError;

impl SimDisk {
    /// Flips one bit of a file, on the disk and in memory, as a failing medium does.
    ///
    /// # Errors
    /// `NotFound` when there is no such file, `InvalidInput` when it ends before `offset`.
    pub fn flip_bit(&self, path: &Path, offset: u64, bit: u8) -> io::Result<()> {
        self.damage(path, offset, |byte| byte ^ 1u8.rotate_left(bit.into()))
    }

    /// Flips one bit somewhere in a file, and returns the offset of its byte.
    ///
    /// # Errors
    /// As [`flip_bit`](Self::flip_bit); a file without bytes has none to flip.
    pub fn flip_random_bit(&self, path: &Path) -> io::Result<u64> {
        let (offset, bit) = {
            let mut machine = self.lock_machine();
            let node = machine
                .tree
                .find(path)
                .map_err(|e| DiskError::wrap("damage", path, e))?;
            let len = machine
                .tree
                .files
                .get(&node)
                .map_or(0, |file| file.visible().len());
            (machine.random.below(len), machine.random.below(8))
        };
        self.damage(path, offset, |byte| byte ^ (1 << bit))?;
        Ok(offset)
    }

    /// Replaces bytes of a file, on the disk and in memory, as a write gone astray does. The length
    /// stays.
    ///
    /// # Errors
    /// As [`flip_bit`](Self::flip_bit), where `bytes` reach beyond the end.
    pub fn overwrite(&self, path: &Path, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let mut machine = self.lock_machine();
        content(&mut machine, path)
            .and_then(|file| {
                let end = offset.saturating_add(bytes.len() as u64);
                if end > file.visible().len() {
                    return Err(Errno::INVAL);
                }
                file.damage(bytes, offset);
                Ok(())
            })
            .map_err(|e| DiskError::wrap("damage", path, e))
    }

    fn damage(&self, path: &Path, offset: u64, change: impl Fn(u8) -> u8) -> io::Result<()> {
        let mut byte = [0];
        {
            let mut machine = self.lock_machine();
            let file = content(&mut machine, path);
            file.map_err(|e| DiskError::wrap("damage", path, e))?
                .visible()
                .read(&mut byte, offset);
        }
        self.overwrite(path, offset, &byte.map(change))
    }
}

fn content<'a>(machine: &'a mut Machine, path: &Path) -> Result<&'a mut Content, Errno> {
    let node = machine.tree.find(path)?;
    machine.tree.files.get_mut(&node).ok_or(Errno::ISDIR)
}
