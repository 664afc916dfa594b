//! Checks every byte of a data directory.

use std::path::PathBuf;
use std::sync::Arc;

use platform::durable;

use super::inspect::{
    damage_of_older_manifests, log_environment, newest_manifest, part_environment,
};
use crate::part::{PageCache, Part, PartId};
use crate::paths::Paths;
use crate::{Environment, Error};

/// What checking a data directory showed.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Verification {
    /// Parts that were read.
    pub parts: u64,
    /// Pages of them.
    pub pages: u64,
    /// Bytes of those, sealed.
    pub bytes: u64,
    /// What the log's own check found; nothing when it found damage.
    pub log: Option<wal::RecoveryReport>,
    /// Files that no manifest names; the next start removes them.
    pub leftovers: Vec<PathBuf>,
    /// What is wrong, each error naming its file; nothing when the directory is whole.
    pub damage: Vec<Error>,
}

impl Verification {
    /// Tells whether nothing is wrong.
    pub fn is_whole(&self) -> bool {
        self.damage.is_empty()
    }
}

/// Reads every byte of manifests, parts and log, and changes nothing.
///
/// Goes on after damage, so that all of it is named, by file and by the offset of the piece that does
/// not fit: a page, a footer, a record, a manifest as a whole. `progress` is told the parts done and to
/// do.
///
/// # Errors
/// [`Error::Locked`] when a server has the directory open; [`Error::Io`] when it cannot be listed.
pub fn verify(
    environment: &Environment,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Verification, Error> {
    let paths = Paths::new(&environment.dir);
    let _lock = crate::recovery::lock(environment, &paths)?;
    let mut found = Verification::default();
    match newest_manifest(environment) {
        Ok((_, manifest)) => {
            let parts = part_environment(environment);
            let cache = Arc::new(PageCache::new(0));
            let total = manifest.files().count() as u64;
            for entry in manifest.files() {
                match Part::open(&parts, entry.meta.clone(), Arc::clone(&cache)) {
                    Ok(part) => {
                        let verified = part.verify();
                        found.pages += verified.pages;
                        found.bytes += verified.bytes;
                        found.damage.extend(verified.damage);
                    }
                    Err(error) => found.damage.push(error),
                }
                found.parts += 1;
                progress(found.parts, total);
            }
            let is_named = |id: &PartId| manifest.files().any(|entry| entry.meta.id == *id);
            found.leftovers = leftovers(environment, &paths, &is_named)?;
        }
        Err(error) => found.damage.push(error),
    }
    found.damage.extend(damage_of_older_manifests(environment));
    match wal::verify(&log_environment(environment)) {
        Ok(report) => found.log = Some(report),
        Err(error) => found.damage.push(Error::log(error)),
    }
    Ok(found)
}

fn leftovers(
    environment: &Environment,
    paths: &Paths,
    is_named: &dyn Fn(&PartId) -> bool,
) -> Result<Vec<PathBuf>, Error> {
    let dir = paths.parts();
    let entries = environment
        .disk
        .list(&dir)
        .map_err(|source| Error::io(&dir, source))?;
    let is_left = |name: &str| match PartId::from_file_name(name) {
        Some(id) => !is_named(&id),
        None => name.ends_with(durable::SUFFIX),
    };
    let left = entries.into_iter().filter(|entry| is_left(&entry.name));
    Ok(left.map(|entry| dir.join(entry.name)).collect())
}
