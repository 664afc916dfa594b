//! What is known of a table without reading a page.

use schema::Timestamp;

use crate::merge::Mode;
use crate::state::{Extent, TableState};

/// Returns the number of rows where no row can hide another.
pub(super) fn exact_row_count(table: &TableState) -> Option<u64> {
    if table.has_deletions() {
        return None;
    }
    let extents: Vec<Extent> = table.extents().collect();
    if table.mode() == Mode::Merging && !are_apart(&extents) {
        return None;
    }
    Some(extents.iter().map(|extent| extent.rows).sum())
}

/// Returns the earliest and the latest time where no row is hidden.
pub(super) fn time_bounds(table: &TableState) -> Option<(Timestamp, Timestamp)> {
    if table.has_deletions() {
        return None;
    }
    let bounds = table.extents().map(|extent| extent.times);
    let (min, max) = bounds.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))?;
    Some((Timestamp::from_nanos(min), Timestamp::from_nanos(max)))
}

/// Tells whether no two rows can have the same series and time: every source is free of such rows,
/// and no two sources share a moment.
fn are_apart(extents: &[Extent]) -> bool {
    let mut bounds: Vec<(i64, i64)> = extents.iter().map(|extent| extent.times).collect();
    bounds.sort_unstable();
    extents.iter().all(|extent| extent.is_unique)
        && bounds
            .windows(2)
            .all(|pair| matches!(pair, [a, b] if a.1 < b.0))
}
