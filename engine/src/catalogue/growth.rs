//! How tables come into being and grow by the batches that are written to them.

use std::sync::Arc;

use schema::{ColumnRole, FieldType, Growth, Incoming, Kind, TableDefinition, merge, tables};

use super::Catalogue;
use crate::Error;

impl Catalogue {
    /// Returns the table as it is once these rows are in it, or nothing if it stays as it is.
    ///
    /// `grown` are tables that the same batch has grown before.
    ///
    /// # Errors
    /// [`Error::Schema`] naming the first column that disagrees or is not allowed.
    pub(crate) fn grown(
        &self,
        grown: &[TableDefinition],
        rows: &wire::TableView<'_>,
        columns_max: usize,
    ) -> Result<Option<TableDefinition>, Error> {
        let before = grown.iter().rev().find(|table| table.name == rows.name());
        let present = before.or_else(|| self.table(rows.name()).map(|table| &**table));
        let fresh;
        let table = match present {
            Some(table) => table,
            None => {
                fresh = new_table(rows);
                &fresh
            }
        };
        let growth: Growth = merge(table, columns(rows), columns_max)?;
        if present.is_some() && growth.is_empty() {
            return Ok(None);
        }
        let mut next = table.clone();
        growth.apply(&mut next);
        Ok(Some(next))
    }

    /// Puts a table as [`Self::grown`] returned it.
    pub(crate) fn put_table(&mut self, table: Arc<TableDefinition>) {
        self.tables.insert(table.name.clone(), table);
    }

    /// Returns the number of tables.
    pub(crate) fn table_count(&self) -> usize {
        self.tables.len()
    }
}

/// Returns a table as it is made: a built-in one by its declaration, any other as the batch asks.
fn new_table(rows: &wire::TableView<'_>) -> TableDefinition {
    match tables::built_in(rows.name()) {
        Some(built_in) => built_in.definition(),
        None => TableDefinition {
            append_only: rows.append_only(),
            ..TableDefinition::new(rows.name())
        },
    }
}

/// Returns what a batch brings: its tags, then its fields.
fn columns<'a>(rows: &wire::TableView<'a>) -> impl Iterator<Item = Incoming<'a>> + use<'a> {
    let tags = rows.tags().map(|tag| Incoming {
        name: tag.name(),
        role: ColumnRole::Tag,
        field_type: FieldType::Text,
        kind: Kind::Gauge,
        unit: "",
    });
    let fields = rows.fields().map(|field| Incoming {
        name: field.name(),
        role: ColumnRole::Field,
        field_type: field.field_type(),
        kind: field.kind(),
        unit: field.unit(),
    });
    tags.chain(fields)
}
