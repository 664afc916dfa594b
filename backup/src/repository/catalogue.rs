//! The manifests of a repository.

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};
use seal::Keyring;

use super::{Created, Repository};
use crate::layout::{self, Folder};
use crate::manifest::{MANIFEST_FORMAT, Manifest};
use crate::sealed::{open_json, seal_json};
use crate::{BackupRecord, BlobHash, Error};

impl Repository {
    /// Returns the backups, oldest first.
    ///
    /// # Errors
    /// [`Error::Seal`] when the keyring does not open them, [`Error::Damaged`].
    pub async fn list_backups(&self, keyring: &Keyring) -> Result<Vec<BackupRecord>, Error> {
        let manifests = self.manifests(keyring).await?;
        Ok(manifests
            .into_iter()
            .map(|stored| stored.manifest.record)
            .collect())
    }

    /// Returns all manifests, oldest first.
    pub(crate) async fn manifests(&self, keyring: &Keyring) -> Result<Vec<Stored>, Error> {
        let numbers = self.manifest_numbers().await?;
        let reads = numbers.into_iter().map(|n| self.manifest(keyring, n));
        let transfers = self.settings().transfers_max;
        futures::stream::iter(reads)
            .buffered(transfers)
            .try_collect()
            .await
    }

    /// Returns the newest manifest.
    pub(crate) async fn newest_manifest(&self, keyring: &Keyring) -> Result<Option<Stored>, Error> {
        match self.manifest_numbers().await?.last() {
            Some(n) => Ok(Some(self.manifest(keyring, *n).await?)),
            None => Ok(None),
        }
    }

    /// Returns a manifest by its number.
    pub(crate) async fn manifest(&self, keyring: &Keyring, n: u64) -> Result<Stored, Error> {
        let object = layout::manifest(n);
        let bytes = self.read(&object).await?;
        let manifest: Manifest = open_json(keyring, &object, &bytes)?;
        if manifest.format != MANIFEST_FORMAT {
            let (format, supported) = (manifest.format, MANIFEST_FORMAT);
            return Err(Error::UnsupportedFormat {
                object,
                format,
                supported,
            });
        }
        if manifest.record.n != n {
            let reason = format!("it says that it is number {}", manifest.record.n);
            return Err(Error::Damaged { object, reason });
        }
        let hash = BlobHash::of(&bytes);
        Ok(Stored { manifest, hash })
    }

    /// Writes a manifest: from here on the backup exists (B-1).
    ///
    /// # Errors
    /// [`Error::Conflict`] when another backup took the number.
    pub(crate) async fn put_manifest(
        &self,
        keyring: &Keyring,
        manifest: &Manifest,
    ) -> Result<Created, Error> {
        let sealed: Bytes = seal_json(keyring, self.entropy(), manifest);
        let object = layout::manifest(manifest.record.n);
        self.create(&object, sealed).await
    }

    /// Returns the numbers of all manifests, rising.
    pub(crate) async fn manifest_numbers(&self) -> Result<Vec<u64>, Error> {
        let listed = self.list(Folder::Manifest).await?;
        let numbers = listed
            .iter()
            .filter_map(|l| layout::parse_manifest(&l.object));
        Ok(numbers.collect())
    }
}

/// A manifest as it was found.
#[derive(Debug, Clone)]
pub(crate) struct Stored {
    pub(crate) manifest: Manifest,
    /// The hash of its object.
    pub(crate) hash: BlobHash,
}
