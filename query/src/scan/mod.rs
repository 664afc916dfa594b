//! A table as DataFusion sees it, and the scan that answers for it.
//!
//! ```text
//!   filters ──condition──▶ Time(range) ─────────────┐
//!                        ▶ Tag(n) ──tag_filter────▶ Scan ──source──▶ partitions ▶ batches
//!                        ▶ none of both: stays in a FilterExec above
//! ```
//! Filters are taken on at the logical level only, and exactly, so that limits reach the scan.
//! No order is advertised: DataFusion 55 answers grouping sets wrongly over an ordered source.

mod condition;
mod source;
mod tag_filter;

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::Result;
use datafusion::datasource::source::DataSourceExec;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_plan::ExecutionPlan;
use schema::TimeRange;

use crate::store::{Scan, Table};
use condition::Condition;
use source::ScanSource;
use tag_filter::TagFilter;

/// A pinned table as a provider.
#[derive(Debug)]
pub(crate) struct TableScan {
    table: Arc<dyn Table>,
    schema: SchemaRef,
}

impl TableScan {
    pub(crate) fn new(table: Arc<dyn Table>) -> Self {
        let schema = table.schema();
        Self { table, schema }
    }

    fn condition(&self, filter: &Expr) -> Option<Condition> {
        Condition::of(filter, self.table.definition())
    }
}

#[async_trait]
impl TableProvider for TableScan {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(
        &self,
        filters: &[&Expr],
    ) -> Result<Vec<TableProviderFilterPushDown>> {
        let support = |filter: &&Expr| match self.condition(filter) {
            Some(_) => TableProviderFilterPushDown::Exact,
            None => TableProviderFilterPushDown::Unsupported,
        };
        Ok(filters.iter().map(support).collect())
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let mut time = TimeRange::ALL;
        let mut tags = TagFilter::new(self.table.as_ref());
        for filter in filters {
            match self.condition(filter) {
                Some(Condition::Time(range)) => time = time.intersect(&range),
                Some(Condition::Tag(tag)) => tags.restrict(tag, filter, state)?,
                None => {
                    return datafusion::common::internal_err!(
                        "a filter that was not taken on: {filter}"
                    );
                }
            }
        }
        let scan = Scan {
            projection: match projection {
                Some(columns) => columns.clone(),
                None => (0..self.schema.fields().len()).collect(),
            },
            time,
            tags: tags.into_values(),
            limit,
            partitions: state.config().target_partitions(),
            batch_rows: state.config().batch_size(),
        };
        let source = ScanSource::new(Arc::clone(&self.table), scan)?;
        Ok(DataSourceExec::from_data_source(source))
    }
}

#[cfg(test)]
mod tests;
