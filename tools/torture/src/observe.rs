//! What a store shows: every row of every table as text.

use std::collections::BTreeMap;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type, TimestampNanosecondType};
use arrow_array::{Array, RecordBatch};
use arrow_schema::DataType;
use engine::{Engine, Error, ScanRequest, TableView};
use schema::TIME_COLUMN;

use crate::rows::line;

/// The rows of each table, in no order.
pub type Tables = BTreeMap<String, Vec<String>>;

/// Reads all tables.
///
/// # Errors
/// Those of a scan.
pub fn tables(engine: &Engine) -> Result<Tables, Error> {
    let view = engine.view();
    let read = |table: TableView| Ok((table.definition().name.to_string(), rows(&table)?));
    view.tables().map(read).collect()
}

/// Reads one table; one that is not there has no rows.
///
/// # Errors
/// Those of a scan.
pub fn table(engine: &Engine, name: &str) -> Result<Vec<String>, Error> {
    engine
        .view()
        .table(name)
        .map_or(Ok(Vec::new()), |table| rows(&table))
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

/// Reads one table, row by row.
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

fn rows(table: &TableView) -> Result<Vec<String>, Error> {
    let mut rows = Vec::new();
    for_each_batch(table, |batch| {
        each_row(batch, |columns| rows.push(line(columns)));
    })?;
    Ok(rows)
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
