//! The leaf of a physical plan: partitions of one pinned table.

use std::fmt;
use std::sync::Arc;

use datafusion::arrow::array::{RecordBatch, RecordBatchOptions};
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::common::stats::Precision;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{ColumnStatistics, DataFusionError, Result, ScalarValue, Statistics};
use datafusion::datasource::source::DataSource;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::EquivalenceProperties;
use datafusion::physical_expr::projection::ProjectionExprs;
use datafusion::physical_plan::coop::cooperative;
use datafusion::physical_plan::execution_plan::SchedulingType;
use datafusion::physical_plan::metrics::{BaselineMetrics, ExecutionPlanMetricsSet};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{DisplayFormatType, Partitioning, PhysicalExpr};
use futures::stream;
use parking_lot::Mutex;
use schema::Timestamp;

use crate::store::{Partition, Scan, Table};

/// The rows of one scan, split into partitions that are read independently.
///
/// It holds the pinned table, so that its files stay until the last stream is dropped (E-2).
pub(crate) struct ScanSource {
    table: Arc<dyn Table>,
    scan: Scan,
    schema: SchemaRef,
    partition_count: usize,
    // What planning has opened already; each is taken once, and opened anew should it be asked for again.
    opened: Mutex<Vec<Option<Partition>>>,
    metrics: ExecutionPlanMetricsSet,
}

impl ScanSource {
    pub(crate) fn new(table: Arc<dyn Table>, scan: Scan) -> Result<Self> {
        let schema = Arc::new(table.schema().project(&scan.projection)?);
        let partitions = open(table.as_ref(), &scan)?;
        Ok(Self {
            table,
            scan,
            schema,
            partition_count: partitions.len(),
            opened: Mutex::new(partitions.into_iter().map(Some).collect()),
            metrics: ExecutionPlanMetricsSet::new(),
        })
    }

    fn partition(&self, index: usize) -> Result<Partition> {
        let opened = self.opened.lock().get_mut(index).and_then(Option::take);
        match opened {
            Some(partition) => Ok(partition),
            None => open(self.table.as_ref(), &self.scan)?
                .into_iter()
                .nth(index)
                .ok_or_else(|| DataFusionError::Internal(format!("no partition {index}"))),
        }
    }

    /// Tells whether every row of the table is read.
    fn is_whole(&self) -> bool {
        let covers = |(first, last): (Timestamp, Timestamp)| {
            self.scan.time.contains(first) && self.scan.time.contains(last)
        };
        self.scan.tags.is_empty() && self.table.size().bounds.is_none_or(covers)
    }

    fn column_statistics(&self, column: usize) -> ColumnStatistics {
        // The time is the first column, never null, and the only one with bounds known.
        if column != 0 {
            return ColumnStatistics::new_unknown();
        }
        let statistics = ColumnStatistics::new_unknown().with_null_count(Precision::Exact(0));
        let size = self.table.size();
        match size.bounds.filter(|_| size.rows_max > 0) {
            None => statistics,
            Some((first, last)) => statistics
                .with_min_value(Precision::Exact(moment(first)))
                .with_max_value(Precision::Exact(moment(last))),
        }
    }
}

impl DataSource for ScanSource {
    fn open(&self, index: usize, _context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let partition = self.partition(index)?;
        let metrics = BaselineMetrics::new(&self.metrics, index);
        let schema = Arc::clone(&self.schema);
        let wanted = Arc::clone(&schema);
        // Each poll reads one batch and no more: that is how long a worker thread may block.
        let batches = partition.map(move |batch| {
            let batch = batch.map_err(external)?;
            metrics.record_output(batch.num_rows());
            shaped(batch, &wanted)
        });
        let stream = RecordBatchStreamAdapter::new(schema, stream::iter(batches));
        Ok(Box::pin(cooperative(stream)))
    }

    fn fmt_as(&self, _format: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "table={}", self.table.definition().name)?;
        let columns: Vec<&str> = self
            .schema
            .fields()
            .iter()
            .map(|c| c.name().as_str())
            .collect();
        write!(
            f,
            ", partitions={}, columns=[{}]",
            self.partition_count,
            columns.join(", ")
        )?;
        if self.scan.time.start != Timestamp::MIN {
            write!(f, ", from={}", self.scan.time.start)?;
        }
        if self.scan.time.end != Timestamp::MAX {
            write!(f, ", until={}", self.scan.time.end)?;
        }
        for values in &self.scan.tags {
            let name = self
                .table
                .definition()
                .tags
                .get(values.tag)
                .map_or("?", |tag| &tag.name);
            let accepted = values.accepts.iter().filter(|accepted| **accepted).count();
            write!(f, ", {name}={accepted} of {}", values.accepts.len())?;
            if values.accepts_null {
                f.write_str(" or null")?;
            }
        }
        match self.scan.limit {
            Some(limit) => write!(f, ", fetch={limit}"),
            None => Ok(()),
        }
    }

    fn output_partitioning(&self) -> Partitioning {
        Partitioning::UnknownPartitioning(self.partition_count)
    }

    fn eq_properties(&self) -> EquivalenceProperties {
        EquivalenceProperties::new(Arc::clone(&self.schema))
    }

    fn scheduling_type(&self) -> SchedulingType {
        SchedulingType::Cooperative
    }

    fn partition_statistics(&self, partition: Option<usize>) -> Result<Arc<Statistics>> {
        let size = self.table.size();
        let columns = self.scan.projection.iter();
        let statistics = Statistics {
            num_rows: match size.rows.and_then(|rows| usize::try_from(rows).ok()) {
                Some(rows) => Precision::Exact(rows),
                None => Precision::Inexact(usize::try_from(size.rows_max).unwrap_or(usize::MAX)),
            },
            total_byte_size: Precision::Absent,
            column_statistics: columns
                .map(|column| self.column_statistics(*column))
                .collect(),
        };
        // Exact is said only of all rows of the table: then count(*), min(time) and max(time) are
        // answered from these numbers, without a scan.
        let whole = partition.is_none() && self.scan.limit.is_none() && self.is_whole();
        Ok(Arc::new(if whole {
            statistics
        } else {
            statistics.to_inexact()
        }))
    }

    fn with_fetch(&self, limit: Option<usize>) -> Option<Arc<dyn DataSource>> {
        let scan = Scan {
            limit,
            ..self.scan.clone()
        };
        let source = Self::new(Arc::clone(&self.table), scan).ok()?;
        Some(Arc::new(source))
    }

    fn fetch(&self) -> Option<usize> {
        self.scan.limit
    }

    fn metrics(&self) -> ExecutionPlanMetricsSet {
        self.metrics.clone()
    }

    fn try_swapping_with_projection(
        &self,
        _projection: &ProjectionExprs,
    ) -> Result<Option<Arc<dyn DataSource>>> {
        // The columns were chosen when the scan was planned; an expression stays above it.
        Ok(None)
    }

    fn apply_expressions(
        &self,
        _visit: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        // Filters were turned into ranges and codes: no expression is left.
        Ok(TreeNodeRecursion::Continue)
    }
}

impl fmt::Debug for ScanSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScanSource")
            .field("table", &self.table.definition().name)
            .field("scan", &self.scan)
            .finish_non_exhaustive()
    }
}

/// Opens the partitions of a scan: one without rows where nothing is to be read, since DataFusion's
/// operators that want a single partition refuse none at all.
fn open(table: &dyn Table, scan: &Scan) -> Result<Vec<Partition>> {
    let mut partitions = table.scan(scan).map_err(external)?;
    if partitions.is_empty() {
        partitions.push(Box::new(std::iter::empty()));
    }
    Ok(partitions)
}

// Gives the batch the planned schema, metadata included, and refuses one that is not what was planned.
fn shaped(batch: RecordBatch, schema: &SchemaRef) -> Result<RecordBatch> {
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    let (_, columns, _) = batch.into_parts();
    Ok(RecordBatch::try_new_with_options(
        Arc::clone(schema),
        columns,
        &options,
    )?)
}

fn external(error: engine::Error) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}

fn moment(time: Timestamp) -> ScalarValue {
    ScalarValue::TimestampNanosecond(Some(time.nanos()), Some("UTC".into()))
}
