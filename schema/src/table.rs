//! A table: its name, columns, mode and retention.

use serde::{Deserialize, Serialize};

use crate::{ColumnDefinition, ColumnRole, FieldType, Span};

/// A table as SQL shows it: `time`, then tags in order of arrival, then fields likewise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableDefinition {
    /// The name.
    pub name: String,
    /// The tags, in the order that sorts the series; a new one goes to the end.
    pub tags: Vec<ColumnDefinition>,
    /// The fields.
    pub fields: Vec<ColumnDefinition>,
    /// Whether equal series and time keep every row (samples, events) instead of merging them.
    #[serde(default)]
    pub append_only: bool,
    /// How long rows are kept; nothing expires without it.
    #[serde(default)]
    pub retention: Option<Span>,
}

impl TableDefinition {
    /// Returns a table without columns, merging, kept for ever.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            tags: Vec::new(),
            fields: Vec::new(),
            append_only: false,
            retention: None,
        }
    }

    /// Returns the columns behind `time`: tags, then fields.
    pub fn columns(&self) -> impl Iterator<Item = &ColumnDefinition> {
        self.tags.iter().chain(&self.fields)
    }

    /// Returns the number of columns, `time` included.
    pub fn column_count(&self) -> usize {
        1 + self.tags.len() + self.fields.len()
    }

    /// Returns the position of a tag among the tags.
    pub fn tag_index(&self, name: &str) -> Option<usize> {
        self.tags.iter().position(|tag| tag.name == name)
    }

    /// Returns the position of a field among the fields.
    pub fn field_index(&self, name: &str) -> Option<usize> {
        self.fields.iter().position(|field| field.name == name)
    }

    /// Returns role and type of a column, if the table has it.
    pub fn lookup(&self, name: &str) -> Option<(ColumnRole, FieldType)> {
        self.columns()
            .find(|column| column.name == name)
            .map(|c| (c.role, c.field_type))
    }
}
