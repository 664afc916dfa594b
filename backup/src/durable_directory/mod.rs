//! A directory as an object store whose answers mean what they say: stored is on the disk.
//!
//! `object_store` 0.13 writes files without syncing them, so that a power cut could leave a manifest
//! whose blobs are empty. Here an object is written beside, synced, given its name, and the directory
//! is synced, before the answer is given:
//!
//! ```text
//!   staging/<random>  ── write, fsync ──▶  hard link (create) or rename (overwrite)
//!                                           └─▶ fsync of the directory and of those made above it
//! ```
//!
//! What a crash leaves in `staging/` is never listed as an object of a repository.

mod upload;

use std::collections::HashSet;
use std::fmt;
use std::io;
use std::path::{Path as FilePath, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use futures::stream::BoxStream;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    ObjectStoreExt, PutMode, PutMultipartOptions, PutOptions, PutPayload, PutResult,
};
use platform::{Disk, Entropy, OpenMode, OsEntropy, RealDisk, durable};

use upload::DurableUpload;

/// An object store over a directory of this machine, or one that is mounted here.
#[derive(Debug)]
pub(crate) struct DurableDirectory {
    inner: Arc<Inner>,
}

/// What uploads in flight share with the store.
#[derive(Debug)]
struct Inner {
    files: LocalFileSystem,
    root: PathBuf,
    /// Directories whose own names this process knows to be durable.
    durable: Mutex<HashSet<PathBuf>>,
}

impl DurableDirectory {
    /// Opens the directory, making it where absent.
    pub(crate) fn create(root: &FilePath) -> Result<Self, object_store::Error> {
        durable::create_dir_all(&RealDisk, root).map_err(generic)?;
        let files = LocalFileSystem::new_with_prefix(root)?;
        // As `files` spells it, with symbolic links resolved: paths are compared with it.
        let root = files.path_to_filesystem(&Path::from("object"))?;
        let root = root.parent().unwrap_or(&root).to_owned();
        let durable = Mutex::default();
        Ok(Self {
            inner: Arc::new(Inner {
                files,
                root,
                durable,
            }),
        })
    }
}

impl Inner {
    /// Gives a complete staged file its name, durably.
    async fn publish(
        self: &Arc<Self>,
        staged: &Path,
        to: &Path,
        mode: &PutMode,
    ) -> Result<(), object_store::Error> {
        let path = self.files.path_to_filesystem(staged)?;
        blocking(move || RealDisk.open(&path, OpenMode::ReadWrite)?.sync_all()).await?;
        let named = match mode {
            PutMode::Overwrite => self.files.rename(staged, to).await,
            _ => self.files.copy_if_not_exists(staged, to).await,
        };
        if !matches!(mode, PutMode::Overwrite) {
            // The object has its own link now; a staged file that stays behind costs only space.
            self.files.delete(staged).await.ok();
        }
        named?;
        let (inner, path) = (Arc::clone(self), self.files.path_to_filesystem(to)?);
        blocking(move || inner.sync_parents(&path)).await
    }

    /// Syncs the directory of a file, and those above it that this process has not yet synced.
    fn sync_parents(&self, path: &FilePath) -> io::Result<()> {
        let mut synced = Vec::new();
        for dir in path.ancestors().skip(1) {
            if !dir.starts_with(&self.root) {
                break;
            }
            RealDisk.sync_dir(dir)?;
            if self.durable().contains(dir) {
                break;
            }
            synced.push(dir.to_owned());
        }
        // Only now: whoever finds a directory here relies on all those above it.
        self.durable().extend(synced);
        Ok(())
    }

    fn durable(&self) -> MutexGuard<'_, HashSet<PathBuf>> {
        self.durable.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl ObjectStore for DurableDirectory {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult, object_store::Error> {
        if matches!(options.mode, PutMode::Update(_)) {
            return Err(object_store::Error::NotImplemented {
                operation: "`put_opts` with mode `PutMode::Update`".into(),
                implementer: self.to_string(),
            });
        }
        let staged = staged_name();
        let result = self.inner.files.put(&staged, payload).await?;
        self.inner.publish(&staged, location, &options.mode).await?;
        Ok(result)
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>, object_store::Error> {
        let staged = staged_name();
        let upload = self
            .inner
            .files
            .put_multipart_opts(&staged, options)
            .await?;
        let inner = Arc::clone(&self.inner);
        Ok(Box::new(DurableUpload::new(
            inner,
            upload,
            staged,
            location.clone(),
        )))
    }

    async fn get_opts(
        &self,
        location: &Path,
        options: GetOptions,
    ) -> Result<GetResult, object_store::Error> {
        self.inner.files.get_opts(location, options).await
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path, object_store::Error>>,
    ) -> BoxStream<'static, Result<Path, object_store::Error>> {
        self.inner.files.delete_stream(locations)
    }

    fn list(
        &self,
        prefix: Option<&Path>,
    ) -> BoxStream<'static, Result<ObjectMeta, object_store::Error>> {
        self.inner.files.list(prefix)
    }

    async fn list_with_delimiter(
        &self,
        prefix: Option<&Path>,
    ) -> Result<ListResult, object_store::Error> {
        self.inner.files.list_with_delimiter(prefix).await
    }

    async fn copy_opts(
        &self,
        from: &Path,
        to: &Path,
        options: CopyOptions,
    ) -> Result<(), object_store::Error> {
        self.inner.files.copy_opts(from, to, options).await?;
        let (inner, path) = (
            Arc::clone(&self.inner),
            self.inner.files.path_to_filesystem(to)?,
        );
        blocking(move || {
            RealDisk.open(&path, OpenMode::ReadWrite)?.sync_all()?;
            inner.sync_parents(&path)
        })
        .await
    }
}

impl fmt::Display for DurableDirectory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "file://{}", self.inner.root.display())
    }
}

/// Returns a name in the staging directory that nobody else has.
fn staged_name() -> Path {
    let mut random = [0; 16];
    OsEntropy.fill(&mut random);
    Path::from(format!("{STAGING}/{:032x}", u128::from_le_bytes(random)))
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, object_store::Error> {
    tokio::task::spawn_blocking(work).await?.map_err(generic)
}

fn generic(source: io::Error) -> object_store::Error {
    object_store::Error::Generic {
        store: "directory",
        source: Box::new(source),
    }
}

/// Where objects stand until they are complete.
const STAGING: &str = "staging";

#[cfg(test)]
mod tests;
