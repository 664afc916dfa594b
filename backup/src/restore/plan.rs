//! What a restore needs, found out from names and manifests.

use seal::{Keyring, MasterKey};

use super::RestorePlan;
use super::lineage::{self, Branch, LogObject};
use super::target::{self, At};
use crate::layout::{Folder, SegmentName};
use crate::repository::{EpochRecord, Keyrings, Stored, TimelineRecord, blamed};
use crate::{Error, Repository};

/// What to fetch, and how to go on from there.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) keyring: Keyring,
    /// The backup to start from.
    pub(super) base: Stored,
    /// The log from the backup on, in order.
    pub(super) log: Vec<LogObject>,
    /// A number above that of every timeline that the repository knows.
    pub(super) next_timeline: u32,
    /// The timeline that the restored one leaves.
    pub(super) parent: u32,
}

impl Plan {
    pub(super) async fn make(
        repository: &Repository,
        master: &MasterKey,
        at: &At,
    ) -> Result<Self, Error> {
        let Keyrings { newest, damage } = repository.open_keyrings(master).await?;
        let records = Records::read(repository, &newest).await;
        let Records {
            manifests,
            epochs,
            timelines,
        } = records.map_err(|error| blamed(&damage, error))?;
        let objects = log_objects(repository).await?;
        let last = last_timeline(at, &manifests).or_else(|| lineage::newest_timeline(&epochs));
        let branches = lineage::branches(&timelines, last.unwrap_or(1));
        let base = target::choose(at, &manifests, &branches)?.clone();
        let first = base.manifest.log_segment;
        let mut log = lineage::line(&objects, &epochs, &branches, first);
        let bound = last_segment(at, &base, &manifests, &branches);
        log.retain(|object| bound.is_none_or(|bound| object.name.segment <= bound));
        check_begin(&base, &log)?;
        let parent = log.last().map(|object| object.name.timeline);
        Ok(Self {
            keyring: newest,
            parent: parent.unwrap_or(base.manifest.record.timeline),
            next_timeline: next_timeline(&timelines, &objects, &manifests),
            base,
            log,
        })
    }

    /// Opens the keyring once more: log and store each keep one for as long as they live.
    pub(super) fn keyring_copy(&self, master: &MasterKey) -> Result<Keyring, Error> {
        let wrapped = self.keyring.to_wrapped();
        Keyring::from_wrapped(&wrapped, master).map_err(|source| Error::Seal {
            object: "the keyring".to_owned(),
            source,
        })
    }

    /// Returns the bytes to fetch.
    pub(super) fn bytes(&self) -> u64 {
        let blobs = self.base.manifest.blobs().map(|blob| blob.bytes);
        let log = self.log.iter().map(|object| object.bytes);
        blobs.chain(log).sum()
    }

    pub(super) fn summary(&self) -> RestorePlan {
        RestorePlan {
            backup: self.base.manifest.record.clone(),
            files: self.base.manifest.blobs().count() as u64,
            log_segments: self.log.len() as u64,
            bytes: self.bytes(),
        }
    }
}

/// The sealed records of a repository.
struct Records {
    manifests: Vec<Stored>,
    epochs: Vec<EpochRecord>,
    timelines: Vec<TimelineRecord>,
}

impl Records {
    async fn read(repository: &Repository, keyring: &Keyring) -> Result<Self, Error> {
        Ok(Self {
            manifests: repository.manifests(keyring).await?,
            epochs: repository.epochs(keyring).await?,
            timelines: repository.timelines(keyring).await?,
        })
    }
}

/// Returns every object of the archived log.
pub(crate) async fn log_objects(repository: &Repository) -> Result<Vec<LogObject>, Error> {
    let listed = repository.list(Folder::Wal).await?;
    let objects = listed.into_iter().filter_map(|listed| {
        Some(LogObject {
            name: SegmentName::parse(&listed.object)?,
            bytes: listed.bytes,
        })
    });
    Ok(objects.collect())
}

/// A backup that is asked for by its id lies on its own timeline, whatever was written since.
fn last_timeline(at: &At, manifests: &[Stored]) -> Option<u32> {
    let At::Backup(id) = at else {
        return None;
    };
    let records = manifests.iter().map(|stored| &stored.manifest.record);
    records
        .filter(|record| record.id == *id)
        .map(|record| record.timeline)
        .next()
}

/// Returns the last segment that can hold something before the target; all of them when unknown.
fn last_segment(at: &At, base: &Stored, manifests: &[Stored], branches: &[Branch]) -> Option<u64> {
    if matches!(at, At::Backup(_)) {
        return Some(base.manifest.end_segment);
    }
    if *at == At::Latest {
        return None;
    }
    // The next backup of the line was complete after the target, and so was the log up to there.
    let later = manifests.iter().filter(|stored| {
        let record = &stored.manifest.record;
        lineage::is_on(branches, record) && record.end_lsn > base.manifest.record.end_lsn
    });
    let next = later.min_by_key(|stored| stored.manifest.record.end_lsn)?;
    Some(next.manifest.end_segment)
}

/// Refuses a line that does not begin where replay must begin.
fn check_begin(base: &Stored, log: &[LogObject]) -> Result<(), Error> {
    let record = &base.manifest.record;
    let begins = log
        .first()
        .is_some_and(|o| o.name.segment == base.manifest.log_segment);
    if begins || (log.is_empty() && record.end_lsn == record.base_lsn) {
        return Ok(());
    }
    Err(Error::LogGap {
        timeline: record.timeline,
        after: record.base_lsn,
    })
}

fn next_timeline(timelines: &[TimelineRecord], objects: &[LogObject], manifests: &[Stored]) -> u32 {
    let known = timelines.iter().map(|record| record.timeline);
    let archived = objects.iter().map(|object| object.name.timeline);
    let backed_up = manifests
        .iter()
        .map(|stored| stored.manifest.record.timeline);
    known
        .chain(archived)
        .chain(backed_up)
        .max()
        .unwrap_or(1)
        .saturating_add(1)
}
