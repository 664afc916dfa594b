//! `latest('table')`: the newest row of every series.

use std::sync::Arc;

use datafusion::catalog::{TableFunctionArgs, TableFunctionImpl, TableProvider};
use datafusion::common::{DataFusionError, Result, plan_err};
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryPool, MemoryReservation};
use datafusion::logical_expr::Expr;
use parking_lot::Mutex;

use crate::scan::TableScan;
use crate::store::Tables;

/// The function over the tables that a query has pinned.
///
/// What it returns is a table like any other: its columns, filters and statistics are those of a scan.
/// Its rows are in memory until the query ends, within the memory of the query.
#[derive(Debug)]
pub(crate) struct Latest {
    tables: Arc<dyn Tables>,
    bytes_max: u64,
    held: Mutex<MemoryReservation>,
}

impl Latest {
    /// Returns the function for a query that may hold so many bytes of this pool.
    pub(crate) fn new(tables: Arc<dyn Tables>, pool: &Arc<dyn MemoryPool>, bytes_max: u64) -> Self {
        Self {
            tables,
            bytes_max,
            held: Mutex::new(MemoryConsumer::new("latest").register(pool)),
        }
    }
}

impl TableFunctionImpl for Latest {
    fn call_with_args(&self, args: TableFunctionArgs<'_, '_>) -> Result<Arc<dyn TableProvider>> {
        let name = match args.exprs() {
            [Expr::Literal(value, _)] => value.try_as_str().flatten(),
            _ => None,
        };
        let Some(name) = name else {
            return plan_err!("latest takes the name of a table: latest('stat_activity')");
        };
        let Some(table) = self.tables.table(name) else {
            return plan_err!("latest: there is no table '{name}'");
        };
        let (latest, bytes) = table
            .latest(self.bytes_max)
            .map_err(|error| DataFusionError::External(Box::new(error)))?;
        let bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
        self.held.lock().try_grow(bytes)?;
        Ok(Arc::new(TableScan::new(latest)))
    }
}
