//! Where a run's data directories lie.

use std::path::{Path, PathBuf};

use platform::{Disk, RealDisk};
use tempfile::TempDir;

use crate::failure::{Failure, Outcome};
use crate::server::build_folder;

/// A directory for the data of one run.
#[derive(Debug)]
pub(crate) struct Room {
    dir: PathBuf,
    _temporary: Option<TempDir>,
}

impl Room {
    /// Makes the given directory, or a temporary one beside the programs: they lie on a disk, where
    /// the system's own temporary directory may lie in memory and sync in no time.
    ///
    /// # Errors
    /// When it cannot be made.
    pub(crate) fn open(given: Option<&Path>) -> Outcome<Self> {
        if let Some(dir) = given {
            let made = RealDisk.create_dir_all(dir);
            made.map_err(|source| Failure::io(dir.display(), &source))?;
            return Ok(Self {
                dir: dir.to_owned(),
                _temporary: None,
            });
        }
        let beside = build_folder()?;
        let temporary = tempfile::Builder::new()
            .prefix("pganalytics-bench-")
            .tempdir_in(&beside)
            .map_err(|source| Failure::io(beside.display(), &source))?;
        Ok(Self {
            dir: temporary.path().to_owned(),
            _temporary: Some(temporary),
        })
    }

    /// Returns the directory.
    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// Returns where a server's data is to lie; nothing may be there, since what is stored already
    /// would be counted as if it had been sent.
    ///
    /// # Errors
    /// When there is something.
    pub(crate) fn data(&self, name: &str) -> Outcome<PathBuf> {
        let data = self.dir.join(name);
        let found = RealDisk.metadata(&data);
        match found.map_err(|source| Failure::io(data.display(), &source))? {
            None => Ok(data),
            Some(_) => {
                let what = format!("{} is there already", data.display());
                Err(Failure::new(what, "remove it, or give another --data"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_of_an_earlier_run_is_not_counted_again() {
        let dir = tempfile::tempdir().unwrap();
        let room = Room::open(Some(&dir.path().join("kept"))).unwrap();
        let data = room.data("cpu").unwrap();
        RealDisk.create_dir_all(&data).unwrap();
        assert!(
            room.data("cpu")
                .unwrap_err()
                .to_string()
                .contains("is there already")
        );
    }

    #[test]
    fn a_temporary_room_goes_away() {
        let room = Room::open(None).unwrap();
        let dir = room.dir().to_owned();
        assert!(dir.is_dir());
        drop(room);
        assert!(!dir.exists());
    }
}
