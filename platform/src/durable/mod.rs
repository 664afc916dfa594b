//! Replaces whole small files so that a crash leaves the old one or the new one, never a mixture.
//!
//! The order is the point: write beside, sync the bytes, rename over, sync the directory. When a
//! function here has returned, what it did survives a power cut.
//!
//! Two writers of one path at the same time are not supported; whoever writes holds the directory's
//! lock.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use crate::FailPoint;
use crate::disk::{Disk, DiskError, OpenMode};

/// Writes a file that its owner alone can read, replacing the one at `path`.
///
/// # Errors
/// Any of the disk's. The old file is then still there, or the new one is: which of them survives
/// a crash is unknown after a failed sync of the directory.
pub fn write_file(disk: &dyn Disk, path: &Path, bytes: &[u8]) -> io::Result<()> {
    write_beside(disk, path, bytes, None)
}

/// Writes a file with the given permission bits, replacing the one at `path`.
///
/// At no time has a file with these bytes wider permissions than `mode` or 0600.
///
/// # Errors
/// As [`write_file`].
pub fn write_file_with_mode(
    disk: &dyn Disk,
    path: &Path,
    bytes: &[u8],
    mode: u32,
) -> io::Result<()> {
    write_beside(disk, path, bytes, Some(mode))
}

/// Reads a whole file.
///
/// # Errors
/// Any of the disk's, and `OutOfMemory` for a file larger than the address space.
pub fn read_file(disk: &dyn Disk, path: &Path) -> io::Result<Vec<u8>> {
    let file = disk.open(path, OpenMode::Read)?;
    let bytes = usize::try_from(file.len()?)
        .map_err(|_| DiskError::wrap("read", path, io::Error::from(ErrorKind::OutOfMemory)))?;
    let mut out = vec![0; bytes];
    file.read_exact_at(&mut out, 0)?;
    Ok(out)
}

/// Makes a directory and those above it, where absent, with names that survive a power cut.
///
/// # Errors
/// Any of the disk's.
pub fn create_dir_all(disk: &dyn Disk, path: &Path) -> io::Result<()> {
    let mut absent = Vec::new();
    for dir in path
        .ancestors()
        .take_while(|dir| !dir.as_os_str().is_empty())
    {
        if disk.metadata(dir)?.is_some() {
            break;
        }
        absent.push(dir);
    }
    disk.create_dir_all(path)?;
    if !absent.is_empty() {
        disk.reach(FailPoint::DurableDirMade)?;
    }
    // From the top down, so that no durable name is in a directory whose own name is not.
    for dir in absent.iter().rev() {
        disk.sync_dir(parent(dir))?;
    }
    Ok(())
}

/// Removes a file so that it does not come back after a power cut.
///
/// # Errors
/// Any of the disk's.
pub fn remove_file(disk: &dyn Disk, path: &Path) -> io::Result<()> {
    disk.remove(path)?;
    disk.reach(FailPoint::DurableRemoved)?;
    disk.sync_dir(parent(path))
}

fn write_beside(disk: &dyn Disk, path: &Path, bytes: &[u8], mode: Option<u32>) -> io::Result<()> {
    let beside = beside(path)?;
    let outcome = write_new(disk, &beside, bytes, mode).and_then(|()| disk.rename(&beside, path));
    if let Err(e) = outcome {
        // A full disk gets its bytes back. When even that fails, the next write removes the rest.
        disk.remove(&beside).ok();
        return Err(e);
    }
    disk.reach(FailPoint::DurableRenamed)?;
    disk.sync_dir(parent(path))
}

fn write_new(disk: &dyn Disk, path: &Path, bytes: &[u8], mode: Option<u32>) -> io::Result<()> {
    match disk.remove(path) {
        // What a crash left behind.
        Ok(()) => {}
        Err(e) if e.kind() == ErrorKind::NotFound => {}
        Err(e) => return Err(e),
    }
    let file = disk.open(path, OpenMode::CreateNew)?;
    file.write_all_at(bytes, 0)?;
    if let Some(mode) = mode {
        disk.set_mode(path, mode)?;
    }
    disk.reach(FailPoint::DurableWritten)?;
    file.sync_all()?;
    disk.reach(FailPoint::DurableSynced)
}

/// Returns the name that a file has until it is complete.
fn beside(path: &Path) -> io::Result<PathBuf> {
    let name = path
        .file_name()
        .ok_or_else(|| DiskError::wrap("write", path, io::Error::from(ErrorKind::InvalidInput)))?;
    let mut name = name.to_os_string();
    name.push(SUFFIX);
    Ok(path.with_file_name(name))
}

/// Returns the directory of a path, the working directory for a bare name.
fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(dir) if !dir.as_os_str().is_empty() => dir,
        Some(_) => Path::new("."),
        None => path,
    }
}

/// Marks a file that is being written. Whoever finds one after a crash may remove it.
pub const SUFFIX: &str = ".tmp";

#[cfg(test)]
mod tests;
