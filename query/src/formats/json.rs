//! One JSON array of row objects, and the encoders of values that JSON and JSON lines share.

use std::io::Write;
use std::sync::Arc;

use bytes::Bytes;
use datafusion::arrow::array::{
    Array, ArrayRef, RecordBatch, StringArray, TimestampNanosecondArray,
};
use datafusion::arrow::datatypes::{Field, FieldRef};
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::json::writer::{
    Encoder as JsonValueEncoder, EncoderFactory, EncoderOptions, JsonArray, JsonFormat,
    NullableEncoder, Writer, WriterBuilder, make_encoder,
};
use schema::Timestamp;

use super::{Encoder, timestamp};

pub(crate) struct JsonEncoder {
    writer: Writer<Vec<u8>, JsonArray>,
}

impl JsonEncoder {
    pub(crate) fn new() -> Self {
        Self { writer: writer() }
    }
}

impl Encoder for JsonEncoder {
    fn write(&mut self, batch: &RecordBatch) -> Result<(), ArrowError> {
        self.writer.write(batch)
    }

    fn finish(&mut self) -> Result<(), ArrowError> {
        self.writer.finish()?;
        self.writer.get_mut().push(b'\n');
        Ok(())
    }

    fn take(&mut self) -> Bytes {
        std::mem::take(self.writer.get_mut()).into()
    }
}

/// Returns a writer that prints every column of every row, nulls included, and times as we do.
pub(crate) fn writer<F: JsonFormat>() -> Writer<Vec<u8>, F> {
    WriterBuilder::new()
        .with_explicit_nulls(true)
        .with_encoder_factory(Arc::new(TimestampEncoders))
        .build(Vec::new())
}

#[derive(Debug)]
struct TimestampEncoders;

impl EncoderFactory for TimestampEncoders {
    fn make_default_encoder<'a>(
        &self,
        _field: &'a FieldRef,
        array: &'a dyn Array,
        _options: &'a EncoderOptions,
    ) -> Result<Option<NullableEncoder<'a>>, ArrowError> {
        if !timestamp::is_timestamp(array.data_type()) {
            return Ok(None);
        }
        let moments = timestamp::nanoseconds(array)?;
        let nulls = moments.nulls().cloned();
        let encoder = TimestampEncoder { moments };
        Ok(Some(NullableEncoder::new(Box::new(encoder), nulls)))
    }
}

struct TimestampEncoder {
    moments: TimestampNanosecondArray,
}

impl JsonValueEncoder for TimestampEncoder {
    fn encode(&mut self, index: usize, out: &mut Vec<u8>) {
        let moment = Timestamp::from_nanos(self.moments.value(index));
        write!(out, "\"{moment}\"").expect("writing to a vector does not fail");
    }
}

/// Returns the values of a column as JSON texts, for formats that have no nested values.
pub(crate) fn texts(column: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    let field = Arc::new(Field::new("", column.data_type().clone(), true));
    let options = EncoderOptions::default()
        .with_explicit_nulls(true)
        .with_encoder_factory(Arc::new(TimestampEncoders));
    let mut encoder = make_encoder(&field, column.as_ref(), &options)?;
    let texts: StringArray = (0..column.len())
        .map(|row| {
            column.is_valid(row).then(|| {
                let mut text = Vec::new();
                encoder.encode(row, &mut text);
                String::from_utf8_lossy(&text).into_owned()
            })
        })
        .collect();
    Ok(Arc::new(texts))
}
