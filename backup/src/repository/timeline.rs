//! Lines of history: a server restored to the past goes on with a timeline of its own.
//!
//! `timeline/<n>` says which timeline it left, and where. It is written by the first archiver of the
//! new timeline, with a create, so that two servers restored from one backup cannot share a line.

use schema::{Lsn, Timestamp};
use seal::Keyring;
use serde::{Deserialize, Serialize};

use super::Repository;
use crate::Error;
use crate::layout::{self, Folder};
use crate::sealed::{open_json, seal_json};

/// Where a timeline began, sealed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TimelineRecord {
    pub(crate) format: u32,
    pub(crate) timeline: u32,
    /// The timeline that it left, none for the first of a cluster.
    pub(crate) parent: Option<u32>,
    /// Where it left: what the parent holds from here on is not part of this line.
    pub(crate) start_lsn: Lsn,
    /// The first segment of this line.
    pub(crate) start_segment: u64,
    pub(crate) created: Timestamp,
}

impl Repository {
    /// Registers a timeline that is not there, or checks that the one there is the same.
    ///
    /// # Errors
    /// [`Error::Conflict`] when another server began a timeline of this number elsewhere.
    pub(crate) async fn register_timeline(
        &self,
        keyring: &Keyring,
        record: &TimelineRecord,
    ) -> Result<(), Error> {
        let object = layout::timeline(record.timeline);
        if let Some(bytes) = self.read_if_present(&object).await? {
            return same(&object, &open_json(keyring, &object, &bytes)?, record);
        }
        let sealed = seal_json(keyring, self.entropy(), record);
        self.create(&object, sealed).await.map(|_| ())
    }

    /// Registers a timeline that nobody else may have registered.
    ///
    /// # Errors
    /// [`Error::Conflict`] when another restore took the number meanwhile: begin again.
    pub(crate) async fn found_timeline(
        &self,
        keyring: &Keyring,
        record: &TimelineRecord,
    ) -> Result<(), Error> {
        let sealed = seal_json(keyring, self.entropy(), record);
        self.create(&layout::timeline(record.timeline), sealed)
            .await
            .map(|_| ())
    }

    /// Returns all timelines, in the order of their numbers.
    pub(crate) async fn timelines(&self, keyring: &Keyring) -> Result<Vec<TimelineRecord>, Error> {
        let mut records = Vec::new();
        for listed in self.list(Folder::Timeline).await? {
            let Some(number) = layout::parse_timeline(&listed.object) else {
                continue;
            };
            let bytes = self.read(&listed.object).await?;
            let record: TimelineRecord = open_json(keyring, &listed.object, &bytes)?;
            if record.timeline != number || record.format != TIMELINE_FORMAT {
                return Err(Error::Damaged {
                    object: listed.object,
                    reason: format!("it says that it is timeline {}", record.timeline),
                });
            }
            records.push(record);
        }
        Ok(records)
    }
}

/// Compares what makes a timeline; a restarted server knows a later start than the first did.
fn same(object: &str, there: &TimelineRecord, ours: &TimelineRecord) -> Result<(), Error> {
    if there.timeline == ours.timeline && there.start_lsn <= ours.start_lsn {
        return Ok(());
    }
    Err(Error::Conflict {
        object: object.to_owned(),
    })
}

pub(crate) const TIMELINE_FORMAT: u32 = 1;
