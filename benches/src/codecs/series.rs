//! A data set sorted as parts are: series by series, each in the order of time.

use std::collections::BTreeMap;

use engine::column::Column;
use schema::{ColumnDefinition, ColumnRole};
use wire::v1::Batch;
use wire::{BatchFrame, ColumnView, Limits, TableView, ValuesView};

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
        let (tags, fields): (Vec<_>, Vec<_>) = table
            .columns()
            .partition(|column| column.role() == ColumnRole::Tag);
        self.tags = tags.iter().map(|column| column.name().to_owned()).collect();
        self.fields = fields.iter().map(definition).collect();
        let mut by_series: BTreeMap<Vec<&str>, Vec<u32>> = BTreeMap::new();
        for row in 0..table.rows() {
            let key = tags.iter().map(|column| text(column, row)).collect();
            by_series
                .entry(key)
                .or_default()
                .push(u32::try_from(row).unwrap_or(u32::MAX));
        }
        for (key, rows) in by_series {
            let key = key.into_iter().map(str::to_owned).collect();
            let series = self
                .series
                .entry(key)
                .or_insert_with(|| SeriesRows::new(&self.fields));
            series.add(table.time(), &fields, &rows);
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

    fn add(&mut self, time: &[i64], fields: &[ColumnView<'_>], rows: &[u32]) {
        let times = rows.iter().filter_map(|row| time.get(*row as usize));
        self.time.extend(times);
        for (column, source) in self.fields.iter_mut().zip(fields) {
            column.extend_gathered_from_wire(source, rows);
        }
    }
}

fn definition(column: &ColumnView<'_>) -> ColumnDefinition {
    ColumnDefinition::field(column.name(), column.field_type())
        .measured(column.kind(), column.unit())
}

/// Returns a tag's value; generators code all of them.
fn text<'a>(column: &ColumnView<'a>, row: usize) -> &'a str {
    match column.values() {
        ValuesView::Dictionary(dictionary) => {
            let code = dictionary.codes.get(row).copied().unwrap_or(u32::MAX);
            dictionary.values.value(code as usize)
        }
        _ => "",
    }
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
