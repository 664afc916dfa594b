//! A whole file as a slice, for commands that walk files from end to end.
//!
//! It is not how the store reads: a failing disk turns a mapped read into a signal that ends the
//! process, whereas [`File::read_exact_at`](crate::File::read_exact_at) gives an error.

use std::fs::File;
use std::io;
use std::ops::Deref;
use std::path::Path;

use memmap2::{Advice, Mmap};

use crate::disk::DiskError;

/// A file mapped into memory, to be read only.
///
/// The file must neither shrink nor change while it is mapped. That holds for what this is used
/// on: parts, closed segments and backups never change, and commands hold the data directory's
/// lock. Where it is broken from outside, reading past the new end raises `SIGBUS`.
#[derive(Debug)]
pub struct MappedFile {
    map: Mmap,
}

impl MappedFile {
    /// Maps the file at `path`, to be read from front to back.
    ///
    /// # Errors
    /// When the file cannot be opened or mapped; the message names it.
    pub fn open(path: &Path) -> io::Result<Self> {
        let map = open_and_map(path).map_err(|e| DiskError::wrap("map", path, e))?;
        // Read-ahead is a hint: without it the bytes are the same, only later.
        map.advise(Advice::Sequential).ok();
        Ok(Self { map })
    }

    /// Returns the bytes of the file.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.map
    }
}

impl Deref for MappedFile {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.as_bytes()
    }
}

impl AsRef<[u8]> for MappedFile {
    fn as_ref(&self) -> &[u8] {
        self.as_bytes()
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "mapping needs the operating system's own file"
)]
#[expect(
    unsafe_code,
    reason = "mapping a file cannot be proved safe by the compiler"
)]
fn open_and_map(path: &Path) -> io::Result<Mmap> {
    let file = File::open(path)?;
    // SAFETY: the mapping is private to `Mmap`, read-only, and outlives the descriptor by the rules
    // of mmap(2). That nobody changes the file meanwhile is the contract of `MappedFile`, kept by
    // its callers: they map files that are written once and never changed, under the data
    // directory's lock.
    unsafe { Mmap::map(&file) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{RealDisk, durable};

    #[test]
    fn mapped_bytes_are_the_bytes_of_the_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("part");
        let bytes: Vec<u8> = (0..100_000u32).flat_map(u32::to_le_bytes).collect();
        durable::write_file(&RealDisk, &path, &bytes).unwrap();
        assert_eq!(MappedFile::open(&path).unwrap().as_bytes(), bytes);
    }

    #[test]
    fn empty_file_is_an_empty_slice() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("empty");
        durable::write_file(&RealDisk, &path, b"").unwrap();
        assert!(MappedFile::open(&path).unwrap().is_empty());
    }

    #[test]
    fn error_names_the_file() {
        let error = MappedFile::open(Path::new("/nowhere/part")).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
        assert!(error.to_string().contains("/nowhere/part"), "{error}");
    }
}
