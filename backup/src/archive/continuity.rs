//! Whether what is stored can be restored: does it go on, without a gap, from a backup or from the
//! beginning of the log?
//!
//! A gap comes about when a server ran for a while without archiving: what was released meanwhile is
//! in the store's parts and nowhere else. The next backup has them, and the log goes on from there.

use schema::Lsn;
use seal::Keyring;
use wal::SegmentStatus;

use crate::repository::{Stored, TimelineRecord};
use crate::restore::lineage::{self, Branch};
use crate::restore::log_objects;
use crate::{Error, Kind, Repository};

/// Tells whether nothing is missing before the first local segment of its timeline.
pub(super) async fn is_continuous(
    repository: &Repository,
    keyring: &Keyring,
    first: &SegmentStatus,
) -> Result<bool, Error> {
    if is_backed_up(repository, keyring, first).await? {
        return Ok(true);
    }
    match goes_on(repository, keyring, first).await {
        // Something damaged keeps nobody from archiving, but nothing is believed of it.
        Err(error) if error.kind() == Kind::Corrupt => Ok(false),
        result => result,
    }
}

/// Tells whether the newest backup begins at this segment or behind it.
pub(super) async fn is_backed_up(
    repository: &Repository,
    keyring: &Keyring,
    first: &SegmentStatus,
) -> Result<bool, Error> {
    match repository.newest_manifest(keyring).await {
        Ok(newest) => Ok(newest.is_some_and(|stored| {
            stored.manifest.record.timeline == first.timeline
                && stored.manifest.log_segment >= first.number
        })),
        Err(error) if error.kind() == Kind::Corrupt => Ok(false),
        Err(error) => Err(error),
    }
}

/// Tells whether every segment before this one is stored, from a backup or from the beginning on.
async fn goes_on(
    repository: &Repository,
    keyring: &Keyring,
    first: &SegmentStatus,
) -> Result<bool, Error> {
    let timelines = repository.timelines(keyring).await?;
    let branches = lineage::branches(&timelines, first.timeline);
    let backup = newest_on(repository, keyring, &branches).await?;
    let begin = backup.map(|stored| stored.manifest.log_segment);
    let Some(begin) = begin.or_else(|| beginning(&timelines, &branches)) else {
        return Ok(false);
    };
    let (objects, epochs) = (
        log_objects(repository).await?,
        repository.epochs(keyring).await?,
    );
    let line = lineage::line(&objects, &epochs, &branches, begin);
    Ok(lineage::gaps(&line, &branches, begin..first.number).is_empty())
}

/// Returns the newest backup of a line that is not damaged.
async fn newest_on(
    repository: &Repository,
    keyring: &Keyring,
    branches: &[Branch],
) -> Result<Option<Stored>, Error> {
    for n in repository.manifest_numbers().await?.into_iter().rev() {
        match repository.manifest(keyring, n).await {
            Ok(stored) if lineage::is_on(branches, &stored.manifest.record) => {
                return Ok(Some(stored));
            }
            Ok(_) => {}
            Err(error) if error.kind() == Kind::Corrupt => {}
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}

/// Returns the segment with which a line begins, when nothing was committed before it.
fn beginning(timelines: &[TimelineRecord], branches: &[Branch]) -> Option<u64> {
    let root = branches.first()?.timeline;
    let record = timelines.iter().find(|record| record.timeline == root)?;
    let is_whole = record.parent.is_none() && record.start_lsn == Lsn::ZERO;
    is_whole.then_some(record.start_segment)
}
