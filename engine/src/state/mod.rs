//! What readers see: one immutable state, replaced as a whole.
//!
//! ```text
//!   StateCell ─ Arc<State> ─┬─ catalogue, applied_lsn, flushed_lsn
//!                           └─ tables: name → Arc<TableState>
//!                                        ├─ definition
//!                                        ├─ series   (shared by all states, only grows)
//!                                        ├─ parts    (Arc each; the last one dropped unlinks; their
//!                                        │            footers are read when they are wanted)
//!                                        ├─ frozen   (being flushed)
//!                                        └─ active   (being filled)
//! ```
//!
//! The applier, the flush and the compaction each make the next state from the present one under the
//! writer's lock; readers clone an `Arc` and are never waited for.

mod cell;
mod footers;
mod part;
mod renumber;
mod table;

use std::collections::BTreeMap;
use std::sync::Arc;

use schema::{Lsn, TableDefinition, Timestamp};

pub(crate) use cell::StateCell;
pub(crate) use footers::Footers;
pub(crate) use part::{ReadPart, Shelf, StoredPart};
pub(crate) use renumber::LiveSeries;
pub(crate) use table::{Extent, TableState};

use crate::catalogue::Catalogue;
use crate::tombstone::Tombstone;

/// Everything that a reader can see at one moment.
#[derive(Debug, Clone, Default)]
pub(crate) struct State {
    /// The tables by name.
    pub(crate) tables: BTreeMap<Arc<str>, Arc<TableState>>,
    /// The applied catalogue.
    pub(crate) catalogue: Arc<Catalogue>,
    /// The last record that is applied.
    pub(crate) applied_lsn: Lsn,
    /// The position behind it.
    pub(crate) applied_end: Lsn,
    /// When it was committed.
    pub(crate) applied_time: Timestamp,
    /// Every record below is in parts, and the manifest that says so is durable.
    pub(crate) flushed_lsn: Lsn,
}

impl State {
    /// Returns a table.
    pub(crate) fn table(&self, name: &str) -> Option<&Arc<TableState>> {
        self.tables.get(name)
    }

    /// Returns a table to be changed, made by its definition in the catalogue where it is new.
    pub(crate) fn table_mut(&mut self, name: &str) -> Option<&mut TableState> {
        if !self.tables.contains_key(name) {
            let table = TableState::new(Arc::clone(self.catalogue.table(name)?));
            self.tables.insert(name.into(), Arc::new(table));
        }
        self.tables.get_mut(name).map(Arc::make_mut)
    }

    /// Puts a table's definition, for the catalogue and for readers.
    pub(crate) fn put_definition(&mut self, definition: TableDefinition) {
        let definition = Arc::new(definition);
        Arc::make_mut(&mut self.catalogue).put_table(Arc::clone(&definition));
        if let Some(table) = self.table_mut(&definition.name) {
            table.definition = Arc::clone(&definition);
        }
    }

    /// Replaces the catalogue, and the definitions that readers see with it.
    pub(crate) fn set_catalogue(&mut self, catalogue: Catalogue) {
        let catalogue = Arc::new(catalogue);
        self.catalogue = Arc::clone(&catalogue);
        for definition in catalogue.tables() {
            let known = self.table(&definition.name);
            if known.is_some_and(|table| Arc::ptr_eq(&table.definition, definition)) {
                continue;
            }
            if let Some(table) = self.table_mut(&definition.name) {
                table.definition = Arc::clone(definition);
            }
        }
    }

    /// Returns the bytes of all rows that are not in parts.
    pub(crate) fn memtable_bytes(&self) -> u64 {
        self.tables
            .values()
            .map(|table| table.memtable_bytes() as u64)
            .sum()
    }

    /// Returns about how many bytes series, tombstones and what is known of parts take.
    pub(crate) fn index_bytes(&self) -> u64 {
        let of_table = |table: &Arc<TableState>| {
            let tombstones: u64 = table.tombstones.iter().map(Tombstone::bytes).sum();
            table.series.bytes() + table.parts.len() as u64 * StoredPart::BYTES + tombstones
        };
        self.tables.values().map(of_table).sum()
    }

    /// Returns the number of tombstones over all tables.
    pub(crate) fn tombstone_count(&self) -> u64 {
        let tables = self.tables.values();
        tables.map(|table| table.tombstones.len() as u64).sum()
    }

    /// Returns the number of tombstones that no manifest has.
    pub(crate) fn fresh_tombstone_count(&self) -> u64 {
        let is_fresh = |tombstone: &&Tombstone| tombstone.lsn >= self.flushed_lsn;
        let of_table = |table: &Arc<TableState>| {
            let latest_first = table.tombstones.iter().rev();
            latest_first.take_while(is_fresh).count() as u64
        };
        self.tables.values().map(of_table).sum()
    }

    /// Returns the number of series over all tables.
    pub(crate) fn series_count(&self) -> u64 {
        self.tables
            .values()
            .map(|table| u64::from(table.series.series_count()))
            .sum()
    }
}
