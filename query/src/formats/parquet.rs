//! One Parquet file: zstd inside, row groups bounded in rows and in bytes.

use std::io::Write;
use std::sync::Arc;

use bytes::Bytes;
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::error::ArrowError;
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::parquet::basic::{Compression, ZstdLevel};
use datafusion::parquet::errors::ParquetError;
use datafusion::parquet::file::properties::WriterProperties;
use parking_lot::Mutex;

use super::Encoder;

pub(crate) struct ParquetEncoder {
    // None once the footer is written.
    writer: Option<ArrowWriter<Outlet>>,
    outlet: Outlet,
}

impl ParquetEncoder {
    pub(crate) fn new(schema: &SchemaRef) -> Result<Self, ArrowError> {
        let outlet = Outlet::default();
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
            .build();
        let writer = ArrowWriter::try_new(outlet.clone(), Arc::clone(schema), Some(properties))?;
        Ok(Self {
            writer: Some(writer),
            outlet,
        })
    }
}

impl Encoder for ParquetEncoder {
    fn write(&mut self, batch: &RecordBatch) -> Result<(), ArrowError> {
        let Some(writer) = &mut self.writer else {
            return Err(ArrowError::ParquetError("the file is closed".into()));
        };
        writer.write(batch)?;
        // E-3: what the encoder holds is bounded by bytes too, for rows that are wide.
        if writer.in_progress_size() > ROW_GROUP_BYTES {
            writer.flush()?;
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<(), ArrowError> {
        match self.writer.take() {
            Some(writer) => writer.close().map(drop).map_err(ParquetError::into),
            None => Ok(()),
        }
    }

    fn take(&mut self) -> Bytes {
        std::mem::take(&mut *self.outlet.0.lock()).into()
    }
}

/// Where the writer puts its bytes, and where they are taken from: it counts them itself, so that
/// taking some does not disturb its offsets.
#[derive(Debug, Clone, Default)]
struct Outlet(Arc<Mutex<Vec<u8>>>);

impl Write for Outlet {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

const ROW_GROUP_ROWS: usize = 131_072;
const ROW_GROUP_BYTES: usize = 32 << 20;
