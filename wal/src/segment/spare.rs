//! Spare segments: files of zeros, on disk before anybody needs them.
//!
//! Zeros are written, not left as a hole, so that a full disk is met here, where nothing was taken
//! yet, and so that a commit changes no metadata and one `fdatasync` suffices.

use std::io;
use std::path::{Path, PathBuf};

use platform::{Disk, FailPoint, OpenMode};

use super::names::{spare_path, temporary_path};

/// Makes a spare of `bytes` and returns its path. On failure nothing of it is left, if the disk
/// still lets go of files.
pub(crate) fn make_spare(
    disk: &dyn Disk,
    dir: &Path,
    number: u64,
    bytes: u64,
) -> io::Result<PathBuf> {
    // Asking first saves writing tens of megabytes only to find that the last one does not fit.
    if disk.free_bytes(dir)? < bytes {
        return Err(io::ErrorKind::StorageFull.into());
    }
    let temporary = temporary_path(dir, number);
    let filled = fill(disk, &temporary, bytes).and_then(|()| disk.reach(FailPoint::WalSpareFilled));
    if let Err(error) = filled {
        // The first failure is the one to report; a leftover is removed at the next start.
        let _ = disk.remove(&temporary);
        return Err(error);
    }
    let spare = spare_path(dir, number);
    disk.rename(&temporary, &spare)?;
    disk.reach(FailPoint::WalSpareNamed)?;
    disk.sync_dir(dir)?;
    Ok(spare)
}

/// Returns whether a file has this length and holds nothing but zeros.
pub(crate) fn is_zero_file(disk: &dyn Disk, path: &Path, bytes: u64) -> io::Result<bool> {
    let file = disk.open(path, OpenMode::Read)?;
    if file.len()? != bytes {
        return Ok(false);
    }
    let mut chunk = zeros_for(bytes);
    let mut offset = 0;
    while offset < bytes {
        let part = chunk_at(&mut chunk, bytes - offset);
        file.read_exact_at(part, offset)?;
        if !is_zero(part) {
            return Ok(false);
        }
        offset += part.len() as u64;
    }
    Ok(true)
}

/// Returns whether all bytes are 0; looks at all of them, many at once.
pub(crate) fn is_zero(bytes: &[u8]) -> bool {
    bytes.iter().fold(0, |any, byte| any | byte) == 0
}

fn fill(disk: &dyn Disk, path: &Path, bytes: u64) -> io::Result<()> {
    let file = disk.open(path, OpenMode::CreateNew)?;
    let mut zeros = zeros_for(bytes);
    let mut offset = 0;
    while offset < bytes {
        let part = chunk_at(&mut zeros, bytes - offset);
        file.write_all_at(part, offset)?;
        offset += part.len() as u64;
    }
    file.sync_all()
}

/// Returns a chunk of zeros, no longer than the file that it is for.
fn zeros_for(bytes: u64) -> Vec<u8> {
    let all = usize::try_from(bytes).unwrap_or(usize::MAX);
    vec![0; all.min(CHUNK_BYTES)]
}

/// Returns as much of a chunk as is still needed.
fn chunk_at(chunk: &mut [u8], left: u64) -> &mut [u8] {
    let bytes = usize::try_from(left).unwrap_or(usize::MAX).min(chunk.len());
    chunk.split_at_mut(bytes).0
}

const CHUNK_BYTES: usize = 1 << 20;
