//! A key file: read only when nobody but its owner can, made only where none is.

use std::io;
use std::path::Path;

use platform::{Disk, Entropy, OpenMode, durable};
use zeroize::Zeroizing;

use super::{KEY_SOURCE_BYTES_MAX, KeySource};
use crate::{Error, MasterKey};

/// Returns the bytes of a key file.
pub(super) fn read(disk: &dyn Disk, path: &Path) -> Result<Zeroizing<Vec<u8>>, Error> {
    let unreadable = |source| Error::KeySourceUnreadable {
        origin: KeySource::File(path.to_owned()).to_string(),
        source,
    };
    let metadata = disk.metadata(path).map_err(unreadable)?;
    let metadata = metadata.ok_or_else(|| unreadable(io::ErrorKind::NotFound.into()))?;
    if let Some(mode) = metadata.mode.map(|mode| mode & PERMISSIONS)
        && mode & GROUP_AND_WORLD != 0
    {
        return Err(Error::KeyFileMode {
            path: path.to_owned(),
            mode,
        });
    }
    if metadata.is_dir || metadata.bytes > KEY_SOURCE_BYTES_MAX {
        return Err(unreadable(io::ErrorKind::InvalidInput.into()));
    }
    let file = disk.open(path, OpenMode::Read).map_err(unreadable)?;
    let bytes = usize::try_from(metadata.bytes).unwrap_or_default();
    let mut key = Zeroizing::new(vec![0; bytes]);
    file.read_exact_at(&mut key, 0).map_err(unreadable)?;
    Ok(key)
}

/// Makes a key file with a new key in it.
pub(super) fn create(
    disk: &dyn Disk,
    path: &Path,
    entropy: &dyn Entropy,
) -> Result<MasterKey, Error> {
    let failed = |source| Error::Io {
        path: path.to_owned(),
        source,
    };
    if disk.metadata(path).map_err(failed)?.is_some() {
        return Err(Error::Exists {
            path: path.to_owned(),
        });
    }
    let key = MasterKey::generate(entropy);
    write(disk, path, &key)?;
    Ok(key)
}

/// Writes a key durably, so that only its owner can ever read the file.
pub(super) fn write(disk: &dyn Disk, path: &Path, key: &MasterKey) -> Result<(), Error> {
    durable::write_file_with_mode(disk, path, &key.to_text(), KEY_FILE_MODE).map_err(|source| {
        Error::Io {
            path: path.to_owned(),
            source,
        }
    })
}

const KEY_FILE_MODE: u32 = 0o400;
const PERMISSIONS: u32 = 0o7777;
const GROUP_AND_WORLD: u32 = 0o077;
