//! A series index that has lost most of its series is made anew.
//!
//! An index only grows, and what retention drops stays in it. Once few of its series have rows, the
//! table gets a fresh index, and chunks and parts the numbers of it; views keep the old ones.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::TableState;
use crate::memtable::Chunk;
use crate::series::{NULL_CODE, SeriesId, SeriesIndex};

impl TableState {
    /// Tells whether a fresh index would be much smaller.
    pub(crate) fn is_sparse(&self) -> bool {
        let count = self.series.series_count() as usize;
        if count < SERIES_MIN {
            return false;
        }
        let mut live = vec![false; count];
        let mut mark = |series: SeriesId| {
            if let Some(live) = live.get_mut(series.index()) {
                *live = true;
            }
        };
        self.parts
            .iter()
            .flat_map(|part| part.series())
            .for_each(|series| mark(*series));
        self.chunks()
            .flat_map(|chunk| &chunk.runs)
            .for_each(|run| mark(run.series));
        live.iter().filter(|live| **live).count() < count / 2
    }

    /// Returns the same table over an index of just the series that have rows.
    pub(crate) fn renumbered(&self) -> Self {
        let index = Arc::new(SeriesIndex::default());
        // Chunks first, by their old numbers: then new numbers rise as the old ones do, and the
        // order of the runs stays.
        let in_memory: BTreeSet<SeriesId> = self
            .chunks()
            .flat_map(|chunk| &chunk.runs)
            .map(|run| run.series)
            .collect();
        let mut renumbered = vec![SeriesId(0); self.series.series_count() as usize];
        for series in in_memory {
            if let Some(slot) = renumbered.get_mut(series.index()) {
                *slot = self.intern_into(&index, series);
            }
        }
        let number = |series: SeriesId| {
            let new = renumbered.get(series.index()).copied();
            new.expect("every series of a chunk was numbered above")
        };
        let chunk = |chunk: &Chunk| chunk.renumbered(number);
        let parts = self
            .parts
            .iter()
            .map(|part| Arc::new(part.numbered_by(&index)))
            .collect();
        let frozen = self
            .frozen
            .as_ref()
            .map(|frozen| Arc::new(frozen.map(chunk)));
        let active = Arc::new(self.active.map(chunk));
        Self {
            definition: Arc::clone(&self.definition),
            series: index,
            parts,
            frozen,
            active,
        }
    }

    fn intern_into(&self, index: &SeriesIndex, series: SeriesId) -> SeriesId {
        let mut new = index.write();
        self.series.read(|old| {
            let tags = 0..self.definition.tags.len();
            let code = |tag| {
                let value = old.value_of(tag, series);
                value.map_or(NULL_CODE, |value| new.intern_value(tag, value))
            };
            let tuple: Vec<u32> = tags.map(code).collect();
            new.intern(&tuple)
        })
    }
}

/// A smaller index is not worth the trouble.
const SERIES_MIN: usize = 4_096;
