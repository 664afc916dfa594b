//! The engine as a store.

use std::collections::HashMap;
use std::sync::Arc;

use ::engine::{Engine, Error, ScanOrder, ScanRequest, TableView, TagSelection, View};
use datafusion::arrow::datatypes::{Field, Schema, SchemaRef};
use schema::{ColumnDefinition, TableDefinition};

use super::{Partition, Scan, Size, Store, Table, Tables, TagValues};
use crate::functions::{KIND_KEY, UNIT_KEY};
use crate::system::{SystemTable, store_tables};

/// Pins views of an engine.
#[derive(Debug)]
pub(crate) struct EngineStore {
    engine: Engine,
}

impl EngineStore {
    pub(crate) fn new(engine: Engine) -> Self {
        Self { engine }
    }
}

impl Store for EngineStore {
    fn pin(&self) -> Arc<dyn Tables> {
        Arc::new(self.engine.view())
    }

    fn system(&self) -> Vec<Arc<dyn SystemTable>> {
        store_tables(&self.engine)
    }
}

impl Tables for View {
    fn names(&self) -> Vec<String> {
        self.tables()
            .map(|table| table.definition().name.clone())
            .collect()
    }

    fn table(&self, name: &str) -> Option<Arc<dyn Table>> {
        let table = Self::table(self, name)?;
        let schema = described(&table.schema(), table.definition());
        Some(Arc::new(EngineTable { table, schema }))
    }
}

/// A table of a view, with the kinds and units of its columns in the schema.
#[derive(Debug)]
struct EngineTable {
    table: TableView,
    schema: SchemaRef,
}

impl Table for EngineTable {
    fn definition(&self) -> &TableDefinition {
        self.table.definition()
    }

    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn tag_values(&self, tag: usize) -> Arc<[Arc<str>]> {
        self.table.tag_values(tag)
    }

    fn size(&self) -> Size {
        Size {
            series: self.table.series_count() as u64,
            rows_max: self.table.row_count_upper_bound(),
            rows: self.table.exact_row_count(),
            bounds: self.table.time_bounds(),
            parts: self.table.parts().len() as u64,
            part_bytes: self.table.parts().map(|part| part.bytes).sum(),
            memory_rows: self.table.memtable_rows(),
            memory_bytes: self.table.memtable_bytes(),
        }
    }

    fn scan(&self, scan: &Scan) -> Result<Vec<Partition>, Error> {
        let partitions = self.table.scan(&request(scan))?;
        let boxed = partitions
            .into_iter()
            .map(|rows| Box::new(rows) as Partition);
        Ok(boxed.collect())
    }

    fn latest(&self, bytes_max: u64) -> Result<(Arc<dyn Table>, u64), Error> {
        let table = self.table.latest(bytes_max)?;
        let bytes = table.memory_bytes();
        let schema = Arc::clone(&self.schema);
        Ok((Arc::new(Self { table, schema }), bytes))
    }
}

fn request(scan: &Scan) -> ScanRequest {
    ScanRequest {
        projection: scan.projection.clone(),
        time: scan.time,
        tags: scan.tags.iter().map(selection).collect(),
        limit: scan.limit,
        partitions: scan.partitions,
        batch_rows: scan.batch_rows,
        // No order is advertised to the planner.
        order: ScanOrder::Strips,
    }
}

fn selection(values: &TagValues) -> TagSelection {
    TagSelection {
        tag: values.tag,
        accepts: values.accepts.clone(),
        accepts_null: values.accepts_null,
    }
}

// The functions on counters learn a field's kind from its metadata, and clients its unit.
fn described(schema: &SchemaRef, table: &TableDefinition) -> SchemaRef {
    let fields = schema.fields().iter().map(|field| {
        let definition = table.columns().find(|column| column.name == *field.name());
        let metadata = definition.map(metadata).unwrap_or_default();
        Field::clone(field).with_metadata(metadata)
    });
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

fn metadata(column: &ColumnDefinition) -> HashMap<String, String> {
    let mut metadata = HashMap::new();
    if column.kind != schema::Kind::Gauge {
        metadata.insert(KIND_KEY.to_owned(), column.kind.to_string());
    }
    if !column.unit.is_empty() {
        metadata.insert(UNIT_KEY.to_owned(), column.unit.clone());
    }
    metadata
}
