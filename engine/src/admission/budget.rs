//! How much may be under way and in memory (E-3).

use std::sync::atomic::{AtomicU64, Ordering};

use platform::MonotonicNanos;

use super::{Reserved, series};
use crate::apply::PreparedBatch;
use crate::state::State;
use crate::{Error, Settings};

/// What is set aside for records under way, beside the limits.
#[derive(Debug)]
pub(crate) struct Budget {
    memtable_bytes_max: u64,
    pending_bytes_max: u64,
    pending_batches_max: u64,
    series_max: u64,
    bytes: u64,
    batches: u64,
    series: u64,
}

/// What the state weighs; measured whenever one is published, read without a lock.
#[derive(Debug, Default)]
pub(crate) struct Pressure {
    memtable_bytes: AtomicU64,
    series: AtomicU64,
    /// When the oldest row in memory was applied, plus one; 0 while there is none.
    oldest: AtomicU64,
}

impl Pressure {
    /// Measures a state that is about to be published.
    pub(crate) fn measure(&self, state: &State, now: MonotonicNanos) {
        self.memtable_bytes
            .store(state.memtable_bytes(), Ordering::Relaxed);
        self.series.store(state.series_count(), Ordering::Relaxed);
        let is_empty = state.tables.values().all(|table| table.active.is_empty());
        if is_empty {
            self.oldest.store(0, Ordering::Relaxed);
        } else if self.oldest.load(Ordering::Relaxed) == 0 {
            self.oldest
                .store(now.0.saturating_add(1), Ordering::Relaxed);
        }
    }

    /// Returns the bytes of all rows in memory.
    pub(crate) fn memtable_bytes(&self) -> u64 {
        self.memtable_bytes.load(Ordering::Relaxed)
    }

    /// Returns the number of series over all tables.
    pub(crate) fn series(&self) -> u64 {
        self.series.load(Ordering::Relaxed)
    }

    /// Returns when the oldest row in memory that no flush has begun with was applied.
    pub(crate) fn oldest(&self) -> Option<MonotonicNanos> {
        self.oldest
            .load(Ordering::Relaxed)
            .checked_sub(1)
            .map(MonotonicNanos)
    }
}

impl Budget {
    pub(super) fn new(settings: &Settings) -> Self {
        Self {
            memtable_bytes_max: settings.memtable_bytes_max,
            pending_bytes_max: settings.pending_bytes_max,
            pending_batches_max: settings.pending_batches_max.into(),
            series_max: settings.series_max.into(),
            bytes: 0,
            batches: 0,
            series: 0,
        }
    }

    /// Checks that there is room for a batch.
    pub(super) fn check(
        &self,
        batch: &PreparedBatch,
        state: &State,
        pressure: &Pressure,
    ) -> Result<(), Error> {
        self.check_count()?;
        let alone_max = self.memtable_bytes_max / 4;
        if batch.bytes > alone_max {
            let what = "bytes in one batch, its texts unpacked";
            return Err(Error::Limit {
                what,
                limit: alone_max,
            });
        }
        // One batch is always let through, however large, or it would be refused for ever.
        if self.bytes > 0 && self.bytes + batch.bytes > self.pending_bytes_max {
            return Err(overloaded("pending_bytes_max", PENDING_RETRY_MS));
        }
        if pressure.memtable_bytes() + self.bytes + batch.bytes > self.memtable_bytes_max {
            return Err(overloaded("memtable_bytes_max", MEMTABLE_RETRY_MS));
        }
        self.check_series(batch, state, pressure)
    }

    /// Checks that one more record may be under way.
    pub(super) fn check_count(&self) -> Result<(), Error> {
        if self.batches >= self.pending_batches_max {
            return Err(overloaded("pending_batches_max", PENDING_RETRY_MS));
        }
        Ok(())
    }

    /// Counts the series that are really new only where the limit is near, since it costs look-ups.
    fn check_series(
        &self,
        batch: &PreparedBatch,
        state: &State,
        pressure: &Pressure,
    ) -> Result<(), Error> {
        let known = pressure.series() + self.series;
        if known + batch.series_max() <= self.series_max
            || known + series::new_series(batch, state) <= self.series_max
        {
            return Ok(());
        }
        Err(Error::Limit {
            what: "series (series_max)",
            limit: self.series_max,
        })
    }

    pub(super) fn reserve(&mut self, reserved: &Reserved) {
        self.batches += 1;
        self.bytes += reserved.bytes;
        self.series += reserved.series;
    }

    pub(super) fn release(&mut self, reserved: &Reserved) {
        self.batches -= 1;
        self.bytes -= reserved.bytes;
        self.series -= reserved.series;
    }
}

/// Returns a refusal for now.
pub(super) fn overloaded(what: &'static str, retry_after_ms: u64) -> Error {
    Error::Overloaded {
        what,
        retry_after_ms,
    }
}

/// What is under way is on disk within some syncs.
const PENDING_RETRY_MS: u64 = 100;
/// A flush takes seconds.
const MEMTABLE_RETRY_MS: u64 = 1_000;
/// Idempotency keys age out within a day.
pub(super) const WINDOWS_RETRY_MS: u64 = 60_000;
