//! A cell, read from PostgreSQL's text.

use schema::{ColumnDefinition, FieldType};
use wire::TableBuilder;

/// A value of a row.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Null,
    I64(i64),
    F64(f64),
    Text(String),
    /// Nanoseconds since the Unix epoch.
    Time(i64),
}

impl Value {
    /// Reads a cell; what is absent or not of the type is null, so that one strange value costs no row.
    ///
    /// Times come as microseconds since the Unix epoch, as [`time_sql`] asks for them.
    pub(crate) fn read(cell: Option<&str>, field_type: FieldType) -> Self {
        let Some(text) = cell else {
            return Self::Null;
        };
        let value = match field_type {
            FieldType::I64 => text.parse().ok().map(Self::I64),
            FieldType::F64 => text
                .parse()
                .ok()
                .filter(|x: &f64| x.is_finite())
                .map(Self::F64),
            FieldType::Time => text
                .parse::<i64>()
                .ok()
                .and_then(|micros| micros.checked_mul(1_000))
                .map(Self::Time),
            FieldType::Text | FieldType::Bool => Some(Self::Text(text.to_owned())),
        };
        value.unwrap_or(Self::Null)
    }

    /// Pushes the value into the row that was begun last; null stays away.
    pub(crate) fn push(&self, table: &mut TableBuilder, definition: &ColumnDefinition) {
        let fits = match self {
            Self::Null => return,
            Self::I64(value) | Self::Time(value) => table.column(definition).push_i64(*value),
            Self::F64(value) => table.column(definition).push_f64(*value),
            Self::Text(value) => table.column(definition).push_text(value),
        };
        debug_assert!(fits, "values are read by the type of their column");
    }

    /// Returns the sum of two increases; null counts as nothing.
    pub(crate) fn plus(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::I64(a), Self::I64(b)) => Self::I64(a.saturating_add(*b)),
            (Self::F64(a), Self::F64(b)) => Self::F64(a + b),
            (Self::Null, other) => other.clone(),
            (some, _) => some.clone(),
        }
    }
}

/// Returns the SQL that makes a time of PostgreSQL a number that [`Value::read`] understands.
pub(crate) fn time_sql(expression: &str) -> String {
    format!("(extract(epoch FROM {expression}) * 1000000)::bigint")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_read_by_type_and_nonsense_is_null() {
        assert_eq!(Value::read(Some("42"), FieldType::I64), Value::I64(42));
        assert_eq!(Value::read(Some("1.5"), FieldType::F64), Value::F64(1.5));
        assert_eq!(Value::read(Some("7"), FieldType::Time), Value::Time(7_000));
        assert_eq!(Value::read(None, FieldType::Text), Value::Null);
        assert_eq!(Value::read(Some("x"), FieldType::I64), Value::Null);
        assert_eq!(Value::read(Some("NaN"), FieldType::F64), Value::Null);
        assert_eq!(
            Value::read(Some(&i64::MAX.to_string()), FieldType::Time),
            Value::Null
        );
    }

    #[test]
    fn increases_add_up_and_null_adds_nothing() {
        assert_eq!(Value::I64(1).plus(&Value::I64(2)), Value::I64(3));
        assert_eq!(Value::Null.plus(&Value::F64(2.0)), Value::F64(2.0));
        assert_eq!(Value::F64(2.0).plus(&Value::Null), Value::F64(2.0));
    }
}
