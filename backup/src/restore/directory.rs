//! The directory that a restore fills, and the step in which it becomes the data directory.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use platform::{Disk, DiskLock, durable};

use crate::Error;

/// `<dir>.restoring`, held by a lock until it is renamed.
#[derive(Debug)]
pub(super) struct Staging {
    disk: Arc<dyn Disk>,
    path: PathBuf,
    target: PathBuf,
    lock: Box<dyn DiskLock>,
}

/// Refuses a target that holds anything.
pub(super) async fn check(disk: &Arc<dyn Disk>, target: &Path) -> Result<(), Error> {
    let (disk, path) = (Arc::clone(disk), target.to_owned());
    let is_free = blocking(target, move || is_free(&*disk, &path)).await?;
    if is_free {
        return Ok(());
    }
    Err(Error::NotEmpty {
        path: target.to_owned(),
    })
}

impl Staging {
    /// Makes the directory, removing what an earlier restore left in it.
    pub(super) async fn begin(disk: Arc<dyn Disk>, target: &Path) -> Result<Self, Error> {
        let path = staging_path(target);
        let (work, made) = (Arc::clone(&disk), path.clone());
        let lock = blocking(&path, move || {
            durable::create_dir_all(&*work, &made)?;
            // Taken before anything is removed: another restore may be at work here.
            let lock = work.lock(&made.join(LOCK))?;
            clear(&*work, &made)?;
            for dir in DIRECTORIES {
                work.create_dir_all(&made.join(dir))?;
            }
            Ok(lock)
        })
        .await?;
        Ok(Self {
            disk,
            path,
            target: target.to_owned(),
            lock,
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Gives the directory its name; when this has returned, it survives a power cut.
    pub(super) async fn publish(self) -> Result<(), Error> {
        let Self {
            disk,
            path,
            target,
            lock,
        } = self;
        let named = target.clone();
        blocking(&named, move || {
            for dir in DIRECTORIES {
                disk.sync_dir(&path.join(dir))?;
            }
            disk.remove(&path.join(LOCK))?;
            disk.sync_dir(&path)?;
            // B-3: asked again, and removing a directory that is not empty fails.
            if disk.metadata(&target)?.is_some() {
                disk.remove(&target)?;
            }
            disk.rename(&path, &target)?;
            drop(lock);
            disk.sync_dir(parent(&target))
        })
        .await
    }
}

fn is_free(disk: &dyn Disk, path: &Path) -> io::Result<bool> {
    match disk.metadata(path)? {
        None => Ok(true),
        Some(metadata) if metadata.is_dir => Ok(disk.list(path)?.is_empty()),
        Some(_) => Ok(false),
    }
}

/// Removes everything below a directory but its lock.
fn clear(disk: &dyn Disk, dir: &Path) -> io::Result<()> {
    for entry in disk.list(dir)? {
        let path = dir.join(&entry.name);
        if entry.name == LOCK {
            continue;
        }
        if entry.is_dir {
            clear(disk, &path)?;
        }
        disk.remove(&path)?;
    }
    Ok(())
}

fn staging_path(target: &Path) -> PathBuf {
    let mut name = target.file_name().unwrap_or_default().to_os_string();
    name.push(SUFFIX);
    target.with_file_name(name)
}

fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(dir) if !dir.as_os_str().is_empty() => dir,
        _ => Path::new("."),
    }
}

async fn blocking<T: Send + 'static>(
    path: &Path,
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, Error> {
    let done = tokio::task::spawn_blocking(work).await;
    let done = done.unwrap_or_else(|_| Err(io::Error::from(ErrorKind::Interrupted)));
    done.map_err(|source| Error::Io {
        path: path.to_owned(),
        source,
    })
}

/// Marks a directory that is not yet a data directory.
const SUFFIX: &str = ".restoring";
const LOCK: &str = "RESTORING";
/// The directories of a data directory; see `docs/internals/store.md`.
const DIRECTORIES: [&str; 3] = ["manifest", "parts", "wal"];

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use platform::{Disk, RealDisk, durable};

    use super::{Staging, check, staging_path};
    use crate::Error;

    fn disk() -> Arc<dyn Disk> {
        Arc::new(RealDisk)
    }

    #[tokio::test]
    async fn only_an_absent_or_empty_directory_is_taken() {
        let dir = tempfile::tempdir().unwrap();
        check(&disk(), dir.path()).await.unwrap();
        check(&disk(), &dir.path().join("absent")).await.unwrap();
        let file = dir.path().join("file");
        durable::write_file(&RealDisk, &file, b"x").unwrap();
        for taken in [dir.path(), file.as_path()] {
            let refused = check(&disk(), taken).await;
            assert!(matches!(refused, Err(Error::NotEmpty { .. })));
        }
    }

    #[tokio::test]
    async fn leftovers_go_and_the_directory_gets_its_name() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("data");
        let leftover = staging_path(&target).join("wal/x");
        RealDisk.create_dir_all(leftover.parent().unwrap()).unwrap();
        durable::write_file(&RealDisk, &leftover, b"x").unwrap();
        let staging = Staging::begin(disk(), &target).await.unwrap();
        assert!(RealDisk.metadata(&leftover).unwrap().is_none());
        durable::write_file(&RealDisk, &staging.path().join("keyring"), b"k").unwrap();
        staging.publish().await.unwrap();
        let names: Vec<_> = RealDisk
            .list(&target)
            .unwrap()
            .into_iter()
            .map(|e| e.name)
            .collect();
        assert_eq!(names, ["keyring", "manifest", "parts", "wal"]);
        assert!(RealDisk.metadata(&staging_path(&target)).unwrap().is_none());
    }

    #[tokio::test]
    async fn two_restores_into_one_directory_exclude_each_other() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("data");
        let first = Staging::begin(disk(), &target).await.unwrap();
        assert!(Staging::begin(disk(), &target).await.is_err());
        drop(first);
        assert!(Staging::begin(disk(), &target).await.is_ok());
    }

    #[test]
    fn the_name_is_kept_beside_its_target() {
        let path = staging_path(Path::new("/a/data"));
        assert_eq!(path, Path::new("/a/data.restoring"));
    }
}
