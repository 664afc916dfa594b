//! A series index that has lost most of its series is made anew.
//!
//! An index only grows, and what retention drops stays in it. Once few of its series have rows, the
//! table gets a fresh index, and chunks and parts the numbers of it; views keep the old ones.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::TableState;
use crate::Error;
use crate::latest::Latest;
use crate::memtable::Chunk;
use crate::part::PartId;
use crate::series::{NULL_CODE, SeriesId, SeriesIndex};

/// Which series of a table have rows.
#[derive(Debug, Default)]
pub(crate) struct LiveSeries {
    live: Vec<bool>,
    /// The parts that were looked at.
    parts: BTreeSet<PartId>,
}

impl LiveSeries {
    /// Looks at chunks, and at parts that were not looked at yet; returns whether it was worth it.
    ///
    /// # Errors
    /// Those of opening a part.
    pub(crate) fn look(&mut self, table: &TableState) -> Result<bool, Error> {
        let count = table.series.series_count() as usize;
        if count < SERIES_MIN {
            return Ok(false);
        }
        self.live.resize(count.max(self.live.len()), false);
        for part in table.parts.iter() {
            if self.parts.contains(&part.meta().id) {
                continue;
            }
            for series in part.open()?.series() {
                self.mark(*series);
            }
            self.parts.insert(part.meta().id);
        }
        for run in table.chunks().flat_map(|chunk| &chunk.runs) {
            self.mark(run.series);
        }
        Ok(true)
    }

    /// Tells whether a fresh index would be much smaller.
    pub(crate) fn is_sparse(&self, table: &TableState) -> bool {
        let count = table.series.series_count() as usize;
        self.live.iter().filter(|live| **live).count() < count / 2
    }

    fn mark(&mut self, series: SeriesId) {
        if let Some(live) = self.live.get_mut(series.index()) {
            *live = true;
        }
    }
}

impl TableState {
    /// Returns the same table over an index of just the series that have rows.
    pub(crate) fn renumbered(&self, live: &LiveSeries) -> Self {
        let index = Arc::new(SeriesIndex::default());
        // By their old numbers: then new numbers rise as the old ones do, and the order of runs stays.
        let mut renumbered = vec![None; live.live.len()];
        for (old, slot) in (0u32..).map(SeriesId).zip(&mut renumbered) {
            if live.live.get(old.index()).copied().unwrap_or(false) {
                *slot = Some(self.intern_into(&index, old));
            }
        }
        let number = |series: SeriesId| {
            let new = renumbered.get(series.index()).copied().flatten();
            new.expect("every series of a chunk was found live")
        };
        let chunk = |chunk: &Chunk| chunk.renumbered(number);
        let parts = self.parts.iter();
        let parts = parts.map(|part| Arc::new(part.numbered_by(&index)));
        let frozen = self
            .frozen
            .as_ref()
            .map(|frozen| Arc::new(frozen.map(chunk)));
        let active = Arc::new(self.active.map(chunk));
        Self {
            definition: Arc::clone(&self.definition),
            parts: Arc::new(parts.collect()),
            series: Arc::clone(&index),
            frozen,
            active,
            tombstones: Arc::clone(&self.tombstones),
            latest: self.latest.as_ref().map(|latest| Latest {
                part: Arc::new(latest.part.numbered_by(&index)),
                ..*latest
            }),
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
