//! What the collector stores: a file per PostgreSQL view.
//!
//! Declarations only: the collector's samplers mirror them, the engine reads mode and retention from
//! them when a table of that name is made, and `docs/reference/tables.md` is printed from them.

use crate::{ColumnDefinition, FieldType, Kind, Span, TableDefinition};

/// A table whose shape is known beforehand.
#[derive(Debug, Clone, Copy)]
pub struct BuiltIn {
    /// The table's name: PostgreSQL's own without `pg_`, or `host_…`, `collector_…`.
    pub name: &'static str,
    /// What it tells, in one sentence.
    pub about: &'static str,
    /// Whether every row stays (samples, events).
    pub append_only: bool,
    /// The tags, in sort order; `instance` first.
    pub tags: &'static [&'static str],
    /// The fields.
    pub fields: &'static [Field],
}

/// A field of a built-in table.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// PostgreSQL's name for it, of the newest version.
    pub name: &'static str,
    /// Its type.
    pub field_type: FieldType,
    /// How it develops over time as stored.
    pub kind: Kind,
    /// Its unit, or empty.
    pub unit: &'static str,
}

impl BuiltIn {
    /// How long the collector's own tables are kept unless the operator says otherwise.
    pub const RETENTION: Span = Span::from_days(90);

    /// Returns the table as it is made.
    pub fn definition(&self) -> TableDefinition {
        TableDefinition {
            name: self.name.into(),
            tags: self
                .tags
                .iter()
                .map(|tag| ColumnDefinition::tag(*tag))
                .collect(),
            fields: self.fields.iter().map(Field::definition).collect(),
            append_only: self.append_only,
            retention: Some(Self::RETENTION),
        }
    }
}

impl Field {
    /// Returns the column as it is made.
    pub fn definition(&self) -> ColumnDefinition {
        ColumnDefinition::field(self.name, self.field_type).measured(self.kind, self.unit)
    }
}

/// Returns the built-in table of this name.
pub fn built_in(name: &str) -> Option<&'static BuiltIn> {
    BUILT_IN.iter().copied().find(|table| table.name == name)
}

/// Every built-in table.
pub const BUILT_IN: &[&BuiltIn] = &[];
