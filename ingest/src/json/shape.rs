//! Columns as a JSON batch declares them.

use schema::{ColumnDefinition, ColumnRole, FieldType, Kind};
use serde::Deserialize;

/// One entry of `columns`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ColumnShape {
    name: String,
    #[serde(default = "field")]
    role: ColumnRole,
    #[serde(default, rename = "type")]
    field_type: Option<FieldType>,
    #[serde(default)]
    kind: Kind,
    #[serde(default)]
    unit: String,
}

impl ColumnShape {
    /// Returns the column, or why there can be none like this.
    pub(super) fn into_definition(self) -> Result<ColumnDefinition, String> {
        let name = &self.name;
        let field_type = match (self.role, self.field_type) {
            (ColumnRole::Tag, None | Some(FieldType::Text)) => FieldType::Text,
            (ColumnRole::Tag, Some(_)) => return Err(format!("tag {name:?} must be text")),
            (ColumnRole::Field, Some(field_type)) => field_type,
            (ColumnRole::Field, None) => return Err(format!("field {name:?} has no type")),
        };
        Ok(ColumnDefinition {
            name: self.name,
            role: self.role,
            field_type,
            kind: self.kind,
            unit: self.unit,
        })
    }
}

fn field() -> ColumnRole {
    ColumnRole::Field
}
