//! The schema `system`: what the server knows about itself, as tables.
//!
//! Each table is made when a query names it. `tables`, `columns` and `series` come from the pinned
//! state, `queries` from the registry, `parts` and `wal` from the store; the server adds its own
//! through [`SystemSource`].

mod columns;
mod foreign;
mod parts;
mod queries;
mod rows;
mod series;
mod tables;
mod wal;

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::array::RecordBatch;
use datafusion::common::Result;
use engine::Engine;

use crate::registry::Registry;
use crate::store::Tables;

pub use foreign::{Cell, CellType, SystemSource};

/// A table of the schema `system`, made anew for every query that names it.
#[async_trait]
pub(crate) trait SystemTable: Debug + Send + Sync {
    /// Returns the name, without the schema.
    fn name(&self) -> &'static str;

    /// Returns the rows of this moment.
    ///
    /// # Errors
    /// When they cannot be had; the query that asks for them fails with the same message.
    async fn batch(&self) -> Result<RecordBatch>;
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

/// Returns the tables that others fill.
pub(crate) fn foreign(sources: &[Arc<dyn SystemSource>]) -> Vec<Arc<dyn SystemTable>> {
    let table = |source: &Arc<dyn SystemSource>| {
        Arc::new(foreign::ForeignTable(Arc::clone(source))) as Arc<dyn SystemTable>
    };
    sources.iter().map(table).collect()
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
