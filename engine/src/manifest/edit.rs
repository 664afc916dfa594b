//! Changes of the manifest.

use std::collections::BTreeMap;

use schema::{Lsn, Timestamp};

use super::PartEntry;
use crate::catalogue::Catalogue;
use crate::dedup::Windows;
use crate::merge::Mode;
use crate::part::PartId;
use crate::state::{State, TableState};
use crate::tombstone::Tombstone;

/// One change, made durable as one (E-1).
#[derive(Debug, Clone)]
pub(crate) enum Edit {
    /// The records up to a point are in parts now.
    Flush {
        /// The parts that were written.
        added: Vec<PartEntry>,
        /// The latest parts of the tables whose rows they are.
        latest: LatestParts,
        /// The point.
        point: Box<FlushPoint>,
    },
    /// Parts were merged.
    Compact {
        /// The parts that were read.
        removed: Vec<PartId>,
        /// The parts that were written.
        added: Vec<PartEntry>,
    },
    /// Parts are past their table's retention.
    Expire {
        /// The parts.
        removed: Vec<PartId>,
        /// The latest part of the table.
        latest: LatestParts,
    },
    /// A table's newest rows were searched for.
    Latest(LatestParts),
    /// The store goes on as another history.
    Timeline(u32),
}

/// For tables by name, what becomes of their latest parts.
pub(crate) type LatestParts = BTreeMap<String, LatestChange>;

/// What becomes of a table's latest part.
#[derive(Debug, Clone)]
pub(crate) struct LatestChange {
    /// The one that there was when the next one was made.
    pub(crate) before: Option<PartId>,
    /// The one that there is from now on, if any.
    pub(crate) after: Option<PartEntry>,
}

/// A point of the log, and what follows from the records below it besides rows.
#[derive(Debug, Clone)]
pub(crate) struct FlushPoint {
    /// The position behind the last record.
    pub(crate) end: Lsn,
    /// The last record.
    pub(crate) last_lsn: Lsn,
    /// When it was committed.
    pub(crate) time: Timestamp,
    /// What was deleted and may still be in parts, by table.
    pub(crate) tombstones: BTreeMap<String, Vec<Tombstone>>,
    /// Which numbered batches are stored.
    pub(crate) windows: Windows,
    /// Tables, tokens, collectors.
    pub(crate) catalogue: Catalogue,
}

impl FlushPoint {
    /// Returns how rows of a table are read at this point, which is not beyond what the table knows.
    pub(crate) fn mode(&self, table: &TableState) -> Mode {
        let definition = self.catalogue.table(&table.definition.name);
        definition.map_or_else(|| table.mode(), |definition| Mode::of(definition))
    }

    /// Returns the point that a state is at, with the windows of that moment.
    pub(crate) fn of(state: &State, windows: &Windows) -> Self {
        let deleted = state
            .tables
            .values()
            .filter(|table| !table.tombstones.is_empty());
        let tombstones =
            deleted.map(|table| (table.definition.name.clone(), table.tombstones.to_vec()));
        Self {
            end: state.applied_end,
            last_lsn: state.applied_lsn,
            time: state.applied_time,
            tombstones: tombstones.collect(),
            windows: windows.clone(),
            catalogue: (*state.catalogue).clone(),
        }
    }
}
