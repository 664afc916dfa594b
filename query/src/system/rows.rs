//! Building a small batch row by row.

use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use datafusion::common::{Result, ScalarValue, internal_err};
use schema::Timestamp;

/// The rows of a system table while they are collected.
#[derive(Debug)]
pub(crate) struct Rows {
    schema: SchemaRef,
    columns: Vec<Vec<ScalarValue>>,
}

impl Rows {
    /// Returns no rows of these columns, all of them nullable.
    pub(crate) fn new(columns: &[(&str, DataType)]) -> Self {
        Self {
            schema: schema_of(columns),
            columns: vec![Vec::new(); columns.len()],
        }
    }

    /// Adds a row; its values are in the order of the columns.
    pub(crate) fn push<const N: usize>(&mut self, row: [ScalarValue; N]) {
        debug_assert_eq!(N, self.columns.len(), "a row has a value for every column");
        for (column, value) in self.columns.iter_mut().zip(row) {
            column.push(value);
        }
    }

    /// Adds a row whose length only its maker knows.
    ///
    /// # Errors
    /// When it has not a value for every column.
    pub(crate) fn push_row(&mut self, row: Vec<ScalarValue>) -> Result<()> {
        if row.len() != self.columns.len() {
            let (values, columns) = (row.len(), self.columns.len());
            return internal_err!("a row of {values} values for {columns} columns");
        }
        for (column, value) in self.columns.iter_mut().zip(row) {
            column.push(value);
        }
        Ok(())
    }

    /// Returns the batch.
    pub(crate) fn finish(self) -> Result<RecordBatch> {
        let fields = self.schema.fields().iter();
        let arrays = fields.zip(self.columns).map(|(field, values)| {
            if values.is_empty() {
                return Ok(datafusion::arrow::array::new_empty_array(field.data_type()));
            }
            ScalarValue::iter_to_array(values)
        });
        let arrays = arrays.collect::<Result<Vec<_>>>()?;
        Ok(RecordBatch::try_new(self.schema, arrays)?)
    }
}

/// Returns the schema of these columns.
pub(crate) fn schema_of(columns: &[(&str, DataType)]) -> SchemaRef {
    let fields = columns
        .iter()
        .map(|(name, data_type)| Field::new(*name, data_type.clone(), true));
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

/// The type of a time.
pub(crate) fn time_type() -> DataType {
    DataType::Timestamp(TimeUnit::Nanosecond, Some("UTC".into()))
}

/// Returns a time, or null.
pub(crate) fn time(moment: Option<Timestamp>) -> ScalarValue {
    ScalarValue::TimestampNanosecond(moment.map(Timestamp::nanos), Some("UTC".into()))
}

/// Returns a count, or null; what does not fit is the largest number.
pub(crate) fn count(number: impl Into<Option<u64>>) -> ScalarValue {
    let number = number.into();
    ScalarValue::Int64(number.map(|number| i64::try_from(number).unwrap_or(i64::MAX)))
}

/// Returns a text.
pub(crate) fn text(text: impl Into<String>) -> ScalarValue {
    ScalarValue::Utf8(Some(text.into()))
}

/// Returns a truth value.
pub(crate) fn truth(value: bool) -> ScalarValue {
    ScalarValue::Boolean(Some(value))
}
