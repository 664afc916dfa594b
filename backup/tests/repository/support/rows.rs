//! Rows as they are sent and as they are found.

use arrow_array::cast::AsArray;
use arrow_array::types::{Int64Type, TimestampNanosecondType};
use engine::{Engine, ScanRequest};
use schema::{ColumnDefinition, FieldType, TimeRange};
use wire::v1::Batch;
use wire::{BatchFrame, Limits, TableBuilder};

/// A row of the only table.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Row {
    pub(crate) time: i64,
    pub(crate) host: String,
    pub(crate) value: i64,
    pub(crate) text: String,
}

/// Returns a batch of one row.
pub(crate) fn frame(row: &Row) -> BatchFrame {
    let mut table = TableBuilder::new(TABLE);
    table.begin_row(row.time);
    assert!(
        table
            .column(&ColumnDefinition::tag("host"))
            .push_text(&row.host)
    );
    let value = ColumnDefinition::field("value", FieldType::I64);
    assert!(table.column(&value).push_i64(row.value));
    let text = ColumnDefinition::field("text", FieldType::Text);
    assert!(table.column(&text).push_text(&row.text));
    let batch = Batch {
        tables: vec![table.finish()],
        ..Batch::default()
    };
    BatchFrame::encode(&batch, &Limits::default()).unwrap()
}

/// Returns all rows of a store, sorted.
pub(crate) fn rows(engine: &Engine) -> Vec<Row> {
    let Some(table) = engine.view().table(TABLE) else {
        return Vec::new();
    };
    let schema = table.schema();
    let columns = ["time", "host", "value", "text"];
    let request = ScanRequest {
        projection: columns.map(|name| schema.index_of(name).unwrap()).to_vec(),
        time: TimeRange::ALL,
        tags: Vec::new(),
        limit: None,
        partitions: 1,
        batch_rows: 1_024,
        ..ScanRequest::default()
    };
    let mut rows = Vec::new();
    for batch in table.scan(&request).unwrap().into_iter().flatten() {
        let batch = batch.unwrap();
        let time = batch.column(0).as_primitive::<TimestampNanosecondType>();
        let (host, text) = (
            batch.column(1).as_string_view(),
            batch.column(3).as_string_view(),
        );
        let value = batch.column(2).as_primitive::<Int64Type>();
        rows.extend((0..batch.num_rows()).map(|i| Row {
            time: time.value(i),
            host: host.value(i).to_owned(),
            value: value.value(i),
            text: text.value(i).to_owned(),
        }));
    }
    rows.sort();
    rows
}

pub(crate) const TABLE: &str = "marker_table_quokka";
pub(crate) const HOST: &str = "marker_host_wombat";
pub(crate) const TEXT: &str = "marker_text_numbat";
