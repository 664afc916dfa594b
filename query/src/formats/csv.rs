//! RFC 4180 with a header line; null, NaN and the infinities are the empty field.

use std::sync::Arc;

use bytes::Bytes;
use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, Float64Array, RecordBatch, RecordBatchOptions,
};
use datafusion::arrow::compute::cast;
use datafusion::arrow::csv::{Writer, WriterBuilder};
use datafusion::arrow::datatypes::{DataType, Field, Float64Type, Schema, SchemaRef};
use datafusion::arrow::error::ArrowError;

use super::{Encoder, json, timestamp};

pub(crate) struct CsvEncoder {
    schema: SchemaRef,
    writer: Writer<Vec<u8>>,
}

impl CsvEncoder {
    /// Returns an encoder that has its header already, so that an empty result shows its columns.
    pub(crate) fn new(schema: &SchemaRef) -> Result<Self, ArrowError> {
        let fields = schema.fields().iter().map(|field| printed_field(field));
        let schema: SchemaRef = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        let mut writer = WriterBuilder::new().with_header(true).build(Vec::new());
        writer.write(&RecordBatch::new_empty(Arc::clone(&schema)))?;
        Ok(Self { schema, writer })
    }
}

impl Encoder for CsvEncoder {
    fn write(&mut self, batch: &RecordBatch) -> Result<(), ArrowError> {
        let columns = batch.columns().iter().map(printed);
        let columns = columns.collect::<Result<Vec<_>, _>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        let printed =
            RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &options)?;
        self.writer.write(&printed)
    }

    fn finish(&mut self) -> Result<(), ArrowError> {
        Ok(())
    }

    fn take(&mut self) -> Bytes {
        // The writer flushes its buffer at the end of every batch, so nothing is left inside it.
        let empty = WriterBuilder::new().with_header(false).build(Vec::new());
        std::mem::replace(&mut self.writer, empty)
            .into_inner()
            .into()
    }
}

fn printed_field(field: &Field) -> Field {
    let data_type = match field.data_type() {
        data_type if timestamp::is_timestamp(data_type) => DataType::Utf8,
        data_type if data_type.is_floating() => DataType::Float64,
        data_type if is_text_in_csv(data_type) => DataType::Utf8,
        data_type => data_type.clone(),
    };
    Field::new(field.name(), data_type, true)
}

fn printed(column: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    match column.data_type() {
        data_type if timestamp::is_timestamp(data_type) => timestamp::texts(column),
        data_type if data_type.is_floating() => finite(column),
        data_type if is_text_in_csv(data_type) => json::texts(column),
        _ => Ok(Arc::clone(column)),
    }
}

fn finite(column: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    let wide = cast(column, &DataType::Float64)?;
    let values = wide.as_primitive::<Float64Type>().iter();
    let finite: Float64Array = values
        .map(|value| value.filter(|v| v.is_finite()))
        .collect();
    Ok(Arc::new(finite))
}

// What CSV has no form for is printed as JSON.
fn is_text_in_csv(data_type: &DataType) -> bool {
    data_type.is_nested()
}
