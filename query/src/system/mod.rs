//! The schema `system`: what the server knows about itself, as tables.
//!
//! Each table is made when a query names it. `tables`, `columns` and `series` come from the pinned
//! state, `queries` from the registry, `parts` and `wal` from the store; the server adds its own
//! through [`SystemTable`].

mod columns;
mod parts;
mod queries;
mod rows;
mod series;
mod tables;
mod wal;

use std::fmt::Debug;
use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::common::Result;
use engine::Engine;

use crate::registry::Registry;
use crate::store::Tables;

/// A table of the schema `system`, made anew for every query that names it.
pub trait SystemTable: Debug + Send + Sync {
    /// Returns the name, without the schema.
    fn name(&self) -> &'static str;

    /// Returns the columns.
    fn schema(&self) -> SchemaRef;

    /// Returns the rows of this moment.
    ///
    /// # Errors
    /// When they cannot be had; the query that asks for them fails with the same message.
    fn batch(&self) -> Result<RecordBatch>;
}

/// Returns the tables that queries fill themselves.
pub(crate) fn own(tables: &Arc<dyn Tables>, registry: &Arc<Registry>) -> Vec<Arc<dyn SystemTable>> {
    vec![
        Arc::new(tables::TablesTable(Arc::clone(tables))),
        Arc::new(columns::ColumnsTable(Arc::clone(tables))),
        Arc::new(series::SeriesTable(Arc::clone(tables))),
        Arc::new(queries::QueriesTable(Arc::clone(registry))),
    ]
}

/// Returns the tables that an engine fills.
pub(crate) fn store_tables(engine: &Engine) -> Vec<Arc<dyn SystemTable>> {
    vec![
        Arc::new(parts::PartsTable(engine.clone())),
        Arc::new(wal::WalTable(engine.clone())),
    ]
}

/// The name of the schema.
pub(crate) const SYSTEM_SCHEMA: &str = "system";
