//! How many series of a batch are new.

use crate::apply::PreparedBatch;
use crate::memtable::{Grouping, tag_columns, value_of_code};
use crate::series::{NULL_CODE, SeriesTable};
use crate::state::{State, TableState};

/// Returns the number of groups of a batch whose tags no series has yet.
pub(super) fn new_series(batch: &PreparedBatch, state: &State) -> u64 {
    let view = batch.frame.view();
    let tables = view.tables().zip(&batch.groupings);
    let new = tables.map(|(rows, grouping)| match state.table(rows.name()) {
        None => grouping.groups(),
        Some(table) => table.series.read(|series| {
            let is_new = |group: &usize| is_new(table, series, &rows, grouping, *group);
            (0..grouping.groups()).filter(is_new).count()
        }),
    });
    new.sum::<usize>() as u64
}

fn is_new(
    table: &TableState,
    series: &SeriesTable,
    rows: &wire::TableView<'_>,
    grouping: &Grouping,
    group: usize,
) -> bool {
    let mut tuple = vec![NULL_CODE; table.definition.tags.len()];
    for (tag, column) in grouping.tags.iter().zip(tag_columns(rows)) {
        let code = tag.code_of_group.get(group).copied().unwrap_or(NULL_CODE);
        if code == NULL_CODE {
            continue;
        }
        let index = table.definition.tag_index(column.name());
        let known = index.and_then(|index| {
            let known = series.code(index, value_of_code(&column, code))?;
            Some((index, known))
        });
        // A tag or a value that the table does not have makes a new series.
        let Some((slot, known)) = known.and_then(|(i, known)| Some((tuple.get_mut(i)?, known)))
        else {
            return true;
        };
        *slot = known;
    }
    series.series(&tuple).is_none()
}
