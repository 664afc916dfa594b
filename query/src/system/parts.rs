//! `system.parts`: a row for every file of the store.

use async_trait::async_trait;
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::DataType;
use datafusion::common::{Result, ScalarValue};
use engine::{Engine, PartStatus};

use super::SystemTable;
use super::rows::{Rows, count, text, time, time_type};

#[derive(Debug)]
pub(crate) struct PartsTable(pub(crate) Engine);

#[async_trait]
impl SystemTable for PartsTable {
    fn name(&self) -> &'static str {
        "parts"
    }

    async fn batch(&self) -> Result<RecordBatch> {
        let mut rows = Rows::new(&columns());
        for part in &self.0.status().parts {
            rows.push(row(part));
        }
        rows.finish()
    }
}

fn columns() -> [(&'static str, DataType); COLUMNS] {
    [
        ("table_name", DataType::Utf8),
        ("id", DataType::Utf8),
        ("level", DataType::Int64),
        ("rows", DataType::Int64),
        ("series", DataType::Int64),
        ("bytes", DataType::Int64),
        ("time_min", time_type()),
        ("time_max", time_type()),
        ("first_lsn", DataType::Int64),
        ("last_lsn", DataType::Int64),
        ("damaged_pages", DataType::Int64),
    ]
}

fn row(part: &PartStatus) -> [ScalarValue; COLUMNS] {
    let meta = &part.meta;
    [
        text(&meta.table),
        text(meta.id.to_string()),
        count(u64::from(meta.level)),
        count(meta.rows),
        count(meta.series),
        count(meta.bytes),
        time(Some(meta.time_min)),
        time(Some(meta.time_max)),
        count(meta.first_lsn.get()),
        count(meta.last_lsn.get()),
        count(part.quarantined.len() as u64),
    ]
}

const COLUMNS: usize = 11;
