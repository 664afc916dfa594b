//! `system.tables`: a row for every table.

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::DataType;
use datafusion::common::{Result, ScalarValue};

use super::SystemTable;
use super::rows::{Rows, count, text, time, time_type, truth};
use crate::store::{Table, Tables};

#[derive(Debug)]
pub(crate) struct TablesTable(pub(crate) Arc<dyn Tables>);

#[async_trait]
impl SystemTable for TablesTable {
    fn name(&self) -> &'static str {
        "tables"
    }

    async fn batch(&self) -> Result<RecordBatch> {
        let mut rows = Rows::new(&columns());
        for table in self.0.names().iter().filter_map(|name| self.0.table(name)) {
            rows.push(row(table.as_ref()));
        }
        rows.finish()
    }
}

fn columns() -> [(&'static str, DataType); COLUMNS] {
    [
        ("table_name", DataType::Utf8),
        ("append_only", DataType::Boolean),
        ("retention", DataType::Utf8),
        ("tags", DataType::Int64),
        ("fields", DataType::Int64),
        ("series", DataType::Int64),
        ("rows", DataType::Int64),
        ("rows_exact", DataType::Boolean),
        ("time_min", time_type()),
        ("time_max", time_type()),
        ("parts", DataType::Int64),
        ("part_bytes", DataType::Int64),
        ("memory_rows", DataType::Int64),
        ("memory_bytes", DataType::Int64),
    ]
}

fn row(table: &dyn Table) -> [ScalarValue; COLUMNS] {
    let definition = table.definition();
    let size = table.size();
    [
        text(&definition.name),
        truth(definition.append_only),
        ScalarValue::Utf8(definition.retention.map(|span| span.to_string())),
        count(definition.tags.len() as u64),
        count(definition.fields.len() as u64),
        count(size.series),
        count(size.rows.unwrap_or(size.rows_max)),
        truth(size.rows.is_some()),
        time(size.bounds.map(|bounds| bounds.0)),
        time(size.bounds.map(|bounds| bounds.1)),
        count(size.parts),
        count(size.part_bytes),
        count(size.memory_rows),
        count(size.memory_bytes),
    ]
}

const COLUMNS: usize = 14;
