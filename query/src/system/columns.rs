//! `system.columns`: a row for every column, with its role, type, kind and unit.

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::DataType;
use datafusion::common::{Result, ScalarValue};
use schema::{ColumnDefinition, ColumnRole, FieldType, TIME_COLUMN};

use super::SystemTable;
use super::rows::{Rows, count, text};
use crate::store::Tables;

#[derive(Debug)]
pub(crate) struct ColumnsTable(pub(crate) Arc<dyn Tables>);

#[async_trait]
impl SystemTable for ColumnsTable {
    fn name(&self) -> &'static str {
        "columns"
    }

    async fn batch(&self) -> Result<RecordBatch> {
        let mut rows = Rows::new(&columns());
        for name in self.0.names() {
            let Some(table) = self.0.table(&name) else {
                continue;
            };
            rows.push(time_row(&name));
            for (index, column) in table.definition().columns().enumerate() {
                rows.push(row(&name, index as u64 + 2, column));
            }
        }
        rows.finish()
    }
}

fn columns() -> [(&'static str, DataType); COLUMNS] {
    [
        ("table_name", DataType::Utf8),
        ("column_name", DataType::Utf8),
        ("position", DataType::Int64),
        ("role", DataType::Utf8),
        ("type", DataType::Utf8),
        ("kind", DataType::Utf8),
        ("unit", DataType::Utf8),
    ]
}

fn time_row(table: &str) -> [ScalarValue; COLUMNS] {
    [
        text(table),
        text(TIME_COLUMN),
        count(1),
        text("time"),
        text(FieldType::Time.sql_name()),
        ScalarValue::Utf8(None),
        ScalarValue::Utf8(None),
    ]
}

fn row(table: &str, position: u64, column: &ColumnDefinition) -> [ScalarValue; COLUMNS] {
    let numeric = matches!(column.field_type, FieldType::I64 | FieldType::F64);
    let measured = column.role == ColumnRole::Field && numeric;
    let unit = Some(&column.unit).filter(|unit| !unit.is_empty());
    [
        text(table),
        text(&column.name),
        count(position),
        text(column.role.to_string()),
        text(column.field_type.sql_name()),
        ScalarValue::Utf8(measured.then(|| column.kind.to_string())),
        ScalarValue::Utf8(unit.cloned()),
    ]
}

const COLUMNS: usize = 7;
