//! How much may be under way and in memory (E-3).

use std::sync::atomic::{AtomicU64, Ordering};

use platform::MonotonicNanos;

use super::Reserved;
use super::series::{self, Growth};
use crate::apply::PreparedBatch;
use crate::state::State;
use crate::{Error, RowPredicate, Settings};

/// What is set aside for records under way, beside the limits.
#[derive(Debug)]
pub(crate) struct Budget {
    memtable_bytes_max: u64,
    pending_bytes_max: u64,
    pending_batches_max: u64,
    series_max: u64,
    index_bytes_max: u64,
    tombstones_max: u64,
    bytes: u64,
    batches: u64,
    series: u64,
    series_bytes: u64,
    deletes: u64,
}

/// What the state weighs; measured whenever one is published, read without a lock.
#[derive(Debug, Default)]
pub(crate) struct Pressure {
    memtable_bytes: AtomicU64,
    series: AtomicU64,
    /// Series, and what is known of parts.
    index_bytes: AtomicU64,
    /// Batches that are admitted and not visible.
    pending_bytes: AtomicU64,
    /// Deletes that no manifest has.
    deletes: AtomicU64,
    /// When the oldest row in memory was applied, plus one; 0 while there is none.
    oldest: AtomicU64,
}

impl Pressure {
    /// Measures a state that is about to be published.
    pub(crate) fn measure(&self, state: &State, now: MonotonicNanos) {
        self.memtable_bytes
            .store(state.memtable_bytes(), Ordering::Relaxed);
        self.series.store(state.series_count(), Ordering::Relaxed);
        self.index_bytes
            .store(state.index_bytes(), Ordering::Relaxed);
        self.deletes
            .store(state.fresh_tombstone_count(), Ordering::Relaxed);
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

    /// Takes note of the bytes of batches that are admitted and not visible.
    pub(crate) fn set_pending(&self, bytes: u64) {
        self.pending_bytes.store(bytes, Ordering::Relaxed);
    }

    /// Returns the bytes of batches that are admitted and not visible.
    pub(crate) fn pending_bytes(&self) -> u64 {
        self.pending_bytes.load(Ordering::Relaxed)
    }

    /// Tells whether a batch would probably not be refused for want of room: an eighth is free of what
    /// may be in memory, and of what may be on the way there.
    pub(crate) fn has_room(&self, settings: &Settings) -> bool {
        let under_way = self.pending_bytes();
        let crowded = |bytes: u64, bytes_max: u64| bytes > bytes_max / 8 * 7;
        !crowded(under_way, settings.pending_bytes_max)
            && !crowded(
                self.memtable_bytes() + under_way,
                settings.memtable_bytes_max,
            )
    }

    /// Returns the number of series over all tables.
    pub(crate) fn series(&self) -> u64 {
        self.series.load(Ordering::Relaxed)
    }

    /// Returns the bytes of the series of all tables and of what is known of parts.
    pub(crate) fn index_bytes(&self) -> u64 {
        self.index_bytes.load(Ordering::Relaxed)
    }

    /// Returns the number of deletes that no manifest has.
    pub(crate) fn deletes(&self) -> u64 {
        self.deletes.load(Ordering::Relaxed)
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
            index_bytes_max: settings.shares.index_bytes_max,
            tombstones_max: settings.tombstones_max.into(),
            bytes: 0,
            batches: 0,
            series: 0,
            series_bytes: 0,
            deletes: 0,
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

    /// Checks that there may be one more tombstone.
    pub(super) fn check_delete(&self, rows: &RowPredicate, state: &State) -> Result<(), Error> {
        if rows.bytes() > PREDICATE_BYTES_MAX {
            return Err(Error::Limit {
                what: "bytes of tags in one delete",
                limit: PREDICATE_BYTES_MAX,
            });
        }
        // One that is applied and not yet told counts twice for a moment.
        if state.tombstone_count() + self.deletes >= self.tombstones_max {
            return Err(overloaded(TOMBSTONES_FULL, TOMBSTONES_RETRY_MS));
        }
        Ok(())
    }

    /// Counts the series that are really new only where a limit is near, since it costs look-ups.
    ///
    /// What is under way has set aside all of its series, known ones too: it can make a batch wait, but
    /// never be the reason to refuse it for good.
    fn check_series(
        &self,
        batch: &PreparedBatch,
        state: &State,
        pressure: &Pressure,
    ) -> Result<(), Error> {
        let series = pressure.series() + self.series + batch.series_max();
        let bytes = pressure.index_bytes() + self.series_bytes + series::bytes_max(batch);
        if series <= self.series_max && bytes <= self.index_bytes_max {
            return Ok(());
        }
        // Measured before the new ones are, so that none that is applied meanwhile counts twice.
        let known = Growth {
            series: state.series_count(),
            bytes: state.index_bytes(),
        };
        let new = series::growth(batch, state);
        if new.series == 0 {
            return Ok(());
        }
        self.check_growth("series_max", known.series, new.series, self.series)?;
        self.check_growth("index_bytes", known.bytes, new.bytes, self.series_bytes)
    }

    fn check_growth(
        &self,
        what: &'static str,
        known: u64,
        new: u64,
        under_way: u64,
    ) -> Result<(), Error> {
        let (limit, named) = match what {
            "series_max" => (self.series_max, "series (series_max)"),
            _ => (
                self.index_bytes_max,
                "bytes of series (a share of memory_bytes_max)",
            ),
        };
        if known + new + under_way <= limit {
            return Ok(());
        }
        if known + new <= limit {
            return Err(overloaded(what, PENDING_RETRY_MS));
        }
        Err(Error::Limit { what: named, limit })
    }

    /// Returns the bytes of what is under way.
    pub(super) fn pending_bytes(&self) -> u64 {
        self.bytes
    }

    pub(super) fn reserve(&mut self, reserved: &Reserved) {
        self.batches += 1;
        self.bytes += reserved.bytes;
        self.series += reserved.series;
        self.series_bytes += reserved.series_bytes;
        self.deletes += reserved.deletes;
    }

    pub(super) fn release(&mut self, reserved: &Reserved) {
        self.batches -= 1;
        self.bytes -= reserved.bytes;
        self.series -= reserved.series;
        self.series_bytes -= reserved.series_bytes;
        self.deletes -= reserved.deletes;
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
/// Parts are merged for deletes as soon as half of those that there may be wait for it.
const TOMBSTONES_RETRY_MS: u64 = 60_000;
const TOMBSTONES_FULL: &str =
    "the number of deletes that no merge has made real yet (tombstones_max)";
/// A tombstone is in memory and in every manifest until it is made real.
const PREDICATE_BYTES_MAX: u64 = 64 << 10;
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
            series_bytes: 0,
            deletes: 0,
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
