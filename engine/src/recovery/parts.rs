//! Opening the parts that a manifest names.

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::sync::Arc;

use platform::{FailPoint, durable};

use crate::Error;
use crate::manifest::{Manifest, PartEntry};
use crate::part::{PageCache, Part, PartEnvironment, PartId};
use crate::state::{State, StoredPart};

/// Adds the parts of a manifest to a state that has its tables.
///
/// # Errors
/// M-6: [`Error::Corrupt`] for a part that is missing or not the one that is named.
pub(super) fn open_parts(
    state: &mut State,
    manifest: &Manifest,
    environment: &PartEnvironment,
    cache: &Arc<PageCache>,
) -> Result<(), Error> {
    for entry in &manifest.parts {
        let path = environment.path(&entry.meta.id);
        let Some(table) = state.table_mut(&entry.meta.table) else {
            return Err(Error::corrupt(path, "its table is not in the manifest"));
        };
        let part = open_part(entry, environment, cache)?;
        let part = StoredPart::new(Arc::new(part), entry.is_unique, &table.series);
        table.replace_parts(&[Arc::new(part)], &[]);
    }
    Ok(())
}

fn open_part(
    entry: &PartEntry,
    environment: &PartEnvironment,
    cache: &Arc<PageCache>,
) -> Result<Part, Error> {
    let opened = Part::open(environment, entry.meta.clone(), Arc::clone(cache));
    opened.map_err(|error| match error {
        Error::Io { path, source } if source.kind() == ErrorKind::NotFound => {
            Error::corrupt(path, "the manifest names it, but it is not there")
        }
        error => error,
    })
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
    let named: BTreeSet<PartId> = manifest.parts.iter().map(|entry| entry.meta.id).collect();
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
