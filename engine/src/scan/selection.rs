//! Which series a scan reads, in which order, and how they are shared out.

use std::ops::Range;

use super::TagSelection;
use crate::merge::Source;
use crate::series::{SeriesId, SeriesIndex, SeriesOrder};

/// Returns the series that all selections accept, in the order of their tags.
pub(super) fn selected(
    series: &SeriesIndex,
    order: &SeriesOrder,
    tags: &[TagSelection],
) -> Vec<SeriesId> {
    if tags.is_empty() {
        return order.sorted.clone();
    }
    series.read(|table| {
        let accepted = |id: &SeriesId| tags.iter().all(|t| t.accepts(table.code_of(t.tag, *id)));
        order.sorted.iter().copied().filter(accepted).collect()
    })
}

/// Cuts the series into at most `partitions` stretches of about equal numbers of rows in some sources.
pub(super) fn shared_out<'a>(
    series: &[SeriesId],
    sources: impl Iterator<Item = &'a Source>,
    partitions: usize,
) -> Vec<Range<usize>> {
    let sources: Vec<&Source> = sources.collect();
    let weigh = |id: &SeriesId| {
        let rows = sources
            .iter()
            .filter_map(|source| source.rows_of_series(*id));
        1 + rows.map(|rows| rows.len()).sum::<usize>()
    };
    // Weighing costs a look-up in every source; past a bound, series count as equal.
    let is_weighed = series.len().saturating_mul(sources.len()) <= LOOK_UPS_MAX;
    let weights: Vec<usize> = match is_weighed {
        true => series.iter().map(weigh).collect(),
        false => vec![1; series.len()],
    };
    let total: usize = weights.iter().sum();
    let share = total.div_ceil(partitions.max(1)).max(1);
    let (mut stretches, mut start, mut rows) = (Vec::new(), 0, 0);
    for (position, weight) in weights.iter().enumerate() {
        rows += weight;
        if rows >= share {
            stretches.push(start..position + 1);
            (start, rows) = (position + 1, 0);
        }
    }
    if start < series.len() {
        stretches.push(start..series.len());
    }
    stretches
}

const LOOK_UPS_MAX: usize = 1 << 18;
