//! What the tables should hold: plain maps, filled batch by batch in the order of the log.

mod slot;

use std::collections::BTreeMap;

use crate::deletes::Deleted;
use crate::ensure;
use crate::observe::{self, Shown};
use crate::rows::{Row, TableRows};
use crate::violation::Violation;

use slot::Slot;

/// All tables.
#[derive(Debug, Default)]
pub struct Model {
    tables: BTreeMap<&'static str, Table>,
}

/// A table as it should be.
#[derive(Debug)]
pub struct Table {
    append_only: bool,
    slots: BTreeMap<Key, Slot>,
}

/// A series as text, and nanoseconds.
type Key = (String, i64);

impl Model {
    /// Applies the rows of one table of a batch. The first ones say how a table begins.
    pub fn apply(&mut self, rows: &TableRows) {
        let table = self.tables.entry(rows.name).or_insert_with(|| Table {
            append_only: rows.append_only,
            slots: BTreeMap::new(),
        });
        rows.rows.iter().for_each(|row| table.write(row));
    }

    /// Deletes rows.
    pub fn delete(&mut self, table: &str, rows: &Deleted) {
        if let Some(table) = self.tables.get_mut(table) {
            table.slots.retain(|_, slot| !slot.is_meant_by(rows));
        }
    }

    /// Changes the mode of a table.
    pub fn set_append_only(&mut self, table: &str, append_only: bool) {
        if let Some(table) = self.tables.get_mut(table) {
            table.set_append_only(append_only);
        }
    }

    /// Returns a table.
    #[must_use]
    pub fn table(&self, name: &str) -> Option<&Table> {
        self.tables.get(name)
    }

    /// Returns all tables.
    pub fn tables(&self) -> impl Iterator<Item = (&'static str, &Table)> {
        self.tables.iter().map(|(name, table)| (*name, table))
    }
}

impl Table {
    /// Returns every row that was written and not deleted.
    pub fn written(&self) -> impl Iterator<Item = &Row> {
        self.slots.values().flat_map(Slot::written)
    }

    /// Checks what a store shows of the table.
    ///
    /// # Errors
    /// The first series and time of which it shows other rows, or another mode.
    pub fn check(&self, shown: &observe::Table) -> Result<(), Violation> {
        self.check_mode(shown)?;
        let mut rest = by_slot(&shown.rows);
        for (key, slot) in &self.slots {
            let lines = rest.remove(key).unwrap_or_default();
            ensure!(
                slot.may_show(&lines, self.append_only),
                "of {key:?} it shows {lines:#?}, append-only: {}, and there are {slot:#?}",
                self.append_only
            );
        }
        ensure!(
            rest.is_empty(),
            "it shows rows that are not there: {rest:#?}"
        );
        Ok(())
    }

    /// Checks the mode that a store shows of the table.
    ///
    /// # Errors
    /// When it is another.
    pub fn check_mode(&self, shown: &observe::Table) -> Result<(), Violation> {
        ensure!(
            shown.append_only == self.append_only,
            "it says of append-only: {}",
            shown.append_only
        );
        Ok(())
    }

    fn write(&mut self, row: &Row) {
        let slot = self.slots.entry((row.series(), row.time)).or_default();
        slot.write(row);
    }

    fn set_append_only(&mut self, append_only: bool) {
        if append_only && !self.append_only {
            self.slots.values_mut().for_each(Slot::keep_from_now_on);
        }
        self.append_only = append_only;
    }
}

/// Returns rows as text by their series and time, in the order in which they came.
fn by_slot(rows: &[Shown]) -> BTreeMap<Key, Vec<&str>> {
    let mut slots: BTreeMap<Key, Vec<&str>> = BTreeMap::new();
    for row in rows {
        let key = (row.series.clone(), row.time);
        slots.entry(key).or_default().push(&row.line);
    }
    slots
}

#[cfg(test)]
mod tests;
