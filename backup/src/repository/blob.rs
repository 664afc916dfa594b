//! Content by its hash: files of the store, as they lie on disk, in pieces when they are large.
//!
//! A blob's name follows from its bytes, so that writing it twice is harmless and a reader can tell
//! whether it got what was asked for. Small blobs travel whole; of a large one no more than two
//! chunks are in memory at a time.

use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use object_store::{MultipartUpload, ObjectStoreExt, PutPayload};
use platform::{Disk, File, OpenMode};
use serde::{Deserialize, Serialize};

use super::Repository;
use super::object::{missing, whole};
use crate::{BlobHash, Error, layout};

/// A blob as manifests name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Blob {
    /// The address.
    pub(crate) hash: BlobHash,
    /// The length.
    pub(crate) bytes: u64,
}

/// A file of this machine that is being copied from or to.
#[derive(Debug, Clone)]
pub(crate) struct LocalFile {
    /// Where the file is.
    pub(crate) path: PathBuf,
    file: Arc<dyn File>,
}

impl LocalFile {
    /// Opens a file.
    pub(crate) async fn open(
        disk: Arc<dyn Disk>,
        path: PathBuf,
        mode: OpenMode,
    ) -> Result<Self, Error> {
        let opened = path.clone();
        let file = blocking(&path, move || disk.open(&opened, mode)).await?;
        Ok(Self { path, file })
    }

    /// Returns the length.
    pub(crate) async fn len(&self) -> Result<u64, Error> {
        let file = Arc::clone(&self.file);
        blocking(&self.path, move || file.len()).await
    }

    /// Returns the bytes of a range.
    pub(crate) async fn read(&self, range: Range<u64>) -> Result<Bytes, Error> {
        let file = Arc::clone(&self.file);
        let bytes = usize::try_from(range.end.saturating_sub(range.start)).unwrap_or(usize::MAX);
        blocking(&self.path, move || {
            let mut out = vec![0; bytes];
            file.read_exact_at(&mut out, range.start)?;
            Ok(Bytes::from(out))
        })
        .await
    }

    /// Writes bytes at an offset.
    pub(crate) async fn write(&self, bytes: Bytes, offset: u64) -> Result<(), Error> {
        let file = Arc::clone(&self.file);
        blocking(&self.path, move || file.write_all_at(&bytes, offset)).await
    }

    /// Makes bytes and length durable.
    pub(crate) async fn sync(&self) -> Result<(), Error> {
        let file = Arc::clone(&self.file);
        blocking(&self.path, move || file.sync_all()).await
    }

    /// Returns the hash of the whole file.
    pub(crate) async fn hash(&self, chunk_bytes: u64) -> Result<BlobHash, Error> {
        let mut hasher = blake3::Hasher::new();
        for chunk in chunks(self.len().await?, chunk_bytes) {
            hasher = hashed(hasher, self.read(chunk).await?).await?;
        }
        Ok(BlobHash::finish(&hasher))
    }
}

impl Repository {
    /// Stores bytes and returns their address.
    pub(crate) async fn put_blob(&self, bytes: Bytes) -> Result<Blob, Error> {
        let blob = Blob {
            hash: BlobHash::of(&bytes),
            bytes: bytes.len() as u64,
        };
        self.overwrite(&layout::blob(&blob.hash), bytes).await?;
        Ok(blob)
    }

    /// Stores a file whose hash is known, checking it again on the way.
    ///
    /// # Errors
    /// [`Error::HashMismatch`] when the file is not what was hashed before; nothing is then stored.
    pub(crate) async fn put_file(&self, file: &LocalFile, blob: Blob) -> Result<(), Error> {
        let chunk_bytes = self.settings().chunk_bytes as u64;
        if blob.bytes <= chunk_bytes {
            let bytes = file.read(0..blob.bytes).await?;
            check(&file.path.to_string_lossy(), &blob, BlobHash::of(&bytes))?;
            return self.overwrite(&layout::blob(&blob.hash), bytes).await;
        }
        let mut failures = 0;
        loop {
            match self.put_in_pieces(file, blob, chunk_bytes).await {
                Err(error) if error.is_transient() => {
                    failures += 1;
                    if failures >= self.settings().attempts_max {
                        return Err(error);
                    }
                    tokio::time::sleep(self.settings().backoff(failures)).await;
                }
                result => return result,
            }
        }
    }

    /// Returns whether a blob is there, with the length that it should have.
    pub(crate) async fn has_blob(&self, blob: &Blob) -> Result<bool, Error> {
        Ok(self.size(&layout::blob(&blob.hash)).await? == Some(blob.bytes))
    }

    /// Reads a blob in pieces, checks it, and writes it to `into` when that is given.
    ///
    /// # Errors
    /// [`Error::HashMismatch`] when the content is not what its name says, [`Error::Missing`].
    pub(crate) async fn fetch_blob(
        &self,
        blob: &Blob,
        into: Option<&LocalFile>,
    ) -> Result<(), Error> {
        let object = layout::blob(&blob.hash);
        match self.size(&object).await? {
            None => return Err(missing(&object)),
            Some(bytes) if bytes != blob.bytes => {
                let reason = format!("it has {bytes} bytes, expected {}", blob.bytes);
                return Err(Error::Damaged { object, reason });
            }
            Some(_) => {}
        }
        let mut hasher = blake3::Hasher::new();
        for chunk in chunks(blob.bytes, self.settings().chunk_bytes as u64) {
            let bytes = self.read_range(&object, chunk.clone()).await?;
            if let Some(file) = into {
                file.write(bytes.clone(), chunk.start).await?;
            }
            hasher = hashed(hasher, bytes).await?;
        }
        check(&object, blob, BlobHash::finish(&hasher))
    }

    async fn read_range(&self, object: &str, range: Range<u64>) -> Result<Bytes, Error> {
        let path = self.path(object);
        let expected = range.end - range.start;
        let get = || async {
            let bytes = self.store().get_range(&path, range.clone()).await?;
            whole(bytes, expected)
        };
        self.attempt("read", object, get).await
    }

    async fn put_in_pieces(
        &self,
        file: &LocalFile,
        blob: Blob,
        chunk_bytes: u64,
    ) -> Result<(), Error> {
        let object = layout::blob(&blob.hash);
        let path = self.path(&object);
        let begin = self.store().put_multipart(&path);
        let mut upload = self.in_time("write", &object, begin).await?;
        let sent = self
            .send_pieces(upload.as_mut(), &object, file, blob, chunk_bytes)
            .await;
        if let Err(error) = sent {
            // Pieces of an upload that is not ended cost money until the bucket's rules remove them.
            self.in_time("abandon", &object, upload.abort()).await.ok();
            return Err(error);
        }
        match self.in_time("write", &object, upload.complete()).await {
            Ok(_) => Ok(()),
            // The answer may be lost and the object there all the same.
            Err(error) if error.is_transient() && self.has_blob(&blob).await? => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn send_pieces(
        &self,
        upload: &mut dyn MultipartUpload,
        object: &str,
        file: &LocalFile,
        blob: Blob,
        chunk_bytes: u64,
    ) -> Result<(), Error> {
        let mut hasher = blake3::Hasher::new();
        for chunk in chunks(blob.bytes, chunk_bytes) {
            let bytes = file.read(chunk).await?;
            let piece = upload.put_part(PutPayload::from_bytes(bytes.clone()));
            self.in_time("write", object, piece).await?;
            hasher = hashed(hasher, bytes).await?;
        }
        check(
            &file.path.to_string_lossy(),
            &blob,
            BlobHash::finish(&hasher),
        )
    }
}

fn check(object: &str, blob: &Blob, actual: BlobHash) -> Result<(), Error> {
    if actual == blob.hash {
        return Ok(());
    }
    Err(Error::HashMismatch {
        object: object.to_owned(),
        expected: blob.hash,
        actual,
    })
}

/// Cuts a length into ranges.
fn chunks(bytes: u64, chunk_bytes: u64) -> impl Iterator<Item = Range<u64>> {
    let count = bytes.div_ceil(chunk_bytes);
    (0..count).map(move |n| n * chunk_bytes..((n + 1) * chunk_bytes).min(bytes))
}

/// Hashes away from the threads that serve requests.
async fn hashed(mut hasher: blake3::Hasher, bytes: Bytes) -> Result<blake3::Hasher, Error> {
    let work = move || {
        hasher.update(&bytes);
        hasher
    };
    let aborted = |_| Error::Aborted { task: "hashes" };
    tokio::task::spawn_blocking(work).await.map_err(aborted)
}

/// Does disk work where it may block.
async fn blocking<T: Send + 'static>(
    path: &std::path::Path,
    work: impl FnOnce() -> std::io::Result<T> + Send + 'static,
) -> Result<T, Error> {
    let done = tokio::task::spawn_blocking(work).await;
    let done = done.map_err(|_| Error::Aborted {
        task: "reads and writes files",
    })?;
    done.map_err(|source| Error::Io {
        path: path.to_owned(),
        source,
    })
}
