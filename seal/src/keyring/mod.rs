//! The keyring: a few data keys, wrapped by the master key, in one small file.
//!
//! Opened once at start; from then on the master key is not needed, and every file's key follows
//! from what is held here. The file is written whole: a crash leaves the old or the new one (S-3).

mod format;

use std::path::Path;
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

use platform::{Disk, Entropy, durable};

use crate::data_key::DataKey;
use crate::{ClusterId, DataKeyId, Error, FileKey, FileKind, MasterKey, MasterKeyId, Salt};

/// The data keys of one cluster, ready for use. Shared as `Arc<Keyring>`.
#[derive(Debug)]
pub struct Keyring {
    cluster: ClusterId,
    /// Behind a lock because a change of master key replaces `wrapped` under running readers.
    contents: RwLock<Contents>,
}

/// What a keyring holds: its keys, and the same as the bytes of its file.
#[derive(Debug)]
struct Contents {
    keys: Vec<DataKey>,
    active: DataKeyId,
    master: MasterKeyId,
    wrapped: Vec<u8>,
}

impl Keyring {
    /// Makes a keyring with one data key and writes its file.
    ///
    /// # Errors
    /// [`Error::Exists`] when the file is there already, [`Error::Io`] when the disk refuses.
    pub fn create(
        disk: &dyn Disk,
        path: &Path,
        master: &MasterKey,
        cluster: ClusterId,
        entropy: &dyn Entropy,
    ) -> Result<Self, Error> {
        let failed = |source| Error::Io {
            path: path.to_owned(),
            source,
        };
        if disk.metadata(path).map_err(failed)?.is_some() {
            return Err(Error::Exists {
                path: path.to_owned(),
            });
        }
        let keys = vec![DataKey::generate(DataKeyId::FIRST, entropy)];
        let contents = Contents::wrap(keys, DataKeyId::FIRST, cluster, master, entropy);
        contents.write(disk, path)?;
        Ok(Self {
            cluster,
            contents: RwLock::new(contents),
        })
    }

    /// Reads a keyring's file.
    ///
    /// # Errors
    /// [`Error::WrongMasterKey`] naming both ids, [`Error::Damaged`],
    /// [`Error::UnsupportedVersion`], [`Error::Io`].
    pub fn open(disk: &dyn Disk, path: &Path, master: &MasterKey) -> Result<Self, Error> {
        let bytes = durable::read_file(disk, path).map_err(|source| Error::Io {
            path: path.to_owned(),
            source,
        })?;
        Self::parse(bytes, master, format!("keyring {}", path.display()))
    }

    /// Reads the bytes that [`Keyring::to_wrapped`] gave, from a backup.
    ///
    /// # Errors
    /// As [`Keyring::open`].
    pub fn from_wrapped(bytes: &[u8], master: &MasterKey) -> Result<Self, Error> {
        Self::parse(bytes.to_vec(), master, "the keyring".to_owned())
    }

    /// Returns the bytes of the file: safe to store anywhere, useless without the master key.
    #[must_use]
    pub fn to_wrapped(&self) -> Vec<u8> {
        self.contents().wrapped.clone()
    }

    /// Returns the cluster that the keys belong to.
    #[must_use]
    pub const fn cluster(&self) -> ClusterId {
        self.cluster
    }

    /// Returns the data key that new files use.
    #[must_use]
    pub fn active(&self) -> DataKeyId {
        self.contents().active
    }

    /// Returns the numbers of all data keys, oldest first.
    #[must_use]
    pub fn data_keys(&self) -> Vec<DataKeyId> {
        self.contents().keys.iter().map(|key| key.id).collect()
    }

    /// Returns the name of the master key that wraps this keyring.
    #[must_use]
    pub fn master(&self) -> MasterKeyId {
        self.contents().master
    }

    /// Derives the key of a file from a data key, the file's kind and its salt.
    ///
    /// # Errors
    /// [`Error::MissingDataKey`] when no key has this number.
    pub fn file_key(&self, id: DataKeyId, kind: FileKind, salt: &Salt) -> Result<FileKey, Error> {
        let contents = self.contents();
        let key = contents.keys.iter().find(|key| key.id == id);
        let key = key.ok_or(Error::MissingDataKey { id })?;
        Ok(FileKey::derive(&key.secret, kind, self.cluster, salt))
    }

    /// Adds a data key, makes it the active one and writes the file.
    ///
    /// Old files keep their keys; new ones use this. A crash leaves the keyring as it was.
    ///
    /// # Errors
    /// [`Error::WrongMasterKey`] when `master` is not the one that wraps this keyring,
    /// [`Error::Io`] when the disk refuses; the keyring is then unchanged in memory.
    pub fn add_data_key(
        &self,
        disk: &dyn Disk,
        path: &Path,
        master: &MasterKey,
        entropy: &dyn Entropy,
    ) -> Result<DataKeyId, Error> {
        let mut contents = self
            .contents
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        check_master(
            contents.master,
            master,
            &format!("keyring {}", path.display()),
        )?;
        let id = contents.next_id();
        let mut keys = contents.keys.clone();
        keys.push(DataKey::generate(id, entropy));
        let next = Contents::wrap(keys, id, self.cluster, master, entropy);
        next.write(disk, path)?;
        *contents = next;
        Ok(id)
    }

    /// Wraps the same data keys with a new master key and writes the file.
    ///
    /// S-3: no file of data is touched, and a crash at any step leaves a keyring that either the
    /// old or the new master key opens. `new` must be stored where it survives before this is
    /// called; [`crate::rotate_key_file`] does both for a key file.
    ///
    /// # Errors
    /// [`Error::Io`] when the disk refuses. The file then holds the old or the new wrapping, and
    /// the error of opening it with the other key says which.
    pub fn rewrap(
        &self,
        disk: &dyn Disk,
        path: &Path,
        new: &MasterKey,
        entropy: &dyn Entropy,
    ) -> Result<(), Error> {
        let mut contents = self
            .contents
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        let next = Contents::wrap(
            contents.keys.clone(),
            contents.active,
            self.cluster,
            new,
            entropy,
        );
        // S-3: what is about to replace the only copy of the keys is opened first.
        format::decode(&next.wrapped, new, "the keyring in memory")?;
        next.write(disk, path)?;
        *contents = next;
        Ok(())
    }

    fn parse(bytes: Vec<u8>, master: &MasterKey, artefact: String) -> Result<Self, Error> {
        let decoded = format::decode(&bytes, master, &artefact)?;
        let contents = Contents {
            keys: decoded.keys,
            active: decoded.active,
            master: master.id(),
            wrapped: bytes,
        };
        Ok(Self {
            cluster: decoded.cluster,
            contents: RwLock::new(contents),
        })
    }

    fn contents(&self) -> RwLockReadGuard<'_, Contents> {
        self.contents.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Contents {
    fn wrap(
        keys: Vec<DataKey>,
        active: DataKeyId,
        cluster: ClusterId,
        master: &MasterKey,
        entropy: &dyn Entropy,
    ) -> Self {
        let wrapped = format::encode(&keys, active, cluster, master, entropy);
        Self {
            keys,
            active,
            master: master.id(),
            wrapped,
        }
    }

    fn write(&self, disk: &dyn Disk, path: &Path) -> Result<(), Error> {
        durable::write_file_with_mode(disk, path, &self.wrapped, KEYRING_FILE_MODE).map_err(
            |source| Error::Io {
                path: path.to_owned(),
                source,
            },
        )
    }

    fn next_id(&self) -> DataKeyId {
        DataKeyId(
            self.keys
                .iter()
                .map(|key| key.id.0)
                .max()
                .unwrap_or(0)
                .saturating_add(1),
        )
    }
}

/// Checks that `given` is the master key that a keyring names.
fn check_master(expected: MasterKeyId, given: &MasterKey, artefact: &str) -> Result<(), Error> {
    let actual = given.id();
    if actual == expected {
        return Ok(());
    }
    Err(Error::WrongMasterKey {
        artefact: artefact.to_owned(),
        expected,
        actual,
    })
}

const KEYRING_FILE_MODE: u32 = 0o600;

#[cfg(test)]
mod tests;
