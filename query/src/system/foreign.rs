//! Tables of the schema `system` that others fill, in plain values: they need not know Arrow.

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::DataType;
use datafusion::common::{DataFusionError, Result, ScalarValue};
use schema::Timestamp;

use super::SystemTable;
use super::rows::{Rows, time_type};

/// What fills a table of the schema `system`, asked anew for every query that names the table.
#[async_trait]
pub trait SystemSource: Debug + Send + Sync {
    /// Returns the table's name, without the schema.
    fn name(&self) -> &'static str;

    /// Returns the columns.
    fn columns(&self) -> &'static [(&'static str, CellType)];

    /// Returns the rows of this moment; every row has a cell for each column, of its type or null.
    ///
    /// # Errors
    /// Why they cannot be had; the query that asks for them is told so.
    async fn rows(&self) -> Result<Vec<Vec<Cell>>, String>;
}

/// The type of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CellType {
    /// A text.
    Text,
    /// A whole number.
    Count,
    /// A number.
    Number,
    /// A moment.
    Time,
}

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// A text.
    Text(Option<String>),
    /// A whole number; what does not fit SQL's BIGINT is shown as the largest one.
    Count(Option<u64>),
    /// A number.
    Number(Option<f64>),
    /// A moment.
    Time(Option<Timestamp>),
}

/// A source as a table.
#[derive(Debug)]
pub(super) struct ForeignTable(pub(super) Arc<dyn SystemSource>);

#[async_trait]
impl SystemTable for ForeignTable {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    async fn batch(&self) -> Result<RecordBatch> {
        let rows = self.0.rows().await.map_err(DataFusionError::Execution)?;
        let mut batch = Rows::new(&self.columns());
        for row in rows {
            batch.push_row(row.into_iter().map(scalar).collect())?;
        }
        batch.finish()
    }
}

impl ForeignTable {
    fn columns(&self) -> Vec<(&'static str, DataType)> {
        let columns = self.0.columns().iter();
        columns
            .map(|(name, kind)| (*name, kind.data_type()))
            .collect()
    }
}

impl CellType {
    fn data_type(self) -> DataType {
        match self {
            Self::Text => DataType::Utf8,
            Self::Count => DataType::Int64,
            Self::Number => DataType::Float64,
            Self::Time => time_type(),
        }
    }
}

fn scalar(cell: Cell) -> ScalarValue {
    match cell {
        Cell::Text(text) => ScalarValue::Utf8(text),
        Cell::Count(count) => super::rows::count(count),
        Cell::Number(number) => ScalarValue::Float64(number),
        Cell::Time(moment) => super::rows::time(moment),
    }
}
