//! Times and values of a JSON row.

use std::fmt;

use schema::{ColumnDefinition, FieldType, Timestamp};
use serde::de::{DeserializeSeed, Deserializer, Error, Unexpected, Visitor};

use crate::door::{Row, Value};

/// Reads a time: nanoseconds since the Unix epoch, or RFC 3339.
pub(super) struct TimeSeed;

impl<'de> DeserializeSeed<'de> for TimeSeed {
    type Value = i64;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<i64, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Visitor<'_> for TimeSeed {
    type Value = i64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a time: integer nanoseconds since 1970 or RFC 3339 text")
    }

    fn visit_i64<E: Error>(self, nanos: i64) -> Result<i64, E> {
        Ok(nanos)
    }

    fn visit_u64<E: Error>(self, nanos: u64) -> Result<i64, E> {
        i64::try_from(nanos).map_err(|_| E::invalid_value(Unexpected::Unsigned(nanos), &self))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<i64, E> {
        let time: Timestamp = text.parse().map_err(E::custom)?;
        Ok(time.nanos())
    }
}

/// Reads the value of one column into the row.
pub(super) struct CellSeed<'s, 'r> {
    pub(super) row: &'s mut Row<'r>,
    pub(super) column: &'s ColumnDefinition,
}

impl<'de> DeserializeSeed<'de> for CellSeed<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl CellSeed<'_, '_> {
    fn set<E: Error>(self, value: Value<'_>) -> Result<(), E> {
        self.row.declared(self.column, value).map_err(E::custom)
    }
}

impl Visitor<'_> for CellSeed<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} or null for {:?}",
            self.column.field_type, self.column.name
        )
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<(), E> {
        match self.column.field_type {
            FieldType::Bool => self.set(Value::Bool(value)),
            _ => Err(E::invalid_type(Unexpected::Bool(value), &self)),
        }
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "JSON writes whole doubles without a point; the sender has declared a DOUBLE"
    )]
    fn visit_i64<E: Error>(self, value: i64) -> Result<(), E> {
        match self.column.field_type {
            FieldType::I64 => self.set(Value::I64(value)),
            FieldType::Time => self.set(Value::Time(value)),
            FieldType::F64 => self.set(Value::F64(value as f64)),
            _ => Err(E::invalid_type(Unexpected::Signed(value), &self)),
        }
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "JSON writes whole doubles without a point; the sender has declared a DOUBLE"
    )]
    fn visit_u64<E: Error>(self, value: u64) -> Result<(), E> {
        match (self.column.field_type, i64::try_from(value)) {
            (FieldType::F64, _) => self.set(Value::F64(value as f64)),
            (_, Ok(value)) => self.visit_i64(value),
            (_, Err(_)) => Err(E::invalid_value(Unexpected::Unsigned(value), &self)),
        }
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<(), E> {
        match self.column.field_type {
            FieldType::F64 => self.set(Value::F64(value)),
            _ => Err(E::invalid_type(Unexpected::Float(value), &self)),
        }
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        match (self.column.field_type, text) {
            (FieldType::Text, _) => self.set(Value::Text(text)),
            (FieldType::Time, _) => {
                let nanos = TimeSeed.visit_str(text)?;
                self.set(Value::Time(nanos))
            }
            // JSON has no numbers for these three.
            (FieldType::F64, "NaN") => self.set(Value::F64(f64::NAN)),
            (FieldType::F64, "Infinity") => self.set(Value::F64(f64::INFINITY)),
            (FieldType::F64, "-Infinity") => self.set(Value::F64(f64::NEG_INFINITY)),
            _ => Err(E::invalid_type(Unexpected::Str(text), &self)),
        }
    }
}
