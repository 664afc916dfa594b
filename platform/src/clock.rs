//! Time: the wall clock for what is stored and shown, the monotonic clock for how long things take.
//!
//! The wall clock may jump either way, so nothing that must be safe depends on it.
//! The monotonic clock never goes back, and its zero means nothing outside this process.

use std::fmt::Debug;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use rustix::time::{ClockId, Timespec, clock_gettime};

/// A moment of the wall clock: nanoseconds since 1970-01-01T00:00:00Z, before it when negative.
///
/// It reaches from the year 1677 to the year 2262.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct UnixNanos(pub i64);

/// A moment of the monotonic clock, in nanoseconds since a start that differs from run to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct MonotonicNanos(pub u64);

impl UnixNanos {
    /// Returns the moment `by` later, or the last one that can be told.
    #[must_use]
    pub fn saturating_add(self, by: Duration) -> Self {
        Self(
            self.0
                .saturating_add(i64::try_from(by.as_nanos()).unwrap_or(i64::MAX)),
        )
    }
}

impl MonotonicNanos {
    /// Returns the time that passed from `earlier` until this moment, zero when it is not earlier.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }

    /// Returns the moment `by` later, or the last one that can be told.
    #[must_use]
    pub fn saturating_add(self, by: Duration) -> Self {
        Self(
            self.0
                .saturating_add(u64::try_from(by.as_nanos()).unwrap_or(u64::MAX)),
        )
    }
}

/// Tells the time.
pub trait Clock: Debug + Send + Sync + 'static {
    /// Returns the time of the wall clock.
    fn now(&self) -> UnixNanos;

    /// Returns the time of the monotonic clock.
    fn monotonic(&self) -> MonotonicNanos;
}

/// The clocks of the operating system.
#[derive(Debug, Clone, Copy, Default)]
pub struct RealClock;

impl Clock for RealClock {
    fn now(&self) -> UnixNanos {
        UnixNanos(nanoseconds(clock_gettime(ClockId::Realtime)))
    }

    fn monotonic(&self) -> MonotonicNanos {
        let nanos = nanoseconds(clock_gettime(ClockId::Monotonic));
        MonotonicNanos(u64::try_from(nanos).unwrap_or(0))
    }
}

/// A clock that stands still until a test moves it.
#[derive(Debug)]
pub struct SimClock {
    now: AtomicI64,
    monotonic: AtomicU64,
}

impl SimClock {
    /// Makes a clock whose wall time is `now` and whose monotonic time is zero.
    #[must_use]
    pub const fn new(now: UnixNanos) -> Self {
        Self {
            now: AtomicI64::new(now.0),
            monotonic: AtomicU64::new(0),
        }
    }

    /// Moves both clocks forward.
    pub fn advance(&self, by: Duration) {
        let step = i64::try_from(by.as_nanos()).unwrap_or(i64::MAX);
        self.now.fetch_add(step, Ordering::SeqCst);
        self.monotonic
            .fetch_add(step.unsigned_abs(), Ordering::SeqCst);
    }

    /// Sets the wall clock, backwards too, as an operator or NTP would; the monotonic one goes on.
    pub fn set(&self, now: UnixNanos) {
        self.now.store(now.0, Ordering::SeqCst);
    }
}

impl Clock for SimClock {
    fn now(&self) -> UnixNanos {
        UnixNanos(self.now.load(Ordering::SeqCst))
    }

    fn monotonic(&self) -> MonotonicNanos {
        MonotonicNanos(self.monotonic.load(Ordering::SeqCst))
    }
}

/// Returns a time of the operating system in nanoseconds, at the ends of the range when outside.
fn nanoseconds(time: Timespec) -> i64 {
    time.tv_sec
        .saturating_mul(NANOS_PER_SECOND)
        .saturating_add(time.tv_nsec)
}

const NANOS_PER_SECOND: i64 = 1_000_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn simulated_clock_moves_only_when_told() {
        let clock = SimClock::new(UnixNanos(5));
        assert_eq!(
            (clock.now(), clock.monotonic()),
            (UnixNanos(5), MonotonicNanos(0))
        );
        clock.advance(Duration::from_secs(2));
        assert_eq!(clock.now(), UnixNanos(2_000_000_005));
        assert_eq!(clock.monotonic(), MonotonicNanos(2_000_000_000));
    }

    #[test]
    fn setting_the_wall_clock_back_leaves_the_monotonic_one() {
        let clock = SimClock::new(UnixNanos(100));
        clock.advance(Duration::from_nanos(7));
        clock.set(UnixNanos(-3));
        assert_eq!(
            (clock.now(), clock.monotonic()),
            (UnixNanos(-3), MonotonicNanos(7))
        );
    }

    #[test]
    fn real_clock_is_after_2020_and_never_goes_back() {
        let start = RealClock.monotonic();
        assert!(RealClock.now() > UnixNanos(1_577_836_800 * NANOS_PER_SECOND));
        assert!(RealClock.monotonic() >= start);
    }

    #[test]
    fn arithmetic_stops_at_the_ends() {
        assert_eq!(
            UnixNanos(i64::MAX).saturating_add(Duration::from_secs(1)).0,
            i64::MAX
        );
        assert_eq!(UnixNanos(1).saturating_add(Duration::MAX).0, i64::MAX);
        assert_eq!(
            MonotonicNanos(u64::MAX).saturating_add(Duration::MAX).0,
            u64::MAX
        );
        assert_eq!(MonotonicNanos(3).since(MonotonicNanos(9)), Duration::ZERO);
        assert_eq!(
            MonotonicNanos(9).since(MonotonicNanos(3)),
            Duration::from_nanos(6)
        );
    }
}
