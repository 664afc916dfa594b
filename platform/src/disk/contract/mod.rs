//! What every [`Disk`] must do, as cases that any implementation can run.
//!
//! A caller above relies on nothing that is not here. Each case gets a directory of its own, and
//! panics where the disk breaks the promise that the case is named after.
//! What a power cut leaves is not part of it, since only a simulated disk can be asked.

mod bytes;
mod lengths;
mod locks;
mod names;
mod replacing;

use std::path::Path;
use std::sync::Arc;

use super::{Disk, File, OpenMode};

/// One promise and the code that tries it.
#[derive(Debug, Clone, Copy)]
pub struct Case {
    /// The promise.
    pub name: &'static str,
    /// Tries it in an empty directory, and panics where it is broken.
    pub run: fn(disk: &dyn Disk, dir: &Path),
}

/// Runs every case in a directory below `root`, which must be there and empty.
///
/// # Panics
/// Where the disk breaks a promise.
pub fn run_all(disk: &dyn Disk, root: &Path) {
    for case in cases() {
        let dir = root.join(case.name);
        disk.create_dir_all(&dir).expect("the root is there");
        (case.run)(disk, &dir);
    }
}

/// Returns every case.
pub fn cases() -> impl Iterator<Item = Case> {
    let groups = [
        bytes::CASES,
        lengths::CASES,
        names::CASES,
        replacing::CASES,
        locks::CASES,
    ];
    groups.into_iter().flatten().copied()
}

/// Makes a file with the given bytes.
fn create(disk: &dyn Disk, path: &Path, bytes: &[u8]) -> Arc<dyn File> {
    let file = disk
        .open(path, OpenMode::CreateNew)
        .expect("the file is absent");
    file.write_all_at(bytes, 0).expect("the disk has room");
    file
}

/// Returns all bytes of an open file.
fn contents(file: &dyn File) -> Vec<u8> {
    let len = file.len().expect("an open file has a length");
    let mut out = vec![0; usize::try_from(len).expect("files of a test are small")];
    file.read_exact_at(&mut out, 0)
        .expect("the bytes are there");
    out
}

#[cfg(test)]
mod tests;
