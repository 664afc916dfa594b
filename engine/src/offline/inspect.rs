//! What a manifest or a part says of itself.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use platform::durable;
use schema::{Lsn, TableDefinition, Timestamp};
use seal::{FileKind, Keyring};
use serde::Serialize;

use crate::manifest::{Manifest, decode, in_order};
use crate::part::{PageCache, Part, PartEnvironment, PartId, PartMeta};
use crate::paths::Paths;
use crate::{Environment, Error};

/// What a manifest says, without secrets.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct ManifestReport {
    /// Every record below is in parts.
    pub flushed_lsn: Lsn,
    /// The last of those records.
    pub last_lsn: Lsn,
    /// When it was committed.
    pub flushed_time: Timestamp,
    /// The history that the store is on.
    pub timeline: u32,
    /// The tables.
    pub tables: Vec<Arc<TableDefinition>>,
    /// The parts.
    pub parts: Vec<PartMeta>,
    /// The latest part of each table that has one.
    pub latest: Vec<PartMeta>,
    /// The number of tokens, revoked ones included.
    pub tokens: usize,
    /// The number of collectors, revoked ones included.
    pub collectors: usize,
    /// What is remembered of numbered batches.
    pub windows: Vec<CollectorWindow>,
}

/// What is remembered of one collector's or key's batches.
#[derive(Debug, Clone, Serialize)]
pub struct CollectorWindow {
    /// Its name.
    pub collector: String,
    /// The number of epochs.
    pub epochs: usize,
    /// When its last batch was committed.
    pub last: Timestamp,
}

/// Returns what a manifest's bytes say; for backups, which have no data directory.
///
/// # Errors
/// [`Error::Corrupt`] when the bytes are not what was written, [`Error::Seal`] when no key fits.
pub fn read_manifest(
    path: &Path,
    bytes: &[u8],
    keyring: &Keyring,
) -> Result<ManifestReport, Error> {
    decode(path, bytes, keyring).map(report)
}

/// Returns what the manifest at a path says, or the newest one of the data directory.
///
/// # Errors
/// As [`read_manifest`]; [`Error::Io`].
pub fn inspect_manifest(
    environment: &Environment,
    path: Option<&Path>,
) -> Result<ManifestReport, Error> {
    let Some(path) = path else {
        return newest_manifest(environment).map(|(_, manifest)| report(manifest));
    };
    manifest_at(environment, path).map(report)
}

/// Opens a part that the newest manifest of the data directory names, a latest part included, for looking
/// at its footer.
///
/// # Errors
/// [`Error::Absent`] for a file that is not such a part; [`Error::Corrupt`]; [`Error::Io`].
pub fn inspect_part(environment: &Environment, path: &Path) -> Result<Part, Error> {
    let absent = || Error::Absent {
        what: "part in the newest manifest",
        name: path.display().to_string(),
    };
    let name = path
        .file_name()
        .and_then(|name| name.to_str())
        .ok_or_else(absent)?;
    let id = PartId::from_file_name(name).ok_or_else(absent)?;
    let (_, manifest) = newest_manifest(environment)?;
    let entry = manifest.files().find(|entry| entry.meta.id == id);
    let entry = entry.ok_or_else(absent)?;
    let cache = Arc::new(PageCache::new(0));
    Part::open(&part_environment(environment), entry.meta.clone(), cache)
}

/// Reads the newest manifest of a data directory.
pub(super) fn newest_manifest(environment: &Environment) -> Result<(PathBuf, Manifest), Error> {
    let dir = Paths::new(&environment.dir).manifests();
    let path = in_order(environment, &dir)?.pop();
    let path = path.ok_or_else(|| Error::corrupt(&dir, "there is no manifest"))?;
    let manifest = manifest_at(environment, &path)?;
    Ok((path, manifest))
}

/// Returns what is wrong with the manifests that were before the newest and are kept.
pub(super) fn damage_of_older_manifests(environment: &Environment) -> Vec<Error> {
    let dir = Paths::new(&environment.dir).manifests();
    let mut paths = match in_order(environment, &dir) {
        Ok(paths) => paths,
        // What could not be read was not found whole.
        Err(error) => return vec![error],
    };
    paths.pop();
    let read = paths.iter().map(|path| manifest_at(environment, path));
    read.filter_map(Result::err).collect()
}

fn manifest_at(environment: &Environment, path: &Path) -> Result<Manifest, Error> {
    let bytes = durable::read_file(&*environment.disk, path);
    let bytes = bytes.map_err(|source| Error::io(path, source))?;
    decode(path, &bytes, &environment.keyring)
}

pub(super) fn part_environment(environment: &Environment) -> PartEnvironment {
    PartEnvironment {
        disk: Arc::clone(&environment.disk),
        keyring: Arc::clone(&environment.keyring),
        entropy: Arc::clone(&environment.entropy),
        dir: Paths::new(&environment.dir).parts(),
    }
}

pub(super) fn log_environment(environment: &Environment) -> wal::Environment {
    wal::Environment {
        disk: Arc::clone(&environment.disk),
        clock: Arc::clone(&environment.clock),
        entropy: Arc::clone(&environment.entropy),
        keyring: Arc::clone(&environment.keyring),
        dir: Paths::new(&environment.dir).log(),
        kind: FileKind::LogSegment,
    }
}

fn report(manifest: Manifest) -> ManifestReport {
    let windows = manifest
        .windows
        .summaries()
        .map(|(collector, epochs, last)| CollectorWindow {
            collector: collector.into(),
            epochs,
            last,
        });
    ManifestReport {
        flushed_lsn: manifest.flushed_lsn,
        last_lsn: manifest.last_lsn,
        flushed_time: manifest.flushed_time,
        timeline: manifest.timeline,
        tables: manifest.catalogue.tables().map(Arc::clone).collect(),
        windows: windows.collect(),
        tokens: manifest.catalogue.tokens().len(),
        collectors: manifest.catalogue.collectors().len(),
        latest: manifest.latest.into_values().map(|e| e.meta).collect(),
        parts: manifest.parts.into_iter().map(|entry| entry.meta).collect(),
    }
}
