//! `system.wal`: a row for every segment of the log.

use async_trait::async_trait;
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::DataType;
use datafusion::common::Result;
use engine::Engine;

use super::SystemTable;
use super::rows::{Rows, count, text, time, time_type, truth};

#[derive(Debug)]
pub(crate) struct WalTable(pub(crate) Engine);

#[async_trait]
impl SystemTable for WalTable {
    fn name(&self) -> &'static str {
        "wal"
    }

    async fn batch(&self) -> Result<RecordBatch> {
        let mut rows = Rows::new(&columns());
        for segment in self.0.log().segments() {
            // The directory is the server's business; the name tells the segment.
            let name = segment.path.file_name().unwrap_or_default();
            rows.push([
                count(segment.number),
                count(u64::from(segment.timeline)),
                text(name.to_string_lossy()),
                count(segment.base_lsn.get()),
                count(segment.end_lsn.get()),
                count(segment.durable_bytes),
                time(Some(segment.created)),
                truth(segment.is_sealed),
            ]);
        }
        rows.finish()
    }
}

fn columns() -> [(&'static str, DataType); 8] {
    [
        ("segment", DataType::Int64),
        ("timeline", DataType::Int64),
        ("file", DataType::Utf8),
        ("base_lsn", DataType::Int64),
        ("end_lsn", DataType::Int64),
        ("bytes", DataType::Int64),
        ("created", time_type()),
        ("sealed", DataType::Boolean),
    ]
}
