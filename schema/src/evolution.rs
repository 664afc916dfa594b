//! How a table grows by what is sent: new columns are added, disagreement is refused.

use crate::{
    ColumnDefinition, ColumnRole, Error, FieldType, TIME_COLUMN, TableDefinition, validate_name,
};

/// A column as a batch brings it, by reference into the batch.
#[derive(Debug, Clone, Copy)]
pub struct Incoming<'a> {
    /// The name.
    pub name: &'a str,
    /// Tag or field.
    pub role: ColumnRole,
    /// The type of its values.
    pub field_type: FieldType,
    /// How it develops over time.
    pub kind: crate::Kind,
    /// The unit, or empty.
    pub unit: &'a str,
}

/// The columns that a batch adds to a table; empty when it has them all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Growth {
    /// New tags, to be put behind the present ones.
    pub tags: Vec<ColumnDefinition>,
    /// New fields, likewise.
    pub fields: Vec<ColumnDefinition>,
}

impl Growth {
    /// Tells whether nothing is added.
    pub fn is_empty(&self) -> bool {
        self.tags.is_empty() && self.fields.is_empty()
    }

    /// Adds the columns to the table that [`merge`] was asked about.
    pub fn apply(self, table: &mut TableDefinition) {
        table.tags.extend(self.tags);
        table.fields.extend(self.fields);
    }
}

/// Returns what the incoming columns add to the table.
///
/// # Errors
/// [`Error::ColumnType`] or [`Error::ColumnRole`] with the first column that disagrees,
/// [`Error::Name`] for a name that is not allowed, sent twice, or `time`,
/// [`Error::ColumnsMax`] when the table would grow past the limit.
pub fn merge<'a>(
    table: &TableDefinition,
    incoming: impl IntoIterator<Item = Incoming<'a>>,
    columns_max: usize,
) -> Result<Growth, Error> {
    let mut growth = Growth::default();
    let mut seen = Vec::new();
    for column in incoming {
        if seen.contains(&column.name) {
            return Err(Error::Name {
                name: column.name.into(),
                reason: "the batch has it twice",
            });
        }
        seen.push(column.name);
        if let Some(added) = check(table, column)? {
            match added.role {
                ColumnRole::Tag => growth.tags.push(added),
                ColumnRole::Field => growth.fields.push(added),
            }
        }
    }
    if table.column_count() + growth.tags.len() + growth.fields.len() > columns_max {
        return Err(Error::ColumnsMax {
            table: table.name.clone(),
            columns_max,
        });
    }
    Ok(growth)
}

fn check(table: &TableDefinition, column: Incoming<'_>) -> Result<Option<ColumnDefinition>, Error> {
    let Some((role, field_type)) = table.lookup(column.name) else {
        return new_column(column).map(Some);
    };
    if role != column.role {
        return Err(Error::ColumnRole {
            table: table.name.clone(),
            column: column.name.into(),
            expected: role,
            actual: column.role,
        });
    }
    if field_type != column.field_type {
        return Err(Error::ColumnType {
            table: table.name.clone(),
            column: column.name.into(),
            expected: field_type,
            actual: column.field_type,
        });
    }
    Ok(None)
}

fn new_column(column: Incoming<'_>) -> Result<ColumnDefinition, Error> {
    validate_name(column.name)?;
    if column.name == TIME_COLUMN {
        let reason = "it is the time column's, which every table has";
        return Err(Error::Name {
            name: column.name.into(),
            reason,
        });
    }
    Ok(ColumnDefinition {
        name: column.name.into(),
        role: column.role,
        field_type: if column.role == ColumnRole::Tag {
            FieldType::Text
        } else {
            column.field_type
        },
        kind: column.kind,
        unit: column.unit.into(),
    })
}

#[cfg(test)]
mod tests {
    use super::{Incoming, merge};
    use crate::{ColumnDefinition, ColumnRole, Error, FieldType, Kind, TableDefinition};

    fn cpu() -> TableDefinition {
        let mut table = TableDefinition::new("cpu");
        table.tags.push(ColumnDefinition::tag("host"));
        table
            .fields
            .push(ColumnDefinition::field("usage", FieldType::F64));
        table
    }

    fn field(name: &str, field_type: FieldType) -> Incoming<'_> {
        Incoming {
            name,
            role: ColumnRole::Field,
            field_type,
            kind: Kind::Gauge,
            unit: "",
        }
    }

    #[test]
    fn known_columns_add_nothing() {
        let growth = merge(&cpu(), [field("usage", FieldType::F64)], 10);
        assert!(growth.is_ok_and(|g| g.is_empty()));
    }

    #[test]
    fn a_new_field_is_added_at_the_end() {
        let mut table = cpu();
        merge(&table, [field("idle", FieldType::I64)], 10)
            .unwrap()
            .apply(&mut table);
        assert_eq!(table.field_index("idle"), Some(1));
    }

    #[test]
    fn another_type_is_refused_by_name() {
        let refusal = merge(&cpu(), [field("usage", FieldType::I64)], 10).unwrap_err();
        assert!(matches!(&refusal, Error::ColumnType { column, .. } if column == "usage"));
    }

    #[test]
    fn another_role_is_refused_by_name() {
        let refusal = merge(&cpu(), [field("host", FieldType::Text)], 10).unwrap_err();
        assert!(matches!(&refusal, Error::ColumnRole { column, .. } if column == "host"));
    }

    #[test]
    fn time_twice_and_too_many_are_refused() {
        assert!(merge(&cpu(), [field("time", FieldType::Time)], 10).is_err());
        let twice = [field("a", FieldType::I64), field("a", FieldType::I64)];
        assert!(merge(&cpu(), twice, 10).is_err());
        assert!(matches!(
            merge(&cpu(), [field("a", FieldType::I64)], 3),
            Err(Error::ColumnsMax { columns_max: 3, .. })
        ));
    }
}
