//! `latest('table')`: the newest row of every series.

use std::cell::RefCell;
use std::sync::Arc;

use datafusion::catalog::{TableFunctionArgs, TableFunctionImpl, TableProvider};
use datafusion::common::{DataFusionError, Result, plan_err};
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryPool, MemoryReservation};
use datafusion::logical_expr::Expr;
use parking_lot::Mutex;

use crate::scan::TableScan;
use crate::store::{Table, Tables};

/// The function over the tables that a query has pinned.
///
/// What it returns is a table like any other: its columns, filters and statistics are those of a scan.
/// Its rows are in memory until the query ends, within the memory of the query: they are counted as they are
/// found (E-3).
#[derive(Debug)]
pub(crate) struct Latest {
    tables: Arc<dyn Tables>,
    held: Mutex<MemoryReservation>,
}

impl Latest {
    /// Returns the function for a query that holds memory of this pool.
    pub(crate) fn new(tables: Arc<dyn Tables>, pool: &Arc<dyn MemoryPool>) -> Self {
        Self {
            tables,
            held: Mutex::new(MemoryConsumer::new("latest").register(pool)),
        }
    }

    /// Returns the newest rows of a table.
    fn rows_of(&self, table: &dyn Table) -> Result<Arc<dyn Table>> {
        let held = self.held.lock();
        let before = held.size();
        let refusal = RefCell::new(None);
        let resize = |bytes: u64| {
            let bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
            held.try_resize(before.saturating_add(bytes))
        };
        let hold = |bytes: u64| {
            resize(bytes).map_err(|error| {
                *refusal.borrow_mut() = Some(error);
                engine::Error::Limit {
                    what: "bytes of newest rows in the memory of a query",
                    limit: before as u64,
                }
            })
        };
        match table.latest(&hold) {
            Ok((latest, bytes)) => {
                resize(bytes)?;
                Ok(latest)
            }
            Err(error) => {
                held.resize(before);
                let external = || DataFusionError::External(Box::new(error));
                Err(refusal.take().unwrap_or_else(external))
            }
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
        Ok(Arc::new(TableScan::new(self.rows_of(&*table)?)))
    }
}
