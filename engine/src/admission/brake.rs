//! Ingest goes no faster than merging follows (E-3).
//!
//! Merges run at a lower priority than ingest, so that on a busy machine parts would pile up without end,
//! and every query would pay for each of them. Whoever merges therefore tells how many merges wait to be
//! done, the one under way included; from two on, batches take turns at a rate that halves with each more:
//!
//! ```text
//!   merges due    0, 1       2       3       4      …     7 or more
//!   MiB/s         any       32      16       8      …     1
//! ```
//!
//! Nothing is refused for it, and no batch waits longer than [`WAIT_MAX`].

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use platform::MonotonicNanos;

/// How far merging is behind, and whose turn is next.
#[derive(Debug, Default)]
pub(crate) struct Brake {
    merges_due: AtomicU32,
    /// When the next batch may go, while batches take turns.
    next: Mutex<MonotonicNanos>,
}

impl Brake {
    /// Says how many merges wait to be done.
    pub(crate) fn set(&self, merges_due: u32) {
        self.merges_due.store(merges_due, Ordering::Relaxed);
    }

    /// Returns how many merges wait to be done.
    pub(crate) fn merges_due(&self) -> u32 {
        self.merges_due.load(Ordering::Relaxed)
    }

    /// Gives a batch its turn, and returns how long that is away.
    pub(crate) fn turn(&self, bytes: u64, now: MonotonicNanos) -> Duration {
        let Some(rate) = bytes_per_s(self.merges_due()) else {
            return Duration::ZERO;
        };
        let takes = Duration::from_nanos(bytes.saturating_mul(SECOND_NANOS) / rate);
        let latest = now.saturating_add(WAIT_MAX);
        let mut next = self.next.lock();
        let turn = (*next).clamp(now, latest);
        *next = turn.saturating_add(takes).min(latest);
        turn.since(now)
    }
}

/// Returns how much may come in while so many merges wait; nothing where it does not matter.
fn bytes_per_s(merges_due: u32) -> Option<u64> {
    let beyond = merges_due.checked_sub(MERGES_DUE_FREE + 1)?;
    Some((RATE_MAX >> beyond.min(63)).max(RATE_MIN))
}

/// No batch waits longer for merging: senders slow down by as much as that.
pub(crate) const WAIT_MAX: Duration = Duration::from_secs(2);
/// One merge is under way now and then, and done within seconds.
const MERGES_DUE_FREE: u32 = 1;
/// Past [`MERGES_DUE_FREE`]; in bytes of batches as they arrive, some 14 for a row of ten small integers.
const RATE_MAX: u64 = 32 << 20;
const RATE_MIN: u64 = 1 << 20;
const SECOND_NANOS: u64 = 1_000_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: MonotonicNanos = MonotonicNanos(5_000_000_000);

    fn brake(merges_due: u32) -> Brake {
        let brake = Brake::default();
        brake.set(merges_due);
        brake
    }

    #[test]
    fn one_merge_holds_nobody_up() {
        for merges_due in 0..=1 {
            let brake = brake(merges_due);
            for _ in 0..1_000 {
                assert_eq!(brake.turn(16 << 20, NOW), Duration::ZERO);
            }
        }
    }

    #[test]
    fn the_rate_halves_with_each_merge_down_to_a_least() {
        let rates = [2, 3, 4, 5, 6, 7, 8, u32::MAX].map(|due| bytes_per_s(due).unwrap() >> 20);
        assert_eq!(rates, [32, 16, 8, 4, 2, 1, 1, 1]);
    }

    #[test]
    fn batches_take_turns_at_the_rate_whoever_sends_them() {
        let brake = brake(8);
        let waits: Vec<u128> = (0..4)
            .map(|_| brake.turn(1 << 18, NOW).as_millis())
            .collect();
        assert_eq!(waits, [0, 250, 500, 750]);
        // Time that passes is not taken twice, and not saved up.
        let later = NOW.saturating_add(Duration::from_secs(60));
        assert_eq!(brake.turn(1 << 18, later), Duration::ZERO);
        assert_eq!(brake.turn(1 << 18, later).as_millis(), 250);
    }

    #[test]
    fn nobody_waits_longer_than_the_most_however_many_there_are() {
        let brake = brake(8);
        let longest = (0..100).map(|_| brake.turn(1 << 20, NOW)).max();
        assert_eq!(longest, Some(WAIT_MAX));
        // And what was waited for does not outlast the merges.
        brake.set(0);
        assert_eq!(brake.turn(1 << 20, NOW), Duration::ZERO);
    }
}
