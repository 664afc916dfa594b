//! The keys of a state directory: a key file made on first start, and a keyring of its own.

use std::path::Path;

use platform::{Disk, Entropy, durable};
use seal::{ClusterId, KeySource, Keyring};

use crate::Error;

/// Opens the keyring of a state directory, making key and keyring where both are absent.
///
/// # Errors
/// [`Error::Seal`] when one of the two is missing or damaged, or the key file's mode is too wide;
/// [`Error::WrongKey`] when the keyring needs another key.
pub(crate) fn open_keyring(
    disk: &dyn Disk,
    entropy: &dyn Entropy,
    state: &Path,
) -> Result<Keyring, Error> {
    durable::create_dir_all(disk, state).map_err(|source| Error::Disk {
        path: state.to_owned(),
        source,
    })?;
    let (key_path, ring_path) = (state.join(KEY_FILE), state.join(KEYRING_FILE));
    let exists = |path: &Path| {
        let found = disk.metadata(path).map(|metadata| metadata.is_some());
        found.map_err(|source| Error::Disk {
            path: path.to_owned(),
            source,
        })
    };
    let source = KeySource::File(key_path.clone());
    if exists(&ring_path)? {
        let opened = source.open_keyring(disk, &ring_path);
        return opened.map_err(|error| match error {
            // The keyring is whole by its checksum: what does not fit it is the key.
            seal::Error::WrongMasterKey { .. } => Error::WrongKey {
                path: key_path,
                source: error,
            },
            other => other.into(),
        });
    }
    // A crash between the two leaves a key without a keyring: it protects nothing yet.
    let master = match exists(&key_path)? {
        true => source.load(disk)?,
        false => KeySource::create_file(disk, &key_path, entropy)?,
    };
    Ok(Keyring::create(
        disk,
        &ring_path,
        &master,
        ClusterId::generate(entropy),
        entropy,
    )?)
}

const KEY_FILE: &str = "key";
const KEYRING_FILE: &str = "keyring";
