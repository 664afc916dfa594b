//! Who writes to a repository: one writer at a time, the later one wins.
//!
//! A writer creates the next `epoch/<n>` before it writes anything, and puts `n` into the name of
//! every log segment that it ships. A writer that finds a later epoch than its own stops for good:
//! somebody started from a copy or a restore of the same data directory. What a stopped writer had
//! shipped beyond the start of its successor does not count, see [`crate::restore`].

use bytes::Bytes;
use platform::Clock;
use schema::{Lsn, Timestamp};
use seal::Keyring;
use serde::{Deserialize, Serialize};

use super::Repository;
use crate::Error;
use crate::layout::{self, Folder};
use crate::sealed::{open_json, seal_json};

/// What an epoch object says, sealed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EpochRecord {
    pub(crate) format: u32,
    pub(crate) epoch: u64,
    /// 32 random digits: tells two writers of one number apart.
    pub(crate) writer: String,
    pub(crate) timeline: u32,
    /// The end of the log when it started: what an earlier writer shipped beyond does not count.
    pub(crate) started_lsn: Lsn,
    /// The segment that it was writing when it started.
    pub(crate) started_segment: u64,
    pub(crate) started: Timestamp,
}

/// Where the log stood when a writer began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LogStart {
    pub(crate) timeline: u32,
    /// The end of what is durable.
    pub(crate) lsn: Lsn,
    /// The segment that is being written.
    pub(crate) segment: u64,
}

/// The right to write, until a later writer comes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Writer {
    pub(crate) epoch: u64,
}

impl Repository {
    /// Becomes the writer of this repository, ending the one before.
    pub(crate) async fn claim_epoch(
        &self,
        keyring: &Keyring,
        clock: &dyn Clock,
        start: LogStart,
    ) -> Result<Writer, Error> {
        let mut random = [0; 16];
        self.entropy().fill(&mut random);
        let mut record = EpochRecord {
            format: EPOCH_FORMAT,
            epoch: self.newest_epoch().await? + 1,
            writer: format!("{:032x}", u128::from_le_bytes(random)),
            timeline: start.timeline,
            started_lsn: start.lsn,
            started_segment: start.segment,
            started: Timestamp::from_nanos(clock.now().0),
        };
        loop {
            let sealed = seal_json(keyring, self.entropy(), &record);
            match self.create(&layout::epoch(record.epoch), sealed).await {
                Ok(_) => {
                    return Ok(Writer {
                        epoch: record.epoch,
                    });
                }
                // Somebody else took the number; the next one is still to be had.
                Err(Error::Conflict { .. }) => record.epoch += 1,
                Err(error) => return Err(error),
            }
        }
    }

    /// Checks that no later writer has come.
    ///
    /// # Errors
    /// [`Error::Fenced`] when one has.
    pub(crate) async fn check_epoch(&self, writer: &Writer) -> Result<(), Error> {
        let newest = self.newest_epoch().await?;
        if newest <= writer.epoch {
            return Ok(());
        }
        Err(Error::Fenced {
            own: writer.epoch,
            newer: newest,
        })
    }

    /// Returns all epochs, oldest first.
    pub(crate) async fn epochs(&self, keyring: &Keyring) -> Result<Vec<EpochRecord>, Error> {
        let mut records = Vec::new();
        for listed in self.list(Folder::Epoch).await? {
            let Some(number) = layout::parse_epoch(&listed.object) else {
                continue;
            };
            let bytes: Bytes = self.read(&listed.object).await?;
            let record: EpochRecord = open_json(keyring, &listed.object, &bytes)?;
            if record.epoch != number || record.format != EPOCH_FORMAT {
                return Err(Error::Damaged {
                    object: listed.object,
                    reason: format!("it says that it is epoch {}", record.epoch),
                });
            }
            records.push(record);
        }
        Ok(records)
    }

    async fn newest_epoch(&self) -> Result<u64, Error> {
        let listed = self.list(Folder::Epoch).await?;
        let numbers = listed.iter().filter_map(|l| layout::parse_epoch(&l.object));
        Ok(numbers.max().unwrap_or(0))
    }
}

const EPOCH_FORMAT: u32 = 1;
