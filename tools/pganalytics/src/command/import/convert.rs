//! Arrow columns as columns of a batch.

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type, TimestampNanosecondType};
use arrow_array::{Array, ArrayRef, StringArray};
use arrow_cast::cast::{CastOptions, cast_with_options};
use arrow_schema::{DataType, TimeUnit};
use schema::{ColumnDefinition, ColumnRole, FieldType};
use wire::v1::{Column, Dictionary, Text, Values};

use crate::failure::{Failure, Outcome};

/// Returns the times of a column; none may be missing.
pub(super) fn times(column: &ArrayRef) -> Outcome<Vec<i64>> {
    let column = cast(column, &TIMESTAMP, "--time")?;
    if column.null_count() > 0 {
        return Err(Failure::call(
            "the time column holds nulls",
            "every row needs a time",
        ));
    }
    Ok(column
        .as_primitive::<TimestampNanosecondType>()
        .values()
        .to_vec())
}

/// Returns a column of the file as a column of a batch.
pub(super) fn column(definition: &ColumnDefinition, column: &ArrayRef) -> Outcome<Column> {
    let name = definition.name.as_str();
    let (values, validity) = match definition.field_type {
        FieldType::I64 => {
            let column = cast(column, &DataType::Int64, name)?;
            (
                Values::I64(column.as_primitive::<Int64Type>().values().to_vec()),
                validity(&column),
            )
        }
        FieldType::F64 => {
            let column = cast(column, &DataType::Float64, name)?;
            (
                Values::F64(column.as_primitive::<Float64Type>().values().to_vec()),
                validity(&column),
            )
        }
        FieldType::Bool => {
            let column = cast(column, &DataType::Boolean, name)?;
            (
                Values::Bool(column.as_boolean().values().iter().map(u8::from).collect()),
                validity(&column),
            )
        }
        FieldType::Time => {
            let column = cast(column, &TIMESTAMP, name)?;
            let times = column
                .as_primitive::<TimestampNanosecondType>()
                .values()
                .to_vec();
            (Values::Time(times), validity(&column))
        }
        FieldType::Text => {
            let column = cast(column, &DataType::Utf8, name)?;
            (
                Values::Dictionary(dictionary(column.as_string(), name)?),
                validity(&column),
            )
        }
    };
    Ok(Column {
        name: name.to_owned(),
        role: u8::from(definition.role == ColumnRole::Field),
        kind: 0,
        unit: String::new(),
        validity,
        values,
    })
}

/// Casts, refusing what does not fit instead of making it null.
fn cast(column: &ArrayRef, to: &DataType, name: &str) -> Outcome<ArrayRef> {
    let strict = CastOptions {
        safe: false,
        ..CastOptions::default()
    };
    cast_with_options(column, to, &strict).map_err(|error| {
        Failure::call(
            format!("column {name:?}: {error}"),
            "correct the values in the file",
        )
    })
}

/// Returns a bit a row, or nothing when no value is null.
fn validity(column: &ArrayRef) -> Vec<u8> {
    if column.null_count() == 0 {
        return Vec::new();
    }
    let mut bits = vec![0_u8; column.len().div_ceil(8)];
    for (index, byte) in bits.iter_mut().enumerate() {
        for bit in 0..8 {
            let row = index * 8 + bit;
            *byte |= u8::from(row < column.len() && column.is_valid(row)) << bit;
        }
    }
    bits
}

fn dictionary(column: &StringArray, name: &str) -> Outcome<Dictionary> {
    let mut codes_by_text = std::collections::HashMap::new();
    let mut dictionary = Dictionary {
        codes: Vec::with_capacity(column.len()),
        values: Text {
            offsets: vec![0],
            bytes: Vec::new(),
        },
    };
    let too_long = |_| {
        Failure::call(
            format!("column {name:?} holds more than 4 GiB of text"),
            "split the file",
        )
    };
    for text in column {
        let text = text.unwrap_or_default();
        let next = u32::try_from(codes_by_text.len()).map_err(too_long)?;
        let code = *codes_by_text.entry(text).or_insert(next);
        if code == next {
            dictionary.values.bytes.extend(text.as_bytes());
            dictionary
                .values
                .offsets
                .push(u32::try_from(dictionary.values.bytes.len()).map_err(too_long)?);
        }
        dictionary.codes.push(code);
    }
    Ok(dictionary)
}

const TIMESTAMP: DataType = DataType::Timestamp(TimeUnit::Nanosecond, None);

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::{ArrayRef, Int32Array, StringArray};
    use schema::{ColumnDefinition, FieldType};
    use wire::v1::Values;

    use super::{column, times};

    #[test]
    fn integers_widen_and_nulls_are_marked() {
        let array: ArrayRef = Arc::new(Int32Array::from(vec![Some(1), None, Some(3)]));
        let made = column(&ColumnDefinition::field("n", FieldType::I64), &array).unwrap();
        assert_eq!((made.role, made.validity), (1, vec![0b101]));
        assert!(matches!(made.values, Values::I64(values) if values.len() == 3));
    }

    #[test]
    fn texts_become_codes() {
        let array: ArrayRef = Arc::new(StringArray::from(vec!["a", "b", "a"]));
        let made = column(&ColumnDefinition::tag("host"), &array).unwrap();
        let Values::Dictionary(dictionary) = made.values else {
            panic!("a tag is a dictionary")
        };
        assert_eq!(
            (dictionary.codes, dictionary.values.offsets),
            (vec![0, 1, 0], vec![0, 1, 2])
        );
    }

    #[test]
    fn what_is_no_time_is_refused() {
        let array: ArrayRef = Arc::new(StringArray::from(vec!["2026-01-01T00:00:00Z", "never"]));
        assert!(times(&array).is_err());
        let array: ArrayRef = Arc::new(StringArray::from(vec![Some("2026-01-01T00:00:00Z"), None]));
        assert!(times(&array).is_err());
    }
}
