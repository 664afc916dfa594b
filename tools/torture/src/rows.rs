//! Rows as a test thinks of them, as a batch carries them, and as text to compare.

use std::collections::BTreeMap;

use schema::{ColumnDefinition, FieldType};
use wire::{BatchFrame, Limits, TableBuilder, v1};

/// A value of a field.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// `BIGINT`.
    I64(i64),
    /// `DOUBLE`.
    F64(f64),
    /// `BOOLEAN`.
    Bool(bool),
    /// `TEXT`.
    Text(String),
}

/// A row; columns that it does not name are null.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Row {
    /// Nanoseconds.
    pub time: i64,
    /// By name.
    pub tags: BTreeMap<&'static str, String>,
    /// By name.
    pub fields: BTreeMap<&'static str, Value>,
}

/// Rows of one table.
#[derive(Debug, Clone)]
pub struct TableRows {
    /// The table.
    pub name: &'static str,
    /// Whether it keeps every row.
    pub append_only: bool,
    /// In the order of the batch.
    pub rows: Vec<Row>,
}

/// A numbered batch.
#[derive(Debug, Clone)]
pub struct Batch {
    /// Who sends it.
    pub collector: &'static str,
    /// Since when.
    pub epoch: u64,
    /// Which of its batches.
    pub sequence: u64,
    /// What is in it.
    pub tables: Vec<TableRows>,
}

impl Row {
    /// Returns the row as text, by the names of its columns.
    #[must_use]
    pub fn line(&self) -> String {
        let mut columns: BTreeMap<&str, String> = BTreeMap::new();
        columns.insert("time", self.time.to_string());
        columns.extend(self.tags.iter().map(|(name, value)| (*name, value.clone())));
        columns.extend(
            self.fields
                .iter()
                .map(|(name, value)| (*name, value.text())),
        );
        line(&columns)
    }

    /// Returns its tags as text.
    #[must_use]
    pub fn series(&self) -> String {
        let tags = self.tags.iter();
        line(&tags.map(|(name, value)| (*name, value.clone())).collect())
    }
}

/// Returns columns as text.
#[must_use]
pub fn line(columns: &BTreeMap<&str, String>) -> String {
    let mut line = String::new();
    for (name, value) in columns {
        line.push_str(name);
        line.push('=');
        line.push_str(value);
        line.push(' ');
    }
    line
}

impl Value {
    fn text(&self) -> String {
        match self {
            Self::I64(value) => value.to_string(),
            Self::F64(value) => value.to_string(),
            Self::Bool(value) => value.to_string(),
            Self::Text(value) => value.clone(),
        }
    }

    const fn field_type(&self) -> FieldType {
        match self {
            Self::I64(_) => FieldType::I64,
            Self::F64(_) => FieldType::F64,
            Self::Bool(_) => FieldType::Bool,
            Self::Text(_) => FieldType::Text,
        }
    }
}

impl Batch {
    /// Returns the batch as it comes over the wire.
    ///
    /// # Panics
    /// When it is no batch: the workload makes none such.
    #[must_use]
    pub fn frame(&self) -> BatchFrame {
        let batch = v1::Batch {
            collector: self.collector.into(),
            epoch: self.epoch,
            sequence: self.sequence,
            tables: self.tables.iter().map(TableRows::to_wire).collect(),
        };
        BatchFrame::encode(&batch, &Limits::default()).expect("the workload makes batches")
    }
}

impl TableRows {
    fn to_wire(&self) -> v1::Table {
        let mut table = TableBuilder::new(self.name);
        if self.append_only {
            table = table.append_only();
        }
        for row in &self.rows {
            table.begin_row(row.time);
            for (name, value) in &row.tags {
                let pushed = table.column(&ColumnDefinition::tag(*name)).push_text(value);
                assert!(pushed, "{name} is a tag");
            }
            for (name, value) in &row.fields {
                let field = ColumnDefinition::field(*name, value.field_type());
                let column = table.column(&field);
                let pushed = match value {
                    Value::I64(value) => column.push_i64(*value),
                    Value::F64(value) => column.push_f64(*value),
                    Value::Bool(value) => column.push_bool(*value),
                    Value::Text(value) => column.push_text(value),
                };
                assert!(pushed, "{name} has one type");
            }
        }
        table.finish()
    }
}
