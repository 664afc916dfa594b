//! A store in memory, for tests of everything above the seam.

use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion::arrow::array::{AsArray, BooleanArray, RecordBatch};
use datafusion::arrow::compute::{cast, filter_record_batch};
use datafusion::arrow::datatypes::{DataType, SchemaRef, TimestampNanosecondType};
use schema::{TableDefinition, Timestamp};

use super::{Hold, Partition, Scan, Size, Store, Table, Tables};
use crate::system::SystemTable;

#[derive(Debug, Clone, Default)]
pub(crate) struct MemoryStore {
    tables: BTreeMap<String, Arc<MemoryTable>>,
}

#[derive(Debug)]
pub(crate) struct MemoryTable {
    pub(crate) definition: TableDefinition,
    pub(crate) rows: RecordBatch,
}

impl MemoryStore {
    pub(crate) fn with(mut self, definition: TableDefinition, rows: RecordBatch) -> Self {
        let name = definition.name.clone();
        let table = MemoryTable { definition, rows };
        self.tables.insert(name, Arc::new(table));
        self
    }
}

impl Store for MemoryStore {
    fn pin(&self) -> Arc<dyn Tables> {
        Arc::new(self.clone())
    }

    fn system(&self) -> Vec<Arc<dyn SystemTable>> {
        Vec::new()
    }
}

impl Tables for MemoryStore {
    fn names(&self) -> Vec<String> {
        self.tables.keys().cloned().collect()
    }

    fn table(&self, name: &str) -> Option<Arc<dyn Table>> {
        self.tables.get(name).map(|table| Arc::clone(table) as _)
    }
}

impl MemoryTable {
    fn tag(&self, tag: usize) -> Vec<Option<String>> {
        let column = cast(self.rows.column(1 + tag), &DataType::Utf8).unwrap();
        let texts = column.as_string::<i32>().iter();
        texts.map(|text| text.map(str::to_owned)).collect()
    }

    fn times(&self) -> Vec<i64> {
        let times = self
            .rows
            .column(0)
            .as_primitive::<TimestampNanosecondType>();
        times.values().to_vec()
    }
}

impl Table for MemoryTable {
    fn definition(&self) -> &TableDefinition {
        &self.definition
    }

    fn schema(&self) -> SchemaRef {
        self.rows.schema()
    }

    fn tag_values(&self, tag: usize) -> Arc<[Arc<str>]> {
        let mut values: Vec<Arc<str>> =
            self.tag(tag).into_iter().flatten().map(Arc::from).collect();
        values.sort();
        values.dedup();
        values.into()
    }

    fn size(&self) -> Size {
        let times = self.times();
        let first = times.iter().min().copied().map(Timestamp::from_nanos);
        let last = times.iter().max().copied().map(Timestamp::from_nanos);
        let rows = self.rows.num_rows() as u64;
        Size {
            rows: Some(rows),
            rows_max: rows,
            bounds: first.zip(last),
            memory_rows: rows,
            ..Size::default()
        }
    }

    fn scan(&self, scan: &Scan) -> Result<Vec<Partition>, engine::Error> {
        let mut keep: Vec<bool> = self
            .times()
            .iter()
            .map(|nanos| scan.time.contains(Timestamp::from_nanos(*nanos)))
            .collect();
        for values in &scan.tags {
            let codes = self.tag_values(values.tag);
            for (keep, tag) in keep.iter_mut().zip(self.tag(values.tag)) {
                *keep &= match tag {
                    None => values.accepts_null,
                    Some(tag) => {
                        values.accepts[codes.iter().position(|code| **code == *tag).unwrap()]
                    }
                };
            }
        }
        let rows = filter_record_batch(&self.rows, &BooleanArray::from(keep)).unwrap();
        let rows = rows.project(&scan.projection).unwrap();
        let share = rows.num_rows().div_ceil(scan.partitions).max(1);
        let mut partitions: Vec<Partition> = Vec::new();
        for start in (0..rows.num_rows()).step_by(share) {
            let mine = rows.slice(start, share.min(rows.num_rows() - start));
            let mine = mine.slice(0, scan.limit.unwrap_or(usize::MAX).min(mine.num_rows()));
            let step = scan.batch_rows;
            let batches = (0..mine.num_rows())
                .step_by(step)
                .map(move |from| Ok(mine.slice(from, step.min(mine.num_rows() - from))));
            partitions.push(Box::new(batches));
        }
        Ok(partitions)
    }

    fn latest(&self, hold: &Hold<'_>) -> Result<(Arc<dyn Table>, u64), engine::Error> {
        let tags: Vec<_> = (0..self.definition.tags.len())
            .map(|t| self.tag(t))
            .collect();
        let key = |row: usize| tags.iter().map(|tag| tag[row].clone()).collect::<Vec<_>>();
        let times = self.times();
        let mut newest = BTreeMap::new();
        for (row, time) in times.iter().enumerate() {
            let last = newest.entry(key(row)).or_insert(row);
            if times[*last] <= *time {
                *last = row;
            }
        }
        let keep: Vec<bool> = (0..times.len())
            .map(|row| newest.values().any(|last| *last == row))
            .collect();
        let rows = filter_record_batch(&self.rows, &BooleanArray::from(keep)).unwrap();
        let bytes = rows.get_array_memory_size() as u64;
        hold(bytes)?;
        let definition = self.definition.clone();
        Ok((Arc::new(Self { definition, rows }), bytes))
    }
}
