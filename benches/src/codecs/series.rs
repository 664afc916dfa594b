//! A data set sorted as parts are: series by series, each in the order of time.

use std::collections::BTreeMap;

use engine::column::Column;
use schema::ColumnDefinition;
use wire::v1::Batch;
use wire::{BatchFrame, FieldView, Limits, TableView};

use crate::failure::{Failure, Outcome};
use crate::generate::{DataSet, Share};

/// The rows of one series.
#[derive(Debug)]
pub(super) struct SeriesRows {
    pub(super) time: Vec<i64>,
    pub(super) fields: Vec<Column>,
}

/// The rows of a data set, by their tags.
#[derive(Debug, Default)]
pub(super) struct SortedRows {
    pub(super) tags: Vec<String>,
    pub(super) fields: Vec<ColumnDefinition>,
    pub(super) series: BTreeMap<Vec<String>, SeriesRows>,
}

impl SortedRows {
    /// Generates and sorts.
    ///
    /// # Errors
    /// When a batch is not sound, which is a defect of its generator.
    pub(super) fn of(data_set: DataSet) -> Outcome<Self> {
        let mut sorted = Self::default();
        let mut rows = data_set.rows(Share::WHOLE);
        while let Some(table) = rows.next_table(ROWS_PER_BATCH) {
            let batch = Batch {
                tables: vec![table],
                ..Batch::default()
            };
            let frame = BatchFrame::encode(&batch, &Limits::default())
                .map_err(|error| Failure::new(error, "please report this defect"))?;
            frame.view().tables().for_each(|table| sorted.add(table));
        }
        Ok(sorted)
    }

    fn add(&mut self, table: TableView<'_>) {
        let tags: Vec<_> = table.tags().collect();
        let fields: Vec<_> = table.fields().collect();
        let time = table.time().to_vec();
        self.tags = tags.iter().map(|tag| tag.name().to_owned()).collect();
        self.fields = fields.iter().map(definition).collect();
        let mut by_tuple: Vec<Vec<u32>> = vec![Vec::new(); table.series()];
        for (row, tuple) in (0..).zip(table.series_of_row().to_codes()) {
            if let Some(rows) = by_tuple.get_mut(tuple as usize) {
                rows.push(row);
            }
        }
        // Generators give every row all tags.
        let key = |tuple| tags.iter().filter_map(|tag| tag.value(tuple)).collect();
        let by_series: BTreeMap<Vec<&str>, _> = (0..)
            .zip(by_tuple)
            .map(|(tuple, rows)| (key(tuple), rows))
            .collect();
        for (key, rows) in by_series {
            let key = key.into_iter().map(str::to_owned).collect();
            let series = self
                .series
                .entry(key)
                .or_insert_with(|| SeriesRows::new(&self.fields));
            series.add(&time, &fields, &rows);
        }
    }
}

impl SeriesRows {
    fn new(fields: &[ColumnDefinition]) -> Self {
        let empty = |field: &ColumnDefinition| Column::empty(field.field_type);
        Self {
            time: Vec::new(),
            fields: fields.iter().map(empty).collect(),
        }
    }

    fn add(&mut self, time: &[i64], fields: &[FieldView<'_>], rows: &[u32]) {
        let times = rows.iter().filter_map(|row| time.get(*row as usize));
        self.time.extend(times);
        for (column, source) in self.fields.iter_mut().zip(fields) {
            column.extend_gathered_from_wire(source, rows);
        }
    }
}

fn definition(column: &FieldView<'_>) -> ColumnDefinition {
    ColumnDefinition::field(column.name(), column.field_type())
        .measured(column.kind(), column.unit())
}

const ROWS_PER_BATCH: usize = 50_000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate::CpuShape;

    #[test]
    fn every_row_is_in_its_series_in_the_order_of_time() {
        let sorted = SortedRows::of(DataSet::Cpu(CpuShape::of_hours(1, 300, 1))).unwrap();
        assert_eq!((sorted.tags.len(), sorted.fields.len()), (10, 10));
        assert_eq!(sorted.series.len(), 300);
        for rows in sorted.series.values() {
            assert_eq!(rows.time.len(), 360);
            assert!(rows.time.is_sorted());
            assert!(rows.fields.iter().all(|column| column.len() == 360));
        }
    }
}
