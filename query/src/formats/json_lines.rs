//! One JSON object per row and line.

use bytes::Bytes;
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::json::writer::{LineDelimited, Writer};

use super::{Encoder, json};

pub(crate) struct JsonLinesEncoder {
    writer: Writer<Vec<u8>, LineDelimited>,
}

impl JsonLinesEncoder {
    pub(crate) fn new() -> Self {
        Self {
            writer: json::writer(),
        }
    }
}

impl Encoder for JsonLinesEncoder {
    fn write(&mut self, batch: &RecordBatch) -> Result<(), ArrowError> {
        self.writer.write(batch)
    }

    fn finish(&mut self) -> Result<(), ArrowError> {
        self.writer.finish()
    }

    fn take(&mut self) -> Bytes {
        std::mem::take(self.writer.get_mut()).into()
    }
}
