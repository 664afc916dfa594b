//! Opening the parts that a manifest names.

use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;
use std::num::NonZero;
use std::sync::Arc;

use platform::{FailPoint, durable};
use tracing::warn;

use crate::Error;
use crate::latest::Latest;
use crate::manifest::{Edit, LatestChange, Manifest, ManifestStore, PartEntry};
use crate::part::{PartEnvironment, PartId};
use crate::state::{Shelf, State, StoredPart};

/// Adds the parts of a manifest to a state that has its tables.
///
/// Reads the footer of each: so their series get numbers, and M-6 is known at once. The footers do not
/// stay in memory but for those that their cache keeps. Returns the latest parts that do not open (M-9).
///
/// # Errors
/// M-6: [`Error::Corrupt`] for a part that is missing or not the one that is named.
pub(super) fn open_parts(
    state: &mut State,
    manifest: &Manifest,
    shelf: &Shelf,
) -> Result<LostLatest, Error> {
    let mut all = Vec::with_capacity(manifest.parts.len());
    for of_table in manifest.parts.chunk_by(|a, b| a.meta.table == b.meta.table) {
        let Some(first) = of_table.first() else {
            continue;
        };
        let Some(table) = state.table_mut(&first.meta.table) else {
            let path = shelf.environment.path(&first.meta.id);
            return Err(Error::corrupt(path, "its table is not in the manifest"));
        };
        let stored = |entry: &PartEntry| {
            let meta = entry.meta.clone();
            Arc::new(StoredPart::new(shelf, meta, entry.is_unique, &table.series))
        };
        let parts: Vec<Arc<StoredPart>> = of_table.iter().map(stored).collect();
        all.extend(parts.iter().map(Arc::clone));
        table.replace_parts(&parts, &[]);
    }
    read_footers(&all)?;
    Ok(open_latest(state, manifest, shelf))
}

/// Latest parts that the manifest names and that do not open, by their tables.
pub(super) type LostLatest = BTreeMap<String, StoredPart>;

/// Adds the latest parts of a manifest, and returns those that do not open.
fn open_latest(state: &mut State, manifest: &Manifest, shelf: &Shelf) -> LostLatest {
    let mut lost = LostLatest::new();
    for (name, entry) in &manifest.latest {
        let Some(table) = state.table_mut(name) else {
            continue;
        };
        let part = StoredPart::new(shelf, entry.meta.clone(), entry.is_unique, &table.series);
        match part.open() {
            Ok(_) => {
                let latest = Latest {
                    part: Arc::new(part),
                    mode: table.mode(),
                    is_stale: false,
                };
                table.put_latest(Some(latest));
            }
            Err(error) => {
                warn!(table = name, %error, "the newest rows are searched for");
                lost.insert(name.clone(), part);
            }
        }
    }
    lost
}

/// M-9: leaves latest parts out of the manifest: they follow from the others, and a backup would look for
/// their files.
///
/// # Errors
/// [`Error::Io`].
pub(super) fn forget_latest(manifest: &mut ManifestStore, lost: LostLatest) -> Result<(), Error> {
    if lost.is_empty() {
        return Ok(());
    }
    let change = |part: &StoredPart| LatestChange {
        before: Some(part.meta().id),
        after: None,
    };
    let changes = lost
        .iter()
        .map(|(table, part)| (table.clone(), change(part)));
    manifest.edit(Edit::Latest(changes.collect()), || {})?;
    lost.values().for_each(StoredPart::mark_obsolete);
    Ok(())
}

/// Reads the footers of some parts, on more than one thread where they are many.
fn read_footers(parts: &[Arc<StoredPart>]) -> Result<(), Error> {
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
    let threads = cores.min(parts.len() / PARTS_PER_THREAD).max(1);
    if threads == 1 {
        return read_in_turn(parts);
    }
    std::thread::scope(|scope| {
        let shares = parts.chunks(parts.len().div_ceil(threads));
        let readers: Vec<_> = shares
            .map(|share| scope.spawn(|| read_in_turn(share)))
            .collect();
        let outcomes = readers.into_iter().map(|reader| match reader.join() {
            Ok(outcome) => outcome,
            Err(panic) => std::panic::resume_unwind(panic),
        });
        // Every reader is waited for, and the first error is told.
        outcomes.fold(Ok(()), Result::and)
    })
}

fn read_in_turn(parts: &[Arc<StoredPart>]) -> Result<(), Error> {
    for part in parts {
        part.open().map_err(missing)?;
    }
    Ok(())
}

fn missing(error: Error) -> Error {
    match error {
        Error::Io { path, source } if source.kind() == ErrorKind::NotFound => {
            Error::corrupt(path, "the manifest names it, but it is not there")
        }
        error => error,
    }
}

/// M-7: removes the files of parts that the manifest does not name; returns how many.
///
/// # Errors
/// [`Error::Io`].
pub(super) fn remove_orphans(
    manifest: &Manifest,
    environment: &PartEnvironment,
) -> Result<u64, Error> {
    let dir = &environment.dir;
    let named: BTreeSet<PartId> = manifest.files().map(|entry| entry.meta.id).collect();
    let entries = environment
        .disk
        .list(dir)
        .map_err(|source| Error::io(dir, source))?;
    let mut removed = 0;
    for entry in entries {
        let is_left = match PartId::from_file_name(&entry.name) {
            Some(id) => !named.contains(&id),
            // What is neither a part nor being written is not ours to remove.
            None => entry.name.ends_with(durable::SUFFIX),
        };
        if is_left {
            let path = dir.join(&entry.name);
            environment
                .disk
                .remove(&path)
                .map_err(|source| Error::io(&path, source))?;
            environment
                .disk
                .reach(FailPoint::RecoveryOrphanRemoved)
                .map_err(|source| Error::io(&path, source))?;
            removed += 1;
        }
    }
    if removed > 0 {
        environment
            .disk
            .sync_dir(dir)
            .map_err(|source| Error::io(dir, source))?;
    }
    Ok(removed)
}

/// A thread is worth starting for so many footers.
const PARTS_PER_THREAD: usize = 256;
