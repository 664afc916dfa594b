//! Rows of a batch become a chunk.

use schema::{Lsn, TableDefinition};
use wire::TableView;

use super::{Chunk, ChunkField, ChunkRun};
use crate::series::{NULL_CODE, SeriesId, SeriesIndex, SeriesTable};

/// Returns the rows of a table of a batch as a chunk, or nothing if there are none.
///
/// The table has the batch's columns already; new series get their numbers here.
pub(crate) fn chunk_of(
    table: &TableDefinition,
    series: &SeriesIndex,
    rows: &TableView<'_>,
    lsn: Lsn,
) -> Option<Chunk> {
    if rows.rows() == 0 {
        return None;
    }
    let series = intern(table, &mut series.write(), rows);
    let time = rows.time().to_vec();
    let order = RowOrder::of(&series, &rows.series_of_row().to_codes(), &time);
    let time = order.times(time);
    let mut fields: Vec<Option<ChunkField>> = Vec::new();
    fields.resize_with(table.fields.len(), || None);
    for sent in rows.fields() {
        let index = table.field_index(sent.name());
        let index = index.expect("admission gave the table the batch's columns");
        if let Some(field) = fields.get_mut(index) {
            *field = Some(ChunkField::of_sent(&sent, rows.rows(), order.rows()));
        }
    }
    Some(Chunk::new((lsn, lsn), order.runs, time, fields))
}

/// Returns the series of each tuple of tags of a batch.
fn intern(
    table: &TableDefinition,
    series: &mut SeriesTable,
    rows: &TableView<'_>,
) -> Vec<SeriesId> {
    let width = table.tags.len();
    if width == 0 {
        return vec![series.intern(&[]); rows.series()];
    }
    let mut tuples = vec![NULL_CODE; rows.series() * width];
    for tag in rows.tags() {
        let index = table.tag_index(tag.name());
        let index = index.expect("admission gave the table the batch's columns");
        let values = tag.values();
        // Code 0 is null in a batch; a value gets its code here when a tuple has it.
        let mut known = vec![NULL_CODE; values.len() + 1];
        let slots = tuples.chunks_exact_mut(width);
        for (tuple, code) in slots.zip(tag.codes().to_codes()) {
            let (code, slot) = (code as usize, tuple.get_mut(index));
            let (Some(value), Some(slot)) = (code.checked_sub(1), slot) else {
                continue;
            };
            if let Some(known) = known.get_mut(code) {
                if *known == NULL_CODE {
                    *known = series.intern_value(index, values.value(value));
                }
                *slot = *known;
            }
        }
    }
    let tuples = tuples.chunks_exact(width);
    tuples.map(|tuple| series.intern(tuple)).collect()
}

/// The order of a batch's rows by series and time.
struct RowOrder {
    runs: Vec<ChunkRun>,
    /// The rows in their order; absent when they came in it.
    permutation: Option<Vec<u32>>,
}

impl RowOrder {
    fn of(series_of_tuple: &[SeriesId], tuple_of_row: &[u32], time: &[i64]) -> Self {
        let (runs, run_of_tuple) = runs_of(series_of_tuple, tuple_of_row);
        // A counting sort: rows go to the next place of their run, and so stay in order within it.
        let mut next: Vec<u32> = runs.iter().map(|run| run.start).collect();
        let mut permutation = vec![0u32; time.len()];
        for (row, tuple) in (0u32..).zip(tuple_of_row) {
            let run = run_of_tuple.get(*tuple as usize).copied().unwrap_or(0);
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

    fn times(&self, time: Vec<i64>) -> Vec<i64> {
        match &self.permutation {
            None => time,
            Some(rows) => rows.iter().map(|row| at(&time, *row)).collect(),
        }
    }

    /// Returns the rows in their order, unless they came in it.
    fn rows(&self) -> Option<&[u32]> {
        self.permutation.as_deref()
    }
}

/// Returns a run for each distinct series, and the run of each tuple.
///
/// Two tuples may be one series, since a batch may name a value twice.
fn runs_of(series_of_tuple: &[SeriesId], tuple_of_row: &[u32]) -> (Vec<ChunkRun>, Vec<u32>) {
    let mut by_series: Vec<(SeriesId, u32)> = series_of_tuple.iter().copied().zip(0..).collect();
    by_series.sort_unstable();
    let mut runs: Vec<ChunkRun> = Vec::new();
    let mut run_of_tuple = vec![0u32; series_of_tuple.len()];
    for (series, tuple) in by_series {
        if runs.last().is_none_or(|run| run.series != series) {
            runs.push(ChunkRun { series, start: 0 });
        }
        if let Some(run) = run_of_tuple.get_mut(tuple as usize) {
            *run = u32::try_from(runs.len() - 1).unwrap_or(0);
        }
    }
    let mut rows = vec![0u32; runs.len()];
    for tuple in tuple_of_row {
        let run = run_of_tuple.get(*tuple as usize).copied().unwrap_or(0);
        if let Some(count) = rows.get_mut(run as usize) {
            *count += 1;
        }
    }
    let mut start = 0;
    for (run, rows) in runs.iter_mut().zip(rows) {
        run.start = start;
        start += rows;
    }
    (runs, run_of_tuple)
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
