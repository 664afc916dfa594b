//! A table of a view.

use std::sync::{Arc, OnceLock};

use arrow_schema::{DataType, Field, Schema, SchemaRef, TimeUnit};
use schema::{FieldType, TIME_COLUMN, TableDefinition, Timestamp};

use super::statistics;
use crate::part::{Part, PartId, PartMeta};
use crate::scan::{ScanOrder, ScanPartition, ScanRequest, TagSelection, plan};
use crate::series::SeriesOrder;
use crate::state::TableState;
use crate::{Error, RowPredicate};

/// One table at one moment; cheap to clone, and pins its rows for itself.
#[derive(Debug, Clone)]
pub struct TableView {
    table: Arc<TableState>,
    /// The series as they were when the order was needed first. Series are shared with all views and come in
    /// all the time; a scan that is asked for again must be shared out as before.
    order: Arc<OnceLock<Arc<SeriesOrder>>>,
}

impl TableView {
    /// Returns a view of this table.
    pub(crate) fn new(table: Arc<TableState>) -> Self {
        Self {
            table,
            order: Arc::default(),
        }
    }

    /// Returns the order of the series: all that have rows in the view, and maybe more.
    fn order(&self) -> &Arc<SeriesOrder> {
        self.order.get_or_init(|| self.table.series.order())
    }

    /// Returns name, columns, mode and retention.
    pub fn definition(&self) -> &TableDefinition {
        &self.table.definition
    }

    /// Returns the columns as Arrow has them: `time`, the tags, the fields.
    ///
    /// `time` is `Timestamp(Nanosecond, "UTC")` and never null; tags and texts are `Utf8View`.
    pub fn schema(&self) -> SchemaRef {
        let time = Field::new(TIME_COLUMN, data_type(FieldType::Time), false);
        let columns = self.definition().columns();
        let columns = columns.map(|c| Field::new(&c.name, data_type(c.field_type), true));
        let fields: Vec<Field> = std::iter::once(time).chain(columns).collect();
        Arc::new(Schema::new(fields))
    }

    /// Returns the distinct values of a tag, counted among the tags; a value's index is its code.
    ///
    /// There may be values here that no row of the view has.
    pub fn tag_values(&self, tag: usize) -> Arc<[Arc<str>]> {
        self.table.series.tag_values(tag)
    }

    /// Returns the number of series; a view that is old may have rows of fewer.
    pub fn series_count(&self) -> usize {
        self.table.series.series_count() as usize
    }

    /// Returns the tags of the series, in the order of a scan: for each a code per tag, or null.
    pub fn series_codes(&self) -> Vec<Vec<Option<u32>>> {
        let order = self.order();
        let tags = self.definition().tags.len();
        self.table.series.read(|series| {
            let codes = |id| (0..tags).map(|tag| series.code_of(tag, id)).collect();
            order.sorted.iter().map(|id| codes(*id)).collect()
        })
    }

    /// Returns the number of rows, those included that a later row of equal series and time hides.
    pub fn row_count_upper_bound(&self) -> u64 {
        let parts: u64 = self.parts().map(|meta| meta.rows).sum();
        parts + self.memtable_rows()
    }

    /// Returns the number of rows where it is known without reading: where no row can hide another.
    pub fn exact_row_count(&self) -> Option<u64> {
        statistics::exact_row_count(&self.table)
    }

    /// Returns the earliest and the latest time; nothing if there are no rows, or a tombstone hides some
    /// of them. What there is is exact, since rows that are merged have the same time.
    pub fn time_bounds(&self) -> Option<(Timestamp, Timestamp)> {
        statistics::time_bounds(&self.table)
    }

    /// Returns what is known of the parts without opening them.
    pub fn parts(&self) -> impl ExactSizeIterator<Item = &PartMeta> {
        self.table.parts.iter().map(|part| part.meta())
    }

    /// Opens a part.
    ///
    /// # Errors
    /// [`Error::Absent`] when the view has no such part; those of opening it.
    pub fn open_part(&self, id: &PartId) -> Result<Part, Error> {
        let part = self.table.parts.iter().find(|part| part.meta().id == *id);
        let part = part.ok_or_else(|| Error::Absent {
            what: "part of the table",
            name: id.to_string(),
        })?;
        Ok(part.open()?.part().clone())
    }

    /// Returns the number of rows in memory, as [`Self::row_count_upper_bound`] counts.
    pub fn memtable_rows(&self) -> u64 {
        self.table.memtable_rows() as u64
    }

    /// Returns the bytes of the rows in memory.
    pub fn memtable_bytes(&self) -> u64 {
        self.table.memtable_bytes() as u64
    }

    /// Returns how many rows a predicate means. Reads times, where stretches of time are cut.
    ///
    /// # Errors
    /// [`Error::Refused`] and [`Error::Absent`] for a predicate that does not fit the table; those of
    /// reading.
    pub fn count(&self, rows: &RowPredicate) -> Result<u64, Error> {
        rows.check(self.definition())?;
        let tags = rows.tags.iter().filter_map(|(name, value)| {
            let tag = self.definition().tag_index(name)?;
            let values = self.tag_values(tag);
            Some(TagSelection {
                tag,
                accepts: values.iter().map(|v| **v == **value).collect(),
                accepts_null: false,
            })
        });
        let request = ScanRequest {
            time: rows.time,
            tags: tags.collect(),
            order: ScanOrder::Strips,
            ..ScanRequest::default()
        };
        let mut count = 0;
        for batch in self.scan(&request)?.into_iter().flatten() {
            count += batch?.num_rows() as u64;
        }
        Ok(count)
    }

    /// Returns about how many bytes the rows in memory take.
    pub fn memory_bytes(&self) -> u64 {
        self.table.memtable_bytes() as u64
    }

    /// Returns the table with just the newest row of every series: the one that a scan would give last.
    ///
    /// Reads the latest part and the rows in memory; after a deletion, until a compaction, the last pages of
    /// all parts. The rows are in memory, as long as what is returned is.
    ///
    /// # Errors
    /// Those of reading parts; [`Error::Limit`] where the rows take more than `bytes_max`.
    pub fn latest(&self, bytes_max: u64) -> Result<Self, Error> {
        self.latest_within(&|bytes| match bytes <= bytes_max {
            true => Ok(()),
            false => Err(Error::Limit {
                what: "bytes of newest rows, which follow from memory_bytes_max",
                limit: bytes_max,
            }),
        })
    }

    /// As [`Self::latest`], for a caller that counts memory: `hold` is told how many bytes the rows take
    /// so far, each time that some thousand more are found and before they are moved, and refuses if they
    /// may not.
    ///
    /// # Errors
    /// Those of reading parts; what `hold` refuses.
    pub fn latest_within(&self, hold: &dyn Fn(u64) -> Result<(), Error>) -> Result<Self, Error> {
        Ok(Self::new(Arc::new(self.table.latest(hold)?)))
    }

    /// Returns what the request selects, in partitions that can be read in parallel.
    ///
    /// Asked again, this view of the table and its clones give the same partitions. Together they give every selected row once, in the [order](ScanOrder) that is asked for. There are
    /// none where no row can match, and fewer than were asked for where series are few, or where so many
    /// could not hold the footers of parts that they read at the same time.
    ///
    /// # Errors
    /// [`Error::Refused`] for a column that does not exist, [`Error::Overloaded`] where there is no memory
    /// for footers. Reading errors come from the partitions, and with [`ScanOrder::Strips`] also the
    /// latter, where other scans have taken that memory meanwhile.
    pub fn scan(&self, request: &ScanRequest) -> Result<Vec<ScanPartition>, Error> {
        plan(&self.table, self.order(), &self.schema(), request)
    }
}

/// Returns the Arrow type of a field.
pub(crate) fn data_type(field_type: FieldType) -> DataType {
    match field_type {
        FieldType::I64 => DataType::Int64,
        FieldType::F64 => DataType::Float64,
        FieldType::Bool => DataType::Boolean,
        FieldType::Text => DataType::Utf8View,
        FieldType::Time => DataType::Timestamp(TimeUnit::Nanosecond, Some("UTC".into())),
    }
}
