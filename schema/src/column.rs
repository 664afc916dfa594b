//! Columns: their role, type, kind and unit.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Whether a column identifies a series or carries a measurement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ColumnRole {
    /// Text that identifies the series, together with the other tags.
    Tag,
    /// A value measured at a time.
    Field,
}

/// The type of a field; a tag is always [`FieldType::Text`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FieldType {
    /// `BIGINT`: a signed 64-bit integer.
    I64,
    /// `DOUBLE`: an IEEE 754 double.
    F64,
    /// `BOOLEAN`.
    Bool,
    /// `TEXT`: UTF-8.
    Text,
    /// `TIMESTAMP`: nanoseconds since the Unix epoch, UTC.
    Time,
}

/// How a numeric field is to be read over time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A value as it stood at that time.
    #[default]
    Gauge,
    /// A counter as its source counts, with resets.
    Cumulative,
    /// What was added since the previous sample.
    Increase,
}

/// A column of a table, without its position.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColumnDefinition {
    /// The name, as SQL shows it.
    pub name: String,
    /// Tag or field.
    pub role: ColumnRole,
    /// The type of its values.
    pub field_type: FieldType,
    /// How it develops over time; [`Kind::Gauge`] for tags, texts and times.
    #[serde(default)]
    pub kind: Kind,
    /// The unit in words (`ms`, `bytes`, `blocks`), empty where there is none.
    #[serde(default)]
    pub unit: String,
}

impl ColumnDefinition {
    /// Returns a tag.
    pub fn tag(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            role: ColumnRole::Tag,
            field_type: FieldType::Text,
            kind: Kind::Gauge,
            unit: String::new(),
        }
    }

    /// Returns a field that is a gauge without a unit.
    pub fn field(name: impl Into<String>, field_type: FieldType) -> Self {
        Self {
            name: name.into(),
            role: ColumnRole::Field,
            field_type,
            kind: Kind::Gauge,
            unit: String::new(),
        }
    }

    /// Returns this column with a kind and a unit.
    #[must_use]
    pub fn measured(mut self, kind: Kind, unit: &str) -> Self {
        self.kind = kind;
        unit.clone_into(&mut self.unit);
        self
    }
}

impl FieldType {
    /// Returns the name that SQL uses.
    pub const fn sql_name(self) -> &'static str {
        match self {
            Self::I64 => "BIGINT",
            Self::F64 => "DOUBLE",
            Self::Bool => "BOOLEAN",
            Self::Text => "TEXT",
            Self::Time => "TIMESTAMP",
        }
    }
}

impl fmt::Display for FieldType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.sql_name())
    }
}

impl fmt::Display for ColumnRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tag => "tag",
            Self::Field => "field",
        })
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Gauge => "gauge",
            Self::Cumulative => "cumulative",
            Self::Increase => "increase",
        })
    }
}
