//! An object of a repository as a disk with one file, so that the log's own checks can read it.

use std::io;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use platform::{DirEntry, Disk, DiskLock, File, Metadata, OpenMode};

/// The bytes of an object. Whatever path is opened, to be read, they are its file.
#[derive(Debug, Clone)]
pub(super) struct ObjectDisk(pub(super) Bytes);

impl Disk for ObjectDisk {
    fn open(&self, _path: &Path, mode: OpenMode) -> io::Result<Arc<dyn File>> {
        match mode {
            OpenMode::Read => Ok(Arc::new(self.clone())),
            OpenMode::ReadWrite | OpenMode::CreateNew => refused(),
        }
    }

    fn rename(&self, _from: &Path, _to: &Path) -> io::Result<()> {
        refused()
    }

    fn remove(&self, _path: &Path) -> io::Result<()> {
        refused()
    }

    fn create_dir_all(&self, _path: &Path) -> io::Result<()> {
        refused()
    }

    fn sync_dir(&self, _path: &Path) -> io::Result<()> {
        refused()
    }

    fn list(&self, _dir: &Path) -> io::Result<Vec<DirEntry>> {
        refused()
    }

    fn metadata(&self, _path: &Path) -> io::Result<Option<Metadata>> {
        refused()
    }

    fn set_mode(&self, _path: &Path, _mode: u32) -> io::Result<()> {
        refused()
    }

    fn free_bytes(&self, _dir: &Path) -> io::Result<u64> {
        refused()
    }

    fn lock(&self, _path: &Path) -> io::Result<Box<dyn DiskLock>> {
        refused()
    }
}

impl File for ObjectDisk {
    fn read_exact_at(&self, out: &mut [u8], offset: u64) -> io::Result<()> {
        let start = usize::try_from(offset).unwrap_or(usize::MAX);
        let held = self.0.get(start..).and_then(|held| held.get(..out.len()));
        out.copy_from_slice(held.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn write_all_at(&self, _bytes: &[u8], _offset: u64) -> io::Result<()> {
        refused()
    }

    fn write_all_vectored_at(
        &self,
        _slices: &mut [io::IoSlice<'_>],
        _offset: u64,
    ) -> io::Result<()> {
        refused()
    }

    fn sync_data(&self) -> io::Result<()> {
        refused()
    }

    fn sync_all(&self) -> io::Result<()> {
        refused()
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.0.len() as u64)
    }

    fn set_len(&self, _bytes: u64) -> io::Result<()> {
        refused()
    }
}

/// Verification reads and changes nothing.
fn refused<T>() -> io::Result<T> {
    Err(io::ErrorKind::ReadOnlyFilesystem.into())
}
