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
    ///
    /// What is under way has set aside all of its series, known ones too: it can make a batch wait, but
    /// never be the reason to refuse it for good.
    fn check_series(
        &self,
        batch: &PreparedBatch,
        state: &State,
        pressure: &Pressure,
    ) -> Result<(), Error> {
        if pressure.series() + self.series + batch.series_max() <= self.series_max {
            return Ok(());
        }
        // Counted before the new ones are, so that none that is applied meanwhile counts twice.
        let known = state.series_count();
        let new = series::new_series(batch, state);
        if new == 0 || known + new + self.series <= self.series_max {
            return Ok(());
        }
        if known + new <= self.series_max {
            return Err(overloaded("series_max", PENDING_RETRY_MS));
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

#[cfg(test)]
mod tests {
    use schema::{ColumnDefinition, Lsn, Timestamp};
    use wire::{BatchFrame, Limits, TableBuilder, v1};

    use super::{Budget, Pressure, Reserved};
    use crate::apply::{Change, Place, PreparedBatch, apply};
    use crate::dedup::{DedupLimits, Windows};
    use crate::state::State;
    use crate::{Kind, Settings};

    fn batch(hosts: &[&str]) -> PreparedBatch {
        let mut table = TableBuilder::new("cpu");
        for host in hosts {
            table.begin_row(1);
            assert!(table.column(&ColumnDefinition::tag("host")).push_text(host));
        }
        let batch = v1::Batch {
            tables: vec![table.finish()],
            ..v1::Batch::default()
        };
        PreparedBatch::new(BatchFrame::encode(&batch, &Limits::default()).unwrap())
    }

    /// Returns a state that knows the series of two hosts.
    fn state(settings: &Settings) -> State {
        let (mut state, mut windows) = (State::default(), Windows::default());
        let place = Place {
            lsn: Lsn::new(1),
            end: Lsn::new(2),
            time: Timestamp::from_nanos(1),
        };
        let change = Change::Batch(batch(&["a", "b"]));
        let limits = DedupLimits::of(settings);
        apply(&mut state, &mut windows, &limits, &change, place).unwrap();
        state
    }

    #[test]
    fn what_is_under_way_delays_new_series_and_never_known_ones() {
        let settings = Settings {
            series_max: 3,
            ..Settings::default()
        };
        let (state, pressure) = (state(&settings), Pressure::default());
        pressure.measure(&state, platform::MonotonicNanos(1));
        let mut budget = Budget::new(&settings);
        let check = |budget: &Budget, hosts: &[&str]| {
            let outcome = budget.check(&batch(hosts), &state, &pressure);
            outcome.map_err(|error| error.kind())
        };
        // A batch of known series is under way.
        let reserved = Reserved {
            series: 2,
            bytes: 1,
            number: None,
        };
        budget.reserve(&reserved);
        assert_eq!(check(&budget, &["a", "b"]), Ok(()));
        assert_eq!(check(&budget, &["a", "c"]), Err(Kind::Overloaded));
        assert_eq!(check(&budget, &["c", "d"]), Err(Kind::Invalid));
        budget.release(&reserved);
        assert_eq!(check(&budget, &["a", "c"]), Ok(()));
        assert_eq!(check(&budget, &["c", "d"]), Err(Kind::Invalid));
    }
}
