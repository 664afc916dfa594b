//! Rows of a batch become a chunk.

use schema::{ColumnRole, Lsn, TableDefinition};
use wire::{ColumnView, TableView};

use super::grouping::value_of_code;
use super::{Chunk, ChunkRun, Grouping};
use crate::column::Column;
use crate::series::{NULL_CODE, SeriesId, SeriesIndex, SeriesTable};

/// Returns the rows of a table of a batch as a chunk, or nothing if there are none.
///
/// The table has the batch's columns already; new series get their numbers here.
pub(crate) fn chunk_of(
    table: &TableDefinition,
    series: &SeriesIndex,
    rows: &TableView<'_>,
    grouping: &Grouping,
    lsn: Lsn,
) -> Option<Chunk> {
    if rows.rows() == 0 {
        return None;
    }
    let series = intern(table, &mut series.write(), rows, grouping);
    let order = RowOrder::of(&series, &grouping.group_of_row, rows.time());
    let time = order.times(rows.time());
    let mut fields: Vec<Option<Column>> = Vec::new();
    fields.resize_with(table.fields.len(), || None);
    for column in rows.columns().filter(|c| c.role() == ColumnRole::Field) {
        let index = table.field_index(column.name());
        let index = index.expect("admission gave the table the batch's columns");
        if let Some(field) = fields.get_mut(index) {
            *field = Some(order.column(&column, rows.rows()));
        }
    }
    Some(Chunk::new((lsn, lsn), order.runs, time, fields))
}

/// Returns the series of each group.
fn intern(
    table: &TableDefinition,
    series: &mut SeriesTable,
    rows: &TableView<'_>,
    grouping: &Grouping,
) -> Vec<SeriesId> {
    let mut tuples = vec![NULL_CODE; grouping.groups() * table.tags.len()];
    let width = table.tags.len().max(1);
    for (column, tag) in grouping.tags.iter().zip(tag_columns(rows)) {
        let index = table.tag_index(tag.name());
        let index = index.expect("admission gave the table the batch's columns");
        let codes = column
            .code_of_group
            .iter()
            .filter(|code| **code != NULL_CODE);
        let mut known = vec![NULL_CODE; codes.max().map_or(0, |max| *max as usize + 1)];
        for (tuple, code) in tuples.chunks_exact_mut(width).zip(&column.code_of_group) {
            // A null's code lies outside, so that its slot stays null.
            let Some((known, slot)) = known.get_mut(*code as usize).zip(tuple.get_mut(index))
            else {
                continue;
            };
            if *known == NULL_CODE {
                *known = series.intern_value(index, value_of_code(&tag, *code));
            }
            *slot = *known;
        }
    }
    if table.tags.is_empty() {
        return vec![series.intern(&[]); grouping.groups()];
    }
    tuples
        .chunks_exact(width)
        .map(|tuple| series.intern(tuple))
        .collect()
}

/// Returns the tag columns of a batch's table, as [`Grouping`] numbers them.
pub(crate) fn tag_columns<'a>(
    rows: &TableView<'a>,
) -> impl Iterator<Item = ColumnView<'a>> + use<'a> {
    rows.columns()
        .filter(|column| column.role() == ColumnRole::Tag)
}

/// The order of a batch's rows by series and time.
struct RowOrder {
    runs: Vec<ChunkRun>,
    /// The rows in their order; absent when they came in it.
    permutation: Option<Vec<u32>>,
}

impl RowOrder {
    fn of(series_of_group: &[SeriesId], group_of_row: &[u32], time: &[i64]) -> Self {
        let (runs, run_of_group) = runs_of(series_of_group, group_of_row);
        // A counting sort: rows go to the next place of their run, and so stay in order within it.
        let mut next: Vec<u32> = runs.iter().map(|run| run.start).collect();
        let mut permutation = vec![0u32; time.len()];
        for (row, group) in (0u32..).zip(group_of_row) {
            let run = run_of_group.get(*group as usize).copied().unwrap_or(0);
            if let Some(place) = next.get_mut(run as usize) {
                if let Some(slot) = permutation.get_mut(*place as usize) {
                    *slot = row;
                }
                *place += 1;
            }
        }
        sort_runs_by_time(&runs, &mut permutation, time);
        let as_sent = (0u32..).zip(&permutation).all(|(place, row)| place == *row);
        Self {
            runs,
            permutation: (!as_sent).then_some(permutation),
        }
    }

    fn times(&self, time: &[i64]) -> Vec<i64> {
        match &self.permutation {
            None => time.to_vec(),
            Some(rows) => rows.iter().map(|row| at(time, *row)).collect(),
        }
    }

    fn column(&self, column: &ColumnView<'_>, rows: usize) -> Column {
        let mut ordered = Column::empty(column.field_type());
        match &self.permutation {
            None => ordered.extend_from_wire(column, 0..rows),
            Some(permutation) => ordered.extend_gathered_from_wire(column, permutation),
        }
        ordered
    }
}

/// Returns a run for each distinct series, and the run of each group.
///
/// Two groups may be one series, since a batch's dictionary may name a value twice.
fn runs_of(series_of_group: &[SeriesId], group_of_row: &[u32]) -> (Vec<ChunkRun>, Vec<u32>) {
    let mut by_series: Vec<(SeriesId, u32)> = series_of_group.iter().copied().zip(0..).collect();
    by_series.sort_unstable();
    let mut runs: Vec<ChunkRun> = Vec::new();
    let mut run_of_group = vec![0u32; series_of_group.len()];
    for (series, group) in by_series {
        if runs.last().is_none_or(|run| run.series != series) {
            runs.push(ChunkRun { series, start: 0 });
        }
        if let Some(run) = run_of_group.get_mut(group as usize) {
            *run = u32::try_from(runs.len() - 1).unwrap_or(0);
        }
    }
    let mut rows = vec![0u32; runs.len()];
    for group in group_of_row {
        let run = run_of_group.get(*group as usize).copied().unwrap_or(0);
        if let Some(count) = rows.get_mut(run as usize) {
            *count += 1;
        }
    }
    let mut start = 0;
    for (run, rows) in runs.iter_mut().zip(rows) {
        run.start = start;
        start += rows;
    }
    (runs, run_of_group)
}

fn sort_runs_by_time(runs: &[ChunkRun], permutation: &mut [u32], time: &[i64]) {
    let ends = runs.iter().skip(1).map(|run| run.start as usize);
    let ends = ends.chain([permutation.len()]);
    for (start, end) in runs.iter().map(|run| run.start as usize).zip(ends) {
        if let Some(rows) = permutation.get_mut(start..end)
            && !rows.is_sorted_by_key(|row| at(time, *row))
        {
            rows.sort_by_key(|row| at(time, *row));
        }
    }
}

fn at(time: &[i64], row: u32) -> i64 {
    time.get(row as usize).copied().unwrap_or(i64::MAX)
}
