//! Verification: is everything there that the listed backups need, and is it what was stored?
//!
//! It reads, and changes nothing. What it finds is reported, not returned as an error: one damaged
//! backup must not hide the state of the others.

mod log;
mod object_disk;
mod segment;

use std::collections::HashMap;
use std::str::FromStr;
use std::sync::Arc;

use futures::StreamExt;
use seal::{Keyring, MasterKey};

use crate::layout::{self, Folder};
use crate::manifest::Manifest;
use crate::repository::{Blob, Damage, EpochRecord, Keyrings, Stored, TimelineRecord, blamed};
use crate::restore::lineage::LogObject;
use crate::restore::log_objects;
use crate::{BlobHash, Error, Repository};

/// How much is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum VerifyLevel {
    /// Manifests are opened, and the log is complete by its names.
    Metadata,
    /// As before, and every file is there with its length.
    Exists,
    /// As before, and every byte is read: files are hashed, the log is opened.
    Full,
}

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VerifyReport {
    /// Backups that were looked at.
    pub backups: u64,
    /// Different files that they need.
    pub blobs: u64,
    /// Pieces of the log that they need; those behind them too, when all backups are looked at.
    pub log_segments: u64,
    /// Bytes that were read.
    pub bytes_read: u64,
    /// Files in the repository that no backup needs; counted when all backups are looked at.
    pub orphans: u64,
    /// What is wrong, worst first.
    pub problems: Vec<Problem>,
}

/// Something that keeps a backup, or a moment behind it, from being restored.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The object that is missing or damaged.
    pub object: String,
    /// What is wrong with it.
    pub reason: String,
}

/// Verifies one backup, or all of them.
///
/// # Errors
/// [`Error::NoRepository`], [`Error::UnknownBackup`], [`Error::Seal`] for a wrong master key, and
/// when the object store cannot be reached. What is wrong with a backup is in the report.
pub async fn verify(
    repository: &Repository,
    master: &MasterKey,
    only: Option<&str>,
    level: VerifyLevel,
) -> Result<VerifyReport, Error> {
    let Keyrings { newest, damage } = repository.open_keyrings(master).await?;
    let verified = verify_with(repository, &Arc::new(newest), only, level).await;
    let mut report = verified.map_err(|error| blamed(&damage, error))?;
    report
        .problems
        .extend(damage.into_iter().map(Problem::from));
    report.problems.sort();
    report.problems.dedup();
    Ok(report)
}

async fn verify_with(
    repository: &Repository,
    keyring: &Arc<Keyring>,
    only: Option<&str>,
    level: VerifyLevel,
) -> Result<VerifyReport, Error> {
    let mut verification = Verification {
        repository,
        epochs: repository.epochs(keyring).await?,
        timelines: repository.timelines(keyring).await?,
        objects: log_objects(repository).await?,
        report: VerifyReport::default(),
    };
    let manifests = verification.manifests(keyring, only).await?;
    let log = match only {
        Some(_) => verification.log_of(&manifests),
        None => verification.whole_log(&manifests),
    };
    verification.report.log_segments = log.len() as u64;
    let blobs: HashMap<BlobHash, Blob> = manifests
        .iter()
        .flat_map(Manifest::blobs)
        .map(|blob| (blob.hash, blob))
        .collect();
    verification.report.blobs = blobs.len() as u64;
    if level >= VerifyLevel::Exists {
        verification.exists(&blobs, only.is_none()).await?;
    }
    if level == VerifyLevel::Full {
        verification.full(blobs.into_values().collect()).await?;
        verification.walk(log, keyring).await?;
    }
    Ok(verification.report)
}

impl FromStr for VerifyLevel {
    type Err = Error;

    /// Reads `metadata`, `exists` or `full`.
    fn from_str(text: &str) -> Result<Self, Error> {
        match text {
            "metadata" => Ok(Self::Metadata),
            "exists" => Ok(Self::Exists),
            "full" => Ok(Self::Full),
            _ => Err(Error::Level {
                text: text.to_owned(),
            }),
        }
    }
}

impl From<Damage> for Problem {
    fn from(Damage { object, reason }: Damage) -> Self {
        Self { object, reason }
    }
}

/// A verification under way.
struct Verification<'a> {
    repository: &'a Repository,
    epochs: Vec<EpochRecord>,
    timelines: Vec<TimelineRecord>,
    objects: Vec<LogObject>,
    report: VerifyReport,
}

impl Verification<'_> {
    /// Opens the manifests; one that does not open is a problem of its own.
    async fn manifests(
        &mut self,
        keyring: &Keyring,
        only: Option<&str>,
    ) -> Result<Vec<Manifest>, Error> {
        let (mut found, mut previous) = (Vec::new(), None::<Stored>);
        for n in self.repository.manifest_numbers().await? {
            let stored = match self.repository.manifest(keyring, n).await {
                Ok(stored) => stored,
                Err(error) => {
                    self.problem(layout::manifest(n), error)?;
                    previous = None;
                    continue;
                }
            };
            let follows = previous.filter(|p| p.manifest.record.n + 1 == n);
            if follows.is_some_and(|p| stored.manifest.previous != Some(p.hash)) {
                let reason = "the manifest before it is another than it was made after".to_owned();
                let object = layout::manifest(n);
                self.report.problems.push(Problem { object, reason });
            }
            previous = Some(stored.clone());
            if only.is_none_or(|id| stored.manifest.record.id == id) {
                found.push(stored.manifest);
            }
        }
        match only {
            Some(id) if found.is_empty() => Err(Error::UnknownBackup { id: id.to_owned() }),
            _ => {
                self.report.backups = found.len() as u64;
                Ok(found)
            }
        }
    }

    async fn exists(
        &mut self,
        blobs: &HashMap<BlobHash, Blob>,
        are_all: bool,
    ) -> Result<(), Error> {
        let listed = self.repository.list(Folder::Blob).await?;
        let lengths: HashMap<BlobHash, u64> = listed
            .iter()
            .filter_map(|listed| Some((layout::parse_blob(&listed.object)?, listed.bytes)))
            .collect();
        for blob in blobs.values() {
            let reason = match lengths.get(&blob.hash) {
                None => "it is missing".to_owned(),
                Some(bytes) if *bytes == blob.bytes => continue,
                Some(bytes) => format!("it has {bytes} bytes, expected {}", blob.bytes),
            };
            let object = layout::blob(&blob.hash);
            self.report.problems.push(Problem { object, reason });
        }
        if are_all {
            let orphans = lengths.keys().filter(|hash| !blobs.contains_key(*hash));
            self.report.orphans = orphans.count() as u64;
        }
        Ok(())
    }

    async fn full(&mut self, blobs: Vec<Blob>) -> Result<(), Error> {
        let repository = self.repository;
        let transfers = repository.settings().transfers_max;
        let reads = blobs.into_iter().map(|blob| async move {
            let result = repository.fetch_blob(&blob, None).await;
            (layout::blob(&blob.hash), result.map(|()| blob.bytes))
        });
        let mut reads = futures::stream::iter(reads).buffer_unordered(transfers);
        while let Some((object, result)) = reads.next().await {
            self.count(object, result)?;
        }
        Ok(())
    }

    fn count(&mut self, object: String, result: Result<u64, Error>) -> Result<(), Error> {
        match result {
            Ok(bytes) => {
                self.report.bytes_read += bytes;
                Ok(())
            }
            Err(error) => self.problem(object, error),
        }
    }

    /// Notes damage; a store that cannot be reached says nothing of what is in it.
    fn problem(&mut self, object: String, error: Error) -> Result<(), Error> {
        if error.kind() != crate::Kind::Corrupt {
            return Err(error);
        }
        let reason = error.to_string();
        self.report.problems.push(Problem { object, reason });
        Ok(())
    }
}
