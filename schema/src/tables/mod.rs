//! What the collector stores: a file per PostgreSQL view.
//!
//! Declarations only: the collector's samplers mirror them, the engine reads mode and retention from
//! them when a table of that name is made, and `docs/reference/tables.md` is printed from them.

mod collector_stats;
mod host_cpu;
mod host_disk;
mod host_memory;
mod query_text;
mod stat_activity;
mod stat_bgwriter;
mod stat_checkpointer;
mod stat_database;
mod stat_statements;
mod stat_wal;

pub use collector_stats::COLLECTOR_STATS;
pub use host_cpu::HOST_CPU;
pub use host_disk::HOST_DISK;
pub use host_memory::HOST_MEMORY;
pub use query_text::QUERY_TEXT;
pub use stat_activity::STAT_ACTIVITY;
pub use stat_bgwriter::STAT_BGWRITER;
pub use stat_checkpointer::STAT_CHECKPOINTER;
pub use stat_database::STAT_DATABASE;
pub use stat_statements::STAT_STATEMENTS;
pub use stat_wal::STAT_WAL;

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
    /// How long rows are kept unless the operator says otherwise; `None` keeps them for ever.
    pub retention: Option<Span>,
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
    /// How long most of the collector's own tables are kept.
    pub const RETENTION: Span = Span::from_days(90);

    /// Returns the field of this name.
    pub fn field(&self, name: &str) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.name == name)
    }

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
            retention: self.retention,
        }
    }
}

impl Field {
    /// Returns a counter of whole things, stored as what was added since the previous sample.
    pub(crate) const fn count(name: &'static str, unit: &'static str) -> Self {
        Self::new(name, FieldType::I64, Kind::Increase, unit)
    }

    /// Returns a counter of milliseconds, stored as what was added since the previous sample.
    pub(crate) const fn spent_ms(name: &'static str) -> Self {
        Self::new(name, FieldType::F64, Kind::Increase, "ms")
    }

    /// Returns a whole number as it stands.
    pub(crate) const fn level(name: &'static str, unit: &'static str) -> Self {
        Self::new(name, FieldType::I64, Kind::Gauge, unit)
    }

    /// Returns a fractional number as it stands.
    pub(crate) const fn measure(name: &'static str, unit: &'static str) -> Self {
        Self::new(name, FieldType::F64, Kind::Gauge, unit)
    }

    /// Returns a text as it stands.
    pub(crate) const fn text(name: &'static str) -> Self {
        Self::new(name, FieldType::Text, Kind::Gauge, "")
    }

    /// Returns a moment as it stands.
    pub(crate) const fn moment(name: &'static str) -> Self {
        Self::new(name, FieldType::Time, Kind::Gauge, "")
    }

    /// Returns the seconds that the increases of a row cover.
    pub(crate) const fn interval() -> Self {
        Self::new("interval_s", FieldType::F64, Kind::Gauge, "s")
    }

    const fn new(
        name: &'static str,
        field_type: FieldType,
        kind: Kind,
        unit: &'static str,
    ) -> Self {
        Self {
            name,
            field_type,
            kind,
            unit,
        }
    }

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
pub const BUILT_IN: &[&BuiltIn] = &[
    &STAT_STATEMENTS,
    &QUERY_TEXT,
    &STAT_ACTIVITY,
    &STAT_DATABASE,
    &STAT_WAL,
    &STAT_BGWRITER,
    &STAT_CHECKPOINTER,
    &HOST_CPU,
    &HOST_MEMORY,
    &HOST_DISK,
    &COLLECTOR_STATS,
];

#[cfg(test)]
mod tests;
