//! What a store shows: the mode of every table, and every row as text.

use std::collections::BTreeMap;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type, TimestampNanosecondType};
use arrow_array::{Array, RecordBatch};
use arrow_schema::DataType;
use engine::{Engine, Error, ScanRequest, TableView};
use schema::TIME_COLUMN;

use crate::rows::line;

/// What each table shows.
pub type Tables = BTreeMap<String, Table>;

/// What a table shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Table {
    /// Whether it says that it keeps every row.
    pub append_only: bool,
    /// Its rows, in the order of a scan.
    pub rows: Vec<Shown>,
}

/// A row, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// Its tags.
    pub series: String,
    /// Nanoseconds.
    pub time: i64,
    /// All of it.
    pub line: String,
}

impl Table {
    /// Returns its rows as text.
    pub fn lines(&self) -> impl Iterator<Item = &str> {
        self.rows.iter().map(|row| row.line.as_str())
    }
}

/// Reads all tables.
///
/// # Errors
/// Those of a scan.
pub fn tables(engine: &Engine) -> Result<Tables, Error> {
    let view = engine.view();
    let read = |view: TableView| Ok((view.definition().name.to_string(), read(&view)?));
    view.tables().map(read).collect()
}

/// Reads one table; one that is not there has no rows.
///
/// # Errors
/// Those of a scan.
pub fn table(engine: &Engine, name: &str) -> Result<Table, Error> {
    let view = engine.view().table(name);
    view.map_or(Ok(Table::default()), |view| read(&view))
}

fn read(view: &TableView) -> Result<Table, Error> {
    Ok(Table {
        append_only: view.definition().append_only,
        rows: shown(view)?,
    })
}

/// Reads the rows of one table, in the order of a scan.
///
/// # Errors
/// Those of a scan.
pub fn shown(table: &TableView) -> Result<Vec<Shown>, Error> {
    let tags = &table.definition().tags;
    let mut shown = Vec::new();
    for_each_batch(table, |batch| {
        each_row(batch, |columns| {
            let is_tag = |name: &str| tags.iter().any(|tag| tag.name == name);
            let of_series = columns.iter().filter(|(name, _)| is_tag(name));
            let series: BTreeMap<&str, String> = of_series
                .map(|(name, value)| (*name, value.clone()))
                .collect();
            let time = columns.get(TIME_COLUMN).and_then(|time| time.parse().ok());
            shown.push(Shown {
                series: line(&series),
                time: time.unwrap_or(i64::MIN),
                line: line(columns),
            });
        });
    })?;
    Ok(shown)
}

fn for_each_batch(table: &TableView, mut take: impl FnMut(&RecordBatch)) -> Result<(), Error> {
    let request = ScanRequest {
        projection: (0..table.schema().fields().len()).collect(),
        ..ScanRequest::default()
    };
    for partition in table.scan(&request)? {
        for batch in partition {
            take(&batch?);
        }
    }
    Ok(())
}

fn each_row(batch: &RecordBatch, mut take: impl FnMut(&BTreeMap<&str, String>)) {
    let schema = batch.schema();
    for row in 0..batch.num_rows() {
        let columns = schema.fields().iter().zip(batch.columns());
        let columns: BTreeMap<&str, String> = columns
            .filter_map(|(field, column)| Some((field.name().as_str(), value(column, row)?)))
            .collect();
        take(&columns);
    }
}

fn value(column: &dyn Array, row: usize) -> Option<String> {
    if column.is_null(row) {
        return None;
    }
    Some(match column.data_type() {
        DataType::Int64 => column.as_primitive::<Int64Type>().value(row).to_string(),
        DataType::Float64 => column.as_primitive::<Float64Type>().value(row).to_string(),
        DataType::Boolean => column.as_boolean().value(row).to_string(),
        DataType::Timestamp(..) => {
            let times = column.as_primitive::<TimestampNanosecondType>();
            times.value(row).to_string()
        }
        _ => column.as_string_view().value(row).to_owned(),
    })
}
