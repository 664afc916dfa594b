//! What the tables should hold: plain maps, filled batch by batch in the order of the log.

use std::collections::BTreeMap;

use crate::deletes::Deleted;
use crate::rows::{Row, TableRows};

/// A table as it should be.
#[derive(Debug, Default)]
struct Table {
    append_only: bool,
    kept: Vec<Row>,
    merged: BTreeMap<Key, Row>,
}

type Key = (BTreeMap<&'static str, String>, i64);

/// All tables.
#[derive(Debug, Default)]
pub struct Model {
    tables: BTreeMap<&'static str, Table>,
}

impl Model {
    /// Applies the rows of one table of a batch.
    pub fn apply(&mut self, rows: &TableRows) {
        let table = self.tables.entry(rows.name).or_default();
        table.append_only = rows.append_only;
        for row in &rows.rows {
            table.write(row);
        }
    }

    /// Deletes rows of a table that is written over.
    pub fn delete(&mut self, table: &'static str, rows: &Deleted) {
        if let Some(table) = self.tables.get_mut(table) {
            table.merged.retain(|_, row| !rows.is_for(row));
        }
    }

    /// Returns the rows of each table as text, sorted.
    #[must_use]
    pub fn tables(&self) -> BTreeMap<&'static str, Vec<String>> {
        let tables = self.tables.iter();
        tables.map(|(name, table)| (*name, table.lines())).collect()
    }
}

impl Table {
    fn write(&mut self, row: &Row) {
        if self.append_only {
            self.kept.push(row.clone());
            return;
        }
        // Field by field the later value wins.
        let merged = self
            .merged
            .entry((row.tags.clone(), row.time))
            .or_insert_with(|| Row {
                fields: BTreeMap::new(),
                ..row.clone()
            });
        merged.fields.extend(row.fields.clone());
    }

    fn lines(&self) -> Vec<String> {
        let rows = self.kept.iter().chain(self.merged.values());
        let mut lines: Vec<String> = rows.map(Row::line).collect();
        lines.sort_unstable();
        lines
    }
}
