//! Which column of a file becomes what.

use arrow_array::RecordBatch;
use arrow_schema::{DataType, Schema, TimeUnit};
use schema::{ColumnDefinition, FieldType, TIME_COLUMN, validate_name};
use wire::v1::Table;

use super::convert;
use crate::cli::Import;
use crate::failure::{Failure, Outcome};

/// The way from a file's columns to a table's.
#[derive(Debug)]
pub(super) struct Plan {
    table: String,
    append_only: bool,
    time: usize,
    columns: Vec<(usize, ColumnDefinition)>,
}

impl Plan {
    /// Decides from the file's columns and the call.
    pub(super) fn new(file: &Schema, call: &Import) -> Outcome<Self> {
        let find = |name: &String| {
            file.index_of(name).map_err(|_| {
                let known: Vec<_> = file
                    .fields()
                    .iter()
                    .map(|field| field.name().as_str())
                    .collect();
                Failure::call(
                    format!("the file has no column {name:?}"),
                    format!("it has: {}", known.join(", ")),
                )
            })
        };
        let time = find(&call.time)?;
        for tag in &call.tags {
            find(tag)?;
        }
        let mut columns = Vec::new();
        for (index, field) in file.fields().iter().enumerate() {
            if index == time {
                continue;
            }
            columns.push((index, column(field.name(), field.data_type(), call)?));
        }
        Ok(Self {
            table: call.table.clone(),
            append_only: call.append_only,
            time,
            columns,
        })
    }

    /// Returns a batch of the file as rows of the table.
    pub(super) fn convert(&self, batch: &RecordBatch) -> Outcome<Table> {
        let time = convert::times(batch.column(self.time))?;
        let columns = self
            .columns
            .iter()
            .map(|(index, definition)| convert::column(definition, batch.column(*index)));
        Ok(Table {
            name: self.table.clone(),
            append_only: self.append_only,
            time,
            columns: columns.collect::<Outcome<_>>()?,
        })
    }
}

fn column(name: &str, data_type: &DataType, call: &Import) -> Outcome<ColumnDefinition> {
    validate_name(name).map_err(|error| Failure::call(error, "rename the column in the file"))?;
    if name == TIME_COLUMN {
        return Err(Failure::call(
            "the file's column \"time\" is not the one that --time names",
            "rename it, or use --time time",
        ));
    }
    if call.tags.iter().any(|tag| tag == name) {
        return Ok(ColumnDefinition::tag(name));
    }
    let Some(field_type) = field_type(data_type) else {
        let what = format!("column {name:?} is {data_type}, which has no counterpart here");
        return Err(Failure::call(
            what,
            "convert it to a number, text, boolean or timestamp",
        ));
    };
    Ok(ColumnDefinition::field(name, field_type))
}

fn field_type(data_type: &DataType) -> Option<FieldType> {
    Some(match data_type {
        DataType::Int8 | DataType::Int16 | DataType::Int32 | DataType::Int64 => FieldType::I64,
        DataType::UInt8 | DataType::UInt16 | DataType::UInt32 | DataType::UInt64 => FieldType::I64,
        DataType::Float16 | DataType::Float32 | DataType::Float64 => FieldType::F64,
        DataType::Decimal128(..) | DataType::Decimal256(..) => FieldType::F64,
        DataType::Boolean => FieldType::Bool,
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Null => {
            FieldType::Text
        }
        DataType::Dictionary(_, values) => return field_type(values),
        DataType::Timestamp(
            TimeUnit::Second | TimeUnit::Millisecond | TimeUnit::Microsecond | TimeUnit::Nanosecond,
            _,
        )
        | DataType::Date32
        | DataType::Date64 => FieldType::Time,
        _ => return None,
    })
}
