//! The manifest: which parts there are, and up to where the log is in them.
//!
//! Everything else on disk follows from it: a part that it does not name is a leftover, and the log
//! below `flushed_lsn` is not needed. It changes by [`Edit`]s, which [`Manifest::apply`] checks and
//! applies purely; [`store::ManifestStore`] then writes the whole of it, sealed, as the next file.
//!
//! The format is written down in `docs/internals/manifest.md`.

mod apply;
mod edit;
mod format;
mod store;

use std::collections::BTreeMap;

use schema::{Lsn, Timestamp};
use serde::{Deserialize, Serialize};

pub(crate) use edit::{Edit, FlushPoint, LatestChange, LatestParts};
pub(crate) use format::{decode, encode};
pub(crate) use store::{ManifestStore, in_order};

use crate::catalogue::Catalogue;
use crate::dedup::Windows;
use crate::merge::Mode;
use crate::part::{PartId, PartMeta};
use crate::tombstone::Tombstone;

/// All that must be known to open a store, but for the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Manifest {
    /// Every record below is in parts, and in `windows` and `catalogue`.
    pub(crate) flushed_lsn: Lsn,
    /// The last of those records; zero when there is none.
    pub(crate) last_lsn: Lsn,
    /// When that record was committed.
    pub(crate) flushed_time: Timestamp,
    /// The history that the store is on; a restore to a point in time begins another.
    pub(crate) timeline: u32,
    /// The parts, by table and id.
    pub(crate) parts: Vec<PartEntry>,
    /// The latest part of each table that has one: the newest row of each series of `parts`.
    #[serde(default)]
    pub(crate) latest: BTreeMap<String, PartEntry>,
    /// What was deleted and may still be in parts, by table.
    #[serde(default)]
    pub(crate) tombstones: BTreeMap<String, Vec<Tombstone>>,
    /// Which numbered batches are stored.
    pub(crate) windows: Windows,
    /// Tables, tokens, collectors.
    pub(crate) catalogue: Catalogue,
}

/// A part as the manifest names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PartEntry {
    /// What the part is.
    pub(crate) meta: PartMeta,
    /// Whether no two of its rows have the same series and time.
    pub(crate) is_unique: bool,
}

impl Manifest {
    /// Returns the manifest of a store that was just made.
    pub(crate) fn new() -> Self {
        Self {
            flushed_lsn: Lsn::ZERO,
            last_lsn: Lsn::ZERO,
            flushed_time: Timestamp::MIN,
            timeline: 1,
            parts: Vec::new(),
            latest: BTreeMap::new(),
            tombstones: BTreeMap::new(),
            windows: Windows::default(),
            catalogue: Catalogue::default(),
        }
    }

    /// Returns a part.
    pub(crate) fn part(&self, id: &PartId) -> Option<&PartEntry> {
        self.parts.iter().find(|entry| entry.meta.id == *id)
    }

    /// Returns how rows of a table are read, if it is in the catalogue.
    pub(crate) fn mode(&self, table: &str) -> Option<Mode> {
        let definition = self.catalogue.table(table)?;
        Some(Mode::of(definition))
    }

    /// Returns every part that is to be on disk, latest parts included.
    pub(crate) fn files(&self) -> impl Iterator<Item = &PartEntry> {
        self.parts.iter().chain(self.latest.values())
    }
}

#[cfg(test)]
mod store_tests;
#[cfg(test)]
mod tests;
