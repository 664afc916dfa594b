//! One partition of a scan: some series, one after the other, in each strip.

use std::ops::Range;
use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow_schema::{ArrowError, SchemaRef};
use schema::ColumnDefinition;

use super::arrays::{array_of, times};
use super::strip::{OpenStrip, Strip};
use super::tags::TagColumn;
use super::walk::Walk;
use crate::Error;
use crate::column::Column;
use crate::merge::Plan;
use crate::series::{SeriesId, SeriesOrder};
use crate::state::TableState;

/// What all partitions of a scan share.
#[derive(Debug)]
pub(super) struct Scan {
    pub(super) table: Arc<TableState>,
    pub(super) schema: SchemaRef,
    pub(super) outputs: Vec<Output>,
    /// What is read one after the other, the earliest first.
    pub(super) strips: Vec<Strip>,
    /// The series that are selected, in the order of their tags.
    pub(super) series: Vec<SeriesId>,
    /// The order of all series.
    pub(super) order: Arc<SeriesOrder>,
    pub(super) batch_rows: usize,
}

impl Scan {
    /// Returns the fields that are wanted: their positions in the table, and what they are.
    pub(super) fn fields(&self) -> impl Iterator<Item = (usize, &ColumnDefinition)> {
        let fields = &self.table.definition.fields;
        self.outputs.iter().filter_map(|output| match output {
            Output::Field(field) => Some((*field, fields.get(*field)?)),
            _ => None,
        })
    }
}

/// Where a column of the output comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Output {
    /// The time.
    Time,
    /// A tag, counted among the tags.
    Tag(usize),
    /// A field, counted among the fields.
    Field(usize),
}

/// A part of a scan's rows as record batches, in the order that was asked for; pins its view.
///
/// It ends after the first error. Memory: one batch, a bounded number of pages, and the footers of one
/// strip.
#[derive(Debug)]
pub struct ScanPartition {
    scan: Arc<Scan>,
    walk: Walk,
    rows_left: usize,
    plan: Plan,
    tags: Vec<(usize, TagColumn)>,
}

impl ScanPartition {
    /// Returns the partition of some series; the first strip may be open already.
    pub(super) fn new(
        scan: Arc<Scan>,
        series: Range<usize>,
        first: Option<&Arc<OpenStrip>>,
        limit: Option<usize>,
    ) -> Self {
        let tags = scan.outputs.iter().filter_map(|output| match output {
            Output::Tag(tag) => Some((*tag, TagColumn::new(scan.table.series.tag_values(*tag)))),
            _ => None,
        });
        Self {
            walk: Walk::new(Arc::clone(&scan), series, first),
            rows_left: limit.unwrap_or(usize::MAX),
            plan: Plan::new(scan.outputs.contains(&Output::Time)),
            tags: tags.collect(),
            scan,
        }
    }

    /// Returns the schema of the batches.
    pub fn schema(&self) -> &SchemaRef {
        &self.scan.schema
    }

    /// Returns the next batch; nothing when there are no more rows.
    fn batch(&mut self) -> Result<Option<RecordBatch>, Error> {
        let scan = Arc::clone(&self.scan);
        let rows_max = scan.batch_rows.min(self.rows_left);
        let mut fields: Vec<Column> = scan
            .fields()
            .map(|(_, definition)| Column::empty(definition.field_type))
            .collect();
        let (mut rows, mut all_times) = (0, Vec::new());
        while rows < rows_max {
            let Some((series, mut merge)) = self.walk.next_merge()? else {
                break;
            };
            let Some(reader) = self.walk.reader() else {
                break;
            };
            self.plan.clear();
            merge.fill(rows_max - rows, &mut self.plan, reader)?;
            if rows == 0 && self.plan.rows() * FILLS_WITH >= rows_max {
                // A batch that will be full is not moved while it grows.
                fields
                    .iter_mut()
                    .for_each(|column| column.reserve(rows_max));
            }
            for (wanted, column) in fields.iter_mut().enumerate() {
                reader.append(wanted, &self.plan, column)?;
            }
            all_times.extend_from_slice(&self.plan.times);
            self.append_tags(series);
            rows += self.plan.rows();
            if !merge.is_done() {
                self.walk.resume_with(series, merge);
            }
        }
        self.rows_left -= rows;
        if self.rows_left == 0 {
            self.walk.end();
        }
        if rows == 0 {
            return Ok(None);
        }
        self.assemble(rows, all_times, fields).map(Some)
    }

    fn append_tags(&mut self, series: SeriesId) {
        let rows = self.plan.rows();
        if rows == 0 || self.tags.is_empty() {
            return;
        }
        self.scan.table.series.read(|table| {
            for (tag, column) in &mut self.tags {
                column.append(table.code_of(*tag, series), rows);
            }
        });
    }

    fn assemble(
        &mut self,
        rows: usize,
        all_times: Vec<i64>,
        fields: Vec<Column>,
    ) -> Result<RecordBatch, Error> {
        let time: Option<ArrayRef> = self.plan.wants_times.then(|| {
            let array: ArrayRef = Arc::new(times(all_times, None));
            array
        });
        let (mut tags, mut fields) = (self.tags.iter_mut(), fields.into_iter());
        let columns = self.scan.outputs.iter().filter_map(|output| match output {
            Output::Time => time.as_ref().map(Arc::clone),
            Output::Tag(_) => tags
                .next()
                .map(|(_, column)| Arc::new(column.finish()) as ArrayRef),
            Output::Field(_) => fields.next().map(array_of),
        });
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        let schema = Arc::clone(&self.scan.schema);
        RecordBatch::try_new_with_options(schema, columns.collect(), &options)
            .map_err(|error| self.broken(&error))
    }

    fn broken(&self, error: &ArrowError) -> Error {
        Error::Broken {
            lsn: schema::Lsn::ZERO,
            reason: format!(
                "a batch of table {:?}: {error}",
                self.scan.table.definition.name
            ),
        }
    }
}

impl Iterator for ScanPartition {
    type Item = Result<RecordBatch, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let batch = self.batch();
        if batch.is_err() {
            // E-4: what was read before stands; what comes behind a damaged page is not guessed.
            self.rows_left = 0;
            self.walk.end();
        }
        batch.transpose()
    }
}

/// A series that has this part of a batch's rows is likely followed by others that fill it.
const FILLS_WITH: usize = 4;
