//! Where the series of a scan have their rows.

use crate::merge::{Source, SourceRun};
use crate::series::{SeriesId, SeriesOrder};
use crate::state::ReadPart;

/// Finds the runs of one series after the other, in the order of their tags.
///
/// Parts have their runs in the same order, so that each is walked once and not searched for every
/// series; chunks, of which there are few, are searched.
#[derive(Debug)]
pub(super) struct RunFinder {
    /// For each part the first run that can be of the next series.
    next: Vec<usize>,
}

impl RunFinder {
    /// Returns a finder over so many sources.
    pub(super) fn new(sources: usize) -> Self {
        Self {
            next: vec![0; sources],
        }
    }

    /// Returns the runs of a series that comes after all that were asked for before.
    pub(super) fn find(
        &mut self,
        series: SeriesId,
        sources: &[Source],
        order: &SeriesOrder,
    ) -> Vec<SourceRun> {
        let mut runs = Vec::new();
        for (source, (from, next)) in sources.iter().zip(&mut self.next).enumerate() {
            let rows = match from {
                Source::Chunk(_) => from.rows_of_series(series),
                Source::Part(part) => {
                    *next = first_from(part, *next, series, order);
                    let is_here = part.series().get(*next) == Some(&series);
                    is_here.then(|| part.rows_of(*next))
                }
            };
            runs.extend(rows.map(|rows| SourceRun { source, rows }));
        }
        runs
    }
}

/// Returns the first run from `next` on whose series does not come before this one.
fn first_from(part: &ReadPart, next: usize, series: SeriesId, order: &SeriesOrder) -> usize {
    let runs = part.series().get(next..).unwrap_or_default();
    let rank = |id: &SeriesId| order.rank.get(id.index()).copied();
    let wanted = rank(&series);
    // Doubling steps: what is near is found at once, what is far by bisection.
    let mut reach = 1;
    while runs.get(reach - 1).is_some_and(|id| rank(id) < wanted) {
        reach *= 2;
    }
    let near = runs.get(..reach.min(runs.len())).unwrap_or(runs);
    next + near.partition_point(|id| rank(id) < wanted)
}
