//! `system.series`: how many values every tag has, which is what makes series many.

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::DataType;
use datafusion::common::Result;

use super::SystemTable;
use super::rows::{Rows, count, text};
use crate::store::Tables;

#[derive(Debug)]
pub(crate) struct SeriesTable(pub(crate) Arc<dyn Tables>);

#[async_trait]
impl SystemTable for SeriesTable {
    fn name(&self) -> &'static str {
        "series"
    }

    async fn batch(&self) -> Result<RecordBatch> {
        let mut rows = Rows::new(&columns());
        for table in self.0.names().iter().filter_map(|name| self.0.table(name)) {
            let definition = table.definition();
            for (index, tag) in definition.tags.iter().enumerate() {
                let values = table.tag_values(index).len() as u64;
                rows.push([
                    text(&definition.name),
                    text(&tag.name),
                    count(values),
                    count(table.size().series),
                ]);
            }
        }
        rows.finish()
    }
}

fn columns() -> [(&'static str, DataType); 4] {
    [
        ("table_name", DataType::Utf8),
        ("tag_name", DataType::Utf8),
        ("tag_values", DataType::Int64),
        ("table_series", DataType::Int64),
    ]
}
