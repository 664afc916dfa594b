//! Fetches what a plan names into the staging directory, each piece checked and synced.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};
use platform::{OpenMode, durable};

use super::lineage::LogObject;
use super::plan::{Plan, log_objects};
use super::{Phase, Progress, RestoreRequest};
use crate::layout::SegmentName;
use crate::repository::{Blob, LocalFile};
use crate::{Error, Repository};

/// A download under way.
struct Download<'a> {
    request: &'a RestoreRequest,
    dir: &'a Path,
    done_bytes: AtomicU64,
    total_bytes: u64,
}

/// Something to fetch, and the name that follows from what it is.
enum Item {
    Blob(Blob, PathBuf),
    Log(LogObject, PathBuf),
}

pub(super) async fn download(
    request: &RestoreRequest,
    plan: &Plan,
    dir: &Path,
) -> Result<(), Error> {
    let download = Download {
        request,
        dir,
        done_bytes: AtomicU64::new(0),
        total_bytes: plan.bytes(),
    };
    download.keyring(plan).await?;
    let transfers = request.repository.settings().transfers_max;
    let fetches = items(plan).map(|item| download.fetch(item));
    let fetched = futures::stream::iter(fetches).buffer_unordered(transfers);
    fetched.try_collect::<()>().await
}

/// Returns what to fetch. B-3: every name is made here, of numbers and ids that were parsed.
fn items(plan: &Plan) -> impl Iterator<Item = Item> {
    let manifest = &plan.base.manifest;
    let store = PathBuf::from(format!("manifest/{:020}", manifest.store.version));
    let parts = manifest.parts.iter().map(|part| {
        let path = PathBuf::from(format!("parts/{}.part", part.id));
        Item::Blob(part.blob, path)
    });
    let log = plan.log.iter().map(|object| {
        let path = PathBuf::from(format!("wal/{:020}.log", object.name.segment));
        Item::Log(*object, path)
    });
    std::iter::once(Item::Blob(manifest.store.blob, store))
        .chain(parts)
        .chain(log)
}

impl Download<'_> {
    /// Writes the keyring: the newest copy, which has the keys of all that was ever stored.
    async fn keyring(&self, plan: &Plan) -> Result<(), Error> {
        let (disk, path) = (Arc::clone(&self.request.disk), self.dir.join("keyring"));
        let (written, bytes) = (path.clone(), plan.keyring.to_wrapped());
        let write = move || durable::write_file_with_mode(&*disk, &written, &bytes, KEYRING_MODE);
        let done = tokio::task::spawn_blocking(write).await;
        let done = done.map_err(|_| Error::Aborted {
            task: "writes the keyring",
        })?;
        done.map_err(|source| Error::Io { path, source })
    }

    async fn fetch(&self, item: Item) -> Result<(), Error> {
        let repository = &self.request.repository;
        let bytes = match item {
            Item::Blob(blob, path) => {
                let file = self.file(&path).await?;
                repository.fetch_blob(&blob, Some(&file)).await?;
                file.sync().await?;
                blob.bytes
            }
            Item::Log(object, path) => {
                let file = self.file(&path).await?;
                // Its groups are one chain of tags, which the log checks when it is replayed.
                let (_, bytes) = read_log(&self.request.repository, object.name).await?;
                file.write(bytes, 0).await?;
                file.sync().await?;
                object.bytes
            }
        };
        let done_bytes = self.done_bytes.fetch_add(bytes, Ordering::Relaxed) + bytes;
        (self.request.progress)(Progress {
            phase: Phase::Download,
            done_bytes,
            total_bytes: self.total_bytes,
        });
        Ok(())
    }

    async fn file(&self, path: &Path) -> Result<LocalFile, Error> {
        let disk = Arc::clone(&self.request.disk);
        LocalFile::open(disk, self.dir.join(path), OpenMode::CreateNew).await
    }
}

/// Reads a piece of the log, or what replaced it since it was listed: its writer ships longer pieces,
/// and removes the short ones when the segment is whole. Returns the name of what was read.
pub(crate) async fn read_log(
    repository: &Repository,
    name: SegmentName,
) -> Result<(SegmentName, Bytes), Error> {
    if let Some(bytes) = repository.read_if_present(&name.object()).await? {
        return Ok((name, bytes));
    }
    let same = |listed: &LogObject| {
        SegmentName {
            partial: name.partial,
            ..listed.name
        } == name
    };
    let objects = log_objects(repository).await?;
    let successors = objects.into_iter().filter(same);
    let longest = successors
        .max_by_key(|successor| (successor.name.partial.is_none(), successor.name.partial));
    let name = longest.map_or(name, |successor| successor.name);
    Ok((name, repository.read(&name.object()).await?))
}

const KEYRING_MODE: u32 = 0o600;
