//! The series of a table in the order of their tags.

use std::cmp::Ordering;

use super::SeriesId;
use super::index::Inner;

/// All series that there were at some moment, sorted by tag tuple, nulls first.
#[derive(Debug, Default)]
pub(crate) struct SeriesOrder {
    /// The series, smallest tags first.
    pub(crate) sorted: Vec<SeriesId>,
    /// For each series its position in `sorted`.
    pub(crate) rank: Vec<u32>,
}

impl SeriesOrder {
    /// Returns the order of all series of an index, from that of fewer of them.
    pub(super) fn extended(&self, inner: &Inner) -> Self {
        let count = inner.series_count();
        let known = self.sorted.len();
        let mut added: Vec<SeriesId> = (0..count).skip(known).map(SeriesId).collect();
        if added.len() > known / FEW {
            return Self::of(inner);
        }
        let compare = |a: &SeriesId, b: &SeriesId| compare_tags(inner, *a, *b);
        added.sort_unstable_by(compare);
        let (mut sorted, mut rest) = (Vec::with_capacity(count as usize), self.sorted.as_slice());
        for series in added {
            let at = rest.partition_point(|known| compare(known, &series) == Ordering::Less);
            let (before, behind) = rest.split_at(at);
            sorted.extend_from_slice(before);
            sorted.push(series);
            rest = behind;
        }
        sorted.extend_from_slice(rest);
        Self::with_ranks(sorted)
    }

    /// Sorts from scratch, by ranks of values instead of the values themselves.
    fn of(inner: &Inner) -> Self {
        let ranks: Vec<Vec<u32>> = inner.dictionaries().map(|d| d.ranks()).collect();
        let key = |series: SeriesId, tag: usize| {
            let code = inner.code_of(tag, series)?;
            ranks.get(tag)?.get(code as usize).copied()
        };
        let mut sorted: Vec<SeriesId> = (0..inner.series_count()).map(SeriesId).collect();
        sorted.sort_unstable_by(|a, b| {
            (0..ranks.len())
                .map(|tag| key(*a, tag).cmp(&key(*b, tag)))
                .find(|order| order.is_ne())
                .unwrap_or(Ordering::Equal)
        });
        Self::with_ranks(sorted)
    }

    fn with_ranks(sorted: Vec<SeriesId>) -> Self {
        let mut rank = vec![0; sorted.len()];
        for (position, series) in (0..).zip(&sorted) {
            if let Some(slot) = rank.get_mut(series.index()) {
                *slot = position;
            }
        }
        Self { sorted, rank }
    }
}

fn compare_tags(inner: &Inner, a: SeriesId, b: SeriesId) -> Ordering {
    for (tag, dictionary) in inner.dictionaries().enumerate() {
        let (a, b) = (inner.code_of(tag, a), inner.code_of(tag, b));
        if a != b {
            let value = |code: Option<u32>| code.and_then(|code| dictionary.value(code));
            return value(a).cmp(&value(b));
        }
    }
    Ordering::Equal
}

/// Up to one new series in so many is inserted into the old order; more are sorted anew.
const FEW: usize = 8;
