//! Stores the files of a snapshot, those that are not stored already.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use futures::{FutureExt, StreamExt, TryStreamExt};
use platform::OpenMode;

use super::snapshot::LocalPart;
use crate::archive::ArchiveEnvironment;
use crate::layout::{self, Folder};
use crate::manifest::{PartFile, PartName};
use crate::repository::{Blob, LocalFile, Stored};
use crate::{BackupKind, BlobHash, Error, Repository};

/// What is stored already, and how much had to be added.
#[derive(Debug)]
pub(super) struct Files<'a> {
    repository: &'a Repository,
    environment: &'a ArchiveEnvironment,
    kind: BackupKind,
    /// Blobs in the repository, with their lengths.
    stored: HashMap<BlobHash, u64>,
    /// Hashes of parts, as the backup before found them: a part never changes.
    known: HashMap<PartName, Blob>,
    new_bytes: AtomicU64,
}

impl<'a> Files<'a> {
    /// Finds out what is stored.
    pub(super) async fn begin(
        repository: &'a Repository,
        environment: &'a ArchiveEnvironment,
        kind: BackupKind,
        previous: Option<&Stored>,
    ) -> Result<Self, Error> {
        let listed = repository.list(Folder::Blob).await?;
        let stored = listed
            .iter()
            .filter_map(|listed| Some((layout::parse_blob(&listed.object)?, listed.bytes)));
        let parts = previous
            .into_iter()
            .flat_map(|stored| &stored.manifest.parts);
        Ok(Self {
            repository,
            environment,
            kind,
            stored: stored.collect(),
            known: parts.map(|part| (part.id, part.blob)).collect(),
            new_bytes: AtomicU64::new(0),
        })
    }

    /// Returns the bytes that were added.
    pub(super) fn new_bytes(&self) -> u64 {
        self.new_bytes.load(Ordering::Relaxed)
    }

    /// Stores parts, and returns them in the order given.
    pub(super) async fn store(&mut self, parts: &[LocalPart]) -> Result<Vec<PartFile>, Error> {
        let this = &*self;
        // Boxed, since a closure over borrowed parts would not be `Send` for every lifetime.
        let stores: Vec<_> = parts
            .iter()
            .map(|part| this.store_part(part).boxed())
            .collect();
        let transfers = self.repository.settings().transfers_max;
        futures::stream::iter(stores)
            .buffered(transfers)
            .try_collect()
            .await
    }

    /// Stores bytes that are in memory.
    pub(super) async fn store_bytes(&mut self, bytes: Bytes) -> Result<Blob, Error> {
        let blob = Blob {
            hash: BlobHash::of(&bytes),
            bytes: bytes.len() as u64,
        };
        if self.is_wanted(&blob) {
            self.repository.put_blob(bytes).await?;
            self.new_bytes.fetch_add(blob.bytes, Ordering::Relaxed);
        }
        Ok(blob)
    }

    async fn store_part(&self, part: &LocalPart) -> Result<PartFile, Error> {
        let known = self
            .known
            .get(&part.id)
            .filter(|blob| blob.bytes == part.bytes);
        if let Some(blob) = known
            && !self.is_wanted(blob)
        {
            return Ok(PartFile {
                id: part.id,
                blob: *blob,
            });
        }
        let disk = Arc::clone(&self.environment.disk);
        let file = LocalFile::open(disk, part.path.clone(), OpenMode::Read).await?;
        let hash = match known {
            // Storing checks it: a part that changed on disk must not replace what was good.
            Some(blob) => blob.hash,
            None => {
                file.hash(self.repository.settings().chunk_bytes as u64)
                    .await?
            }
        };
        let bytes = file.len().await?;
        let blob = Blob { hash, bytes };
        if self.is_wanted(&blob) {
            self.repository.put_file(&file, blob).await?;
            self.new_bytes.fetch_add(bytes, Ordering::Relaxed);
        }
        Ok(PartFile { id: part.id, blob })
    }

    /// Tells whether a blob has to be stored.
    fn is_wanted(&self, blob: &Blob) -> bool {
        self.kind == BackupKind::Full || self.stored.get(&blob.hash) != Some(&blob.bytes)
    }
}
