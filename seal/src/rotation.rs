//! Changes the master key in a key file, so that a crash at any step loses nothing (S-3).
//!
//! ```text
//!  step                                   master.key   master.key.next   keyring opens with
//!  1  write the new key beside the old    old          new               old
//!  2  wrap the keyring with the new key   old          new               new
//!  3  rename the new key over the old     new          –                 new
//! ```
//!
//! After a crash, [`crate::KeySource::open_keyring`] finds one of these rows: in the first and last
//! the key file opens the keyring, in the second it does not, but the key beside it does, and the
//! rename is made up for. A new key that never reached the keyring stays as a leftover, which the
//! next change overwrites.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use platform::{Disk, Entropy, FailPoint};

use crate::key_source::KeySource;
use crate::{Error, Keyring, MasterKey, MasterKeyId};

/// Gives a keyring and its key file a new master key.
///
/// # Errors
/// [`Error::Io`] when the disk refuses. Opening through [`KeySource::open_keyring`] works after it.
pub fn rotate_key_file(
    disk: &dyn Disk,
    keyring: &Keyring,
    keyring_path: &Path,
    key_path: &Path,
    entropy: &dyn Entropy,
) -> Result<MasterKeyId, Error> {
    let new = MasterKey::generate(entropy);
    let next = next_path(key_path);
    // S-3: the key is durable before anything depends on it.
    KeySource::write_file(disk, &next, &new)?;
    reach(disk, FailPoint::MasterKeyWritten, &next)?;
    keyring.rewrap(disk, keyring_path, &new, entropy)?;
    reach(disk, FailPoint::KeyringReplaced, keyring_path)?;
    replace(disk, &next, key_path)?;
    Ok(new.id())
}

/// Completes a change that stopped between wrapping the keyring and renaming the key.
///
/// Returns `None` when the key beside the key file is not the one that the keyring needs.
pub(crate) fn settle(
    disk: &dyn Disk,
    keyring_path: &Path,
    key_path: &Path,
    needed: MasterKeyId,
) -> Result<Option<Keyring>, Error> {
    let next = next_path(key_path);
    let failed = |source| Error::Io {
        path: next.clone(),
        source,
    };
    if disk.metadata(&next).map_err(failed)?.is_none() {
        return Ok(None);
    }
    let key = KeySource::File(next.clone()).load(disk)?;
    if key.id() != needed {
        return Ok(None);
    }
    let keyring = Keyring::open(disk, keyring_path, &key)?;
    replace(disk, &next, key_path)?;
    Ok(Some(keyring))
}

fn reach(disk: &dyn Disk, point: FailPoint, path: &Path) -> Result<(), Error> {
    disk.reach(point).map_err(|source| Error::Io {
        path: path.to_owned(),
        source,
    })
}

/// Renames a key over another, durably.
fn replace(disk: &dyn Disk, from: &Path, to: &Path) -> Result<(), Error> {
    let failed = |source| Error::Io {
        path: to.to_owned(),
        source,
    };
    disk.rename(from, to).map_err(failed)?;
    reach(disk, FailPoint::MasterKeyRenamed, to)?;
    let dir = to.parent().filter(|dir| !dir.as_os_str().is_empty());
    disk.sync_dir(dir.unwrap_or_else(|| Path::new(".")))
        .map_err(failed)
}

/// Returns where the new key stands during a change.
fn next_path(key_path: &Path) -> PathBuf {
    let mut name = OsString::from(key_path);
    name.push(".next");
    PathBuf::from(name)
}
