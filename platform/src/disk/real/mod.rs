//! The disk of the operating system, by way of `rustix`.

mod file;
mod transfer;

use std::fs::DirBuilder;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::Path;
use std::sync::Arc;

use rustix::fs::{FlockOperation, Mode, OFlags};
use rustix::io::Errno;

use self::file::RealFile;
use super::{DIR_MODE, DirEntry, Disk, DiskError, DiskLock, FILE_MODE, File, Metadata, OpenMode};
#[cfg(any(debug_assertions, feature = "failpoints"))]
use crate::FailPoint;

/// The file systems of this machine. Relative paths start at the working directory.
#[derive(Debug, Clone, Copy, Default)]
pub struct RealDisk;

impl Disk for RealDisk {
    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Arc<dyn File>> {
        let fd = open(path, flags(mode)).map_err(|e| DiskError::wrap("open", path, e))?;
        Ok(Arc::new(RealFile::new(fd, path)))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        rustix::fs::rename(from, to).map_err(|e| DiskError::wrap("rename", from, e))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let outcome = match rustix::fs::unlink(path) {
            // Linux says the first for a directory, POSIX the second.
            Err(Errno::ISDIR | Errno::PERM) if path.is_dir() => rustix::fs::rmdir(path),
            other => other,
        };
        outcome.map_err(|e| DiskError::wrap("remove", path, e))
    }

    fn create_dir_all(&self, path: &Path) -> io::Result<()> {
        DirBuilder::new()
            .recursive(true)
            .mode(DIR_MODE)
            .create(path)
            .map_err(|e| DiskError::wrap("create directory", path, e))
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        let sync = || rustix::fs::fsync(open(path, OFlags::RDONLY | OFlags::DIRECTORY)?);
        sync().map_err(|e| DiskError::wrap("sync directory", path, e))
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<DirEntry>> {
        list(dir).map_err(|e| DiskError::wrap("list", dir, e))
    }

    fn metadata(&self, path: &Path) -> io::Result<Option<Metadata>> {
        match std::fs::metadata(path) {
            Ok(found) => Ok(Some(Metadata {
                bytes: if found.is_dir() { 0 } else { found.len() },
                is_dir: found.is_dir(),
                mode: Some(found.permissions().mode() & 0o7777),
            })),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(DiskError::wrap("look at", path, e)),
        }
    }

    fn set_mode(&self, path: &Path, mode: u32) -> io::Result<()> {
        rustix::fs::chmod(path, Mode::from_raw_mode(mode))
            .map_err(|e| DiskError::wrap("set mode of", path, e))
    }

    fn free_bytes(&self, dir: &Path) -> io::Result<u64> {
        let told = rustix::fs::statvfs(dir).map_err(|e| DiskError::wrap("measure", dir, e))?;
        Ok(told.f_bavail.saturating_mul(told.f_frsize))
    }

    fn lock(&self, path: &Path) -> io::Result<Box<dyn DiskLock>> {
        let lock = || {
            let fd = open(path, OFlags::RDWR | OFlags::CREATE)?;
            rustix::fs::flock(&fd, FlockOperation::NonBlockingLockExclusive)?;
            Ok(fd)
        };
        let fd = lock().map_err(|e: Errno| DiskError::wrap("lock", path, e))?;
        Ok(Box::new(RealLock { _fd: fd }))
    }

    #[cfg(any(debug_assertions, feature = "failpoints"))]
    fn reach(&self, point: FailPoint) -> io::Result<()> {
        crate::failpoint::environment::reach(point)
    }
}

/// The kernel lets go of the lock when the last descriptor of the open file closes.
#[derive(Debug)]
struct RealLock {
    _fd: OwnedFd,
}

impl DiskLock for RealLock {}

fn flags(mode: OpenMode) -> OFlags {
    match mode {
        OpenMode::Read => OFlags::RDONLY,
        OpenMode::ReadWrite => OFlags::RDWR,
        OpenMode::CreateNew => OFlags::RDWR | OFlags::CREATE | OFlags::EXCL,
    }
}

/// Opens a path; no descriptor is left open in a program that this process starts.
fn open(path: &Path, flags: OFlags) -> rustix::io::Result<OwnedFd> {
    loop {
        let mode = Mode::from_raw_mode(FILE_MODE);
        match rustix::fs::open(path, flags | OFlags::CLOEXEC, mode) {
            Err(Errno::INTR) => {}
            other => return other,
        }
    }
}

fn list(dir: &Path) -> io::Result<Vec<DirEntry>> {
    let mut entries = Vec::new();
    for entry in std::fs::read_dir(dir)? {
        let entry = entry?;
        let found = match std::fs::metadata(entry.path()) {
            Ok(found) => found,
            // Removed since the directory was read, or a link to nowhere.
            Err(e) if e.kind() == io::ErrorKind::NotFound => continue,
            Err(e) => return Err(e),
        };
        entries.push(DirEntry {
            name: entry.file_name().to_string_lossy().into_owned(),
            is_dir: found.is_dir(),
            bytes: if found.is_dir() { 0 } else { found.len() },
        });
    }
    entries.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(entries)
}

#[cfg(test)]
mod tests;
