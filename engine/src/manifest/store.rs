//! The files of the manifest: the newest rules, the one before is kept.
//!
//! What is found at a start, and what follows:
//!
//! | case | found | done |
//! |---|---|---|
//! | M-1 | no manifest, no part, no log | a new store: its manifest is written before anything else |
//! | M-2 | no manifest, but parts or a log | refused: the manifest was lost, and parts would be taken for leftovers |
//! | M-3 | the newest opens | it rules |
//! | M-4 | the newest is damaged | refused, naming the file: an older one would silently take back what was flushed |
//! | M-5 | `.tmp` files | removed: a crash left them |
//! | M-6 | a part that the newest names is missing or damaged in its footer | refused, naming the file |
//! | M-7 | a part that the newest does not name | removed: it was never published, or is merged or expired |
//! | M-8 | manifests older than the newest two | removed |
//! | M-9 | a latest part that does not open | left out of a new manifest, and removed: it follows from the parts |

use std::path::{Path, PathBuf};
use std::sync::Arc;

use platform::{FailPoint, durable};
use schema::Lsn;

use super::{Edit, Manifest, decode, encode};
use crate::paths::Paths;
use crate::{Environment, Error};

/// Reads and writes the manifest's files.
#[derive(Debug)]
pub(crate) struct ManifestStore {
    environment: Environment,
    dir: PathBuf,
    present: Arc<Persisted>,
}

/// A manifest that is on disk.
#[derive(Debug)]
pub(crate) struct Persisted {
    /// The number of its file; numbers grow.
    pub(crate) number: u64,
    /// What it says.
    pub(crate) manifest: Manifest,
    /// The file as it is, sealed.
    pub(crate) bytes: Vec<u8>,
}

impl ManifestStore {
    /// Opens the newest manifest, or makes the first one.
    ///
    /// # Errors
    /// As in the table above; [`Error::Io`].
    pub(crate) fn open(environment: Environment, paths: &Paths) -> Result<Self, Error> {
        let (disk, dir) = (Arc::clone(&environment.disk), paths.manifests());
        durable::create_dir_all(&*disk, &dir).map_err(|source| Error::io(&dir, source))?;
        let numbers = clean(&environment, &dir)?;
        let Some(number) = numbers.last().copied() else {
            return Self::first(environment, paths);
        };
        let path = file(&dir, number);
        let bytes = durable::read_file(&*disk, &path).map_err(|e| Error::io(&path, e))?;
        // M-4: what does not open is reported, and nothing older is tried.
        let manifest = decode(&path, &bytes, &environment.keyring)?;
        let present = Arc::new(Persisted {
            number,
            manifest,
            bytes,
        });
        let store = Self {
            environment,
            dir,
            present,
        };
        store.remove_older(&numbers)?;
        Ok(store)
    }

    fn first(environment: Environment, paths: &Paths) -> Result<Self, Error> {
        // M-2
        for dir in [paths.parts(), paths.log()] {
            if has_files(&environment, &dir)? {
                return Err(Error::corrupt(
                    paths.manifests(),
                    format!("there is no manifest, but {} has files", dir.display()),
                ));
            }
        }
        // A manifest stands for a store that has these: whoever finds one missing finds damage.
        for dir in [paths.parts(), paths.log()] {
            let created = durable::create_dir_all(&*environment.disk, &dir);
            created.map_err(|source| Error::io(&dir, source))?;
        }
        let present = Persisted {
            number: 0,
            manifest: Manifest::new(),
            bytes: Vec::new(),
        };
        let dir = paths.manifests();
        let mut store = Self {
            environment,
            dir,
            present: Arc::new(present),
        };
        store.persist(Manifest::new())?;
        Ok(store)
    }

    /// Returns the manifest that rules.
    pub(crate) fn present(&self) -> &Arc<Persisted> {
        &self.present
    }

    /// Makes an edit and writes the manifest that it gives; it rules as soon as this returns, and not
    /// before. Where it certainly never will, `undo` is called: the parts that it adds can go.
    ///
    /// # Errors
    /// Those of [`Manifest::apply`]; [`Error::Io`], as [`Self::persist`].
    pub(crate) fn edit(&mut self, edit: Edit, undo: impl FnOnce()) -> Result<(), Error> {
        let edited = self.present.manifest.apply(edit);
        let outcome = edited.and_then(|next| self.persist(next));
        // After an error the file may be there or not; what cannot be told counts as there.
        if outcome.is_err() && !self.may_have_written_next() {
            undo();
        }
        outcome
    }

    /// Tells whether the file of the next manifest is there, or may be.
    fn may_have_written_next(&self) -> bool {
        let next = file(&self.dir, self.present.number + 1);
        !matches!(self.environment.disk.metadata(&next), Ok(None))
    }

    /// Writes the next manifest; it rules as soon as this returns, and not before.
    ///
    /// # Errors
    /// [`Error::Io`]; which of the two manifests a crash then leaves is unknown.
    pub(crate) fn persist(&mut self, manifest: Manifest) -> Result<(), Error> {
        let number = self.present.number + 1;
        let path = file(&self.dir, number);
        let bytes = encode(
            &manifest,
            &self.environment.keyring,
            &*self.environment.entropy,
        );
        durable::write_file(&*self.environment.disk, &path, &bytes)
            .map_err(|source| Error::io(&path, source))?;
        self.present = Arc::new(Persisted {
            number,
            manifest,
            bytes,
        });
        let disk = &self.environment.disk;
        disk.pass(FailPoint::ManifestWritten);
        if let Some(old) = number.checked_sub(KEPT) {
            // A file that stays is removed at the next start, which finds it again.
            disk.remove(&file(&self.dir, old)).ok();
            disk.pass(FailPoint::ManifestTrimmed);
        }
        Ok(())
    }

    fn remove_older(&self, numbers: &[u64]) -> Result<(), Error> {
        let kept = usize::try_from(KEPT).unwrap_or(usize::MAX);
        let older = numbers.len().saturating_sub(kept);
        for number in numbers.iter().take(older) {
            let path = file(&self.dir, *number);
            durable::remove_file(&*self.environment.disk, &path)
                .map_err(|source| Error::io(&path, source))?;
        }
        Ok(())
    }
}

impl Persisted {
    /// Returns the name of the file.
    pub(crate) fn file_name(&self) -> String {
        format!("{:020}", self.number)
    }

    /// Returns the position below which every record is in parts.
    pub(crate) fn flushed_lsn(&self) -> Lsn {
        self.manifest.flushed_lsn
    }
}

/// Removes leftovers and returns the numbers of the manifests that there are, in their order.
fn clean(environment: &Environment, dir: &Path) -> Result<Vec<u64>, Error> {
    let entries = environment.disk.list(dir).map_err(|e| Error::io(dir, e))?;
    for entry in entries
        .iter()
        .filter(|entry| entry.name.ends_with(durable::SUFFIX))
    {
        let path = dir.join(&entry.name);
        durable::remove_file(&*environment.disk, &path).map_err(|e| Error::io(&path, e))?;
    }
    Ok(numbers(entries.iter().map(|entry| entry.name.as_str())))
}

/// Returns the paths of the manifests in a directory; the last one rules.
///
/// # Errors
/// [`Error::Io`].
pub(crate) fn in_order(environment: &Environment, dir: &Path) -> Result<Vec<PathBuf>, Error> {
    let entries = environment.disk.list(dir).map_err(|e| Error::io(dir, e))?;
    let numbers = numbers(entries.iter().map(|entry| entry.name.as_str()));
    Ok(numbers.iter().map(|number| file(dir, *number)).collect())
}

/// Returns the numbers among some names, in their order.
fn numbers<'a>(names: impl Iterator<Item = &'a str>) -> Vec<u64> {
    let number = |name: &str| {
        (name.len() == NAME_BYTES)
            .then(|| name.parse().ok())
            .flatten()
    };
    let mut numbers: Vec<u64> = names.filter_map(number).collect();
    numbers.sort_unstable();
    numbers
}

fn has_files(environment: &Environment, dir: &Path) -> Result<bool, Error> {
    let io = |source| Error::io(dir, source);
    if environment.disk.metadata(dir).map_err(io)?.is_none() {
        return Ok(false);
    }
    Ok(!environment.disk.list(dir).map_err(io)?.is_empty())
}

/// Returns the path of the manifest with this number.
fn file(dir: &Path, number: u64) -> PathBuf {
    dir.join(format!("{number:020}"))
}

/// Manifests that stay: the one that rules and the one before, for a person to look at.
const KEPT: u64 = 2;
const NAME_BYTES: usize = 20;
