//! How many series of a batch are new.

use crate::apply::PreparedBatch;
use crate::series::{NULL_CODE, SeriesTable};
use crate::state::{State, TableState};

/// Returns the number of tuples of a batch whose tags no series has yet.
pub(super) fn new_series(batch: &PreparedBatch, state: &State) -> u64 {
    let view = batch.frame.view();
    let new = view.tables().map(|rows| match state.table(rows.name()) {
        None => rows.series(),
        Some(table) => table.series.read(|series| {
            let is_new = |tuple: &usize| is_new(table, series, &rows, *tuple);
            (0..rows.series()).filter(is_new).count()
        }),
    });
    new.sum::<usize>() as u64
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
