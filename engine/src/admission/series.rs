//! How many series of a batch are new, and what they will take of the memory.

use crate::apply::PreparedBatch;
use crate::series::{CODE_BYTES, NULL_CODE, SERIES_BYTES, SeriesTable, VALUE_BYTES};
use crate::state::{State, TableState};

/// Series and the bytes of memory that they take.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Growth {
    pub(super) series: u64,
    pub(super) bytes: u64,
}

/// Returns the most bytes of memory that the series of a batch can add, from its sizes alone.
pub(super) fn bytes_max(batch: &PreparedBatch) -> u64 {
    let of_table = |rows: wire::TableView<'_>| {
        let (series, tags) = (rows.series() as u64, rows.tags().len() as u64);
        let values = rows.tags().map(|tag| tag.values());
        let values =
            values.map(|values| values.bytes().len() as u64 + values.len() as u64 * VALUE_BYTES);
        series * (SERIES_BYTES + tags * CODE_BYTES) + values.sum::<u64>()
    };
    batch.frame.view().tables().map(of_table).sum()
}

/// Returns the tuples of a batch whose tags no series has yet, and about what they will take.
pub(super) fn growth(batch: &PreparedBatch, state: &State) -> Growth {
    let mut growth = Growth::default();
    for rows in batch.frame.view().tables() {
        let mut add = |tuple: usize| {
            growth.series += 1;
            growth.bytes += tuple_bytes(&rows, tuple);
        };
        let tuples = 0..rows.series();
        match state.table(rows.name()) {
            None => tuples.for_each(&mut add),
            Some(table) => table.series.read(|series| {
                let is_new = |tuple: &usize| is_new(table, series, &rows, *tuple);
                tuples.filter(is_new).for_each(&mut add);
            }),
        }
    }
    growth
}

/// Returns what a series takes whose tags have values that no other has.
fn tuple_bytes(rows: &wire::TableView<'_>, tuple: usize) -> u64 {
    let values = rows.tags().map(|tag| {
        let value = tag.value(tuple);
        CODE_BYTES + value.map_or(0, |value| VALUE_BYTES + value.len() as u64)
    });
    SERIES_BYTES + values.sum::<u64>()
}

fn is_new(
    table: &TableState,
    series: &SeriesTable,
    rows: &wire::TableView<'_>,
    tuple: usize,
) -> bool {
    let mut codes = vec![NULL_CODE; table.definition.tags.len()];
    for tag in rows.tags() {
        let Some(value) = tag.value(tuple) else {
            continue;
        };
        let index = table.definition.tag_index(tag.name());
        let known = index.and_then(|index| Some((index, series.code(index, value)?)));
        // A tag or a value that the table does not have makes a new series.
        let Some((slot, known)) = known.and_then(|(i, known)| Some((codes.get_mut(i)?, known)))
        else {
            return true;
        };
        *slot = known;
    }
    series.series(&codes).is_none()
}
