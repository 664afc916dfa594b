//! `system.queries`: the queries that run or wait now, the asking one among them.

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::DataType;
use datafusion::common::Result;

use super::SystemTable;
use super::rows::{Rows, count, text, time, time_type};
use crate::registry::Registry;

#[derive(Debug)]
pub(crate) struct QueriesTable(pub(crate) Arc<Registry>);

#[async_trait]
impl SystemTable for QueriesTable {
    fn name(&self) -> &'static str {
        "queries"
    }

    async fn batch(&self) -> Result<RecordBatch> {
        let mut rows = Rows::new(&columns());
        for query in self.0.running() {
            rows.push([
                text(query.id().to_string()),
                text(query.phase().name()),
                time(Some(query.started())),
                count(query.elapsed_ms()),
                count(query.timeout_ms()),
                count(query.rows()),
                count(query.bytes()),
                text(query.sql()),
            ]);
        }
        rows.finish()
    }
}

fn columns() -> [(&'static str, DataType); 8] {
    [
        ("id", DataType::Utf8),
        ("phase", DataType::Utf8),
        ("started", time_type()),
        ("elapsed_ms", DataType::Int64),
        ("timeout_ms", DataType::Int64),
        ("rows", DataType::Int64),
        ("bytes", DataType::Int64),
        ("query", DataType::Utf8),
    ]
}
