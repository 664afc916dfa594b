//! What a store shows: every row of every table as text.

use std::collections::BTreeMap;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type, TimestampNanosecondType};
use arrow_array::{Array, RecordBatch};
use arrow_schema::DataType;
use engine::{Engine, Error, ScanRequest, TableView};

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

fn rows(table: &TableView) -> Result<Vec<String>, Error> {
    let request = ScanRequest {
        projection: (0..table.schema().fields().len()).collect(),
        ..ScanRequest::default()
    };
    let mut rows = Vec::new();
    for partition in table.scan(&request)? {
        for batch in partition {
            lines(&batch?, &mut rows);
        }
    }
    Ok(rows)
}

fn lines(batch: &RecordBatch, rows: &mut Vec<String>) {
    let schema = batch.schema();
    for row in 0..batch.num_rows() {
        let columns = schema.fields().iter().zip(batch.columns());
        let columns: BTreeMap<&str, String> = columns
            .filter_map(|(field, column)| Some((field.name().as_str(), value(column, row)?)))
            .collect();
        rows.push(line(&columns));
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
