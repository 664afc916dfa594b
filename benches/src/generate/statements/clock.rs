//! When an instance is sampled: all its statements at one moment, a little after the full minute.

use super::{JITTER_MILLISECONDS, MINUTE_NANOS};
use crate::generate::{Random, START_NANOS};

/// The moments at which one instance is sampled.
#[derive(Debug, Clone)]
pub(super) struct InstanceClock {
    random: Random,
    now: i64,
}

impl InstanceClock {
    /// Draws the clock of an instance.
    pub(super) fn new(seed: u64, instance: u32) -> Self {
        Self {
            random: Random::new(seed, CLOCK_STREAMS + u64::from(instance)),
            now: START_NANOS,
        }
    }

    /// Goes on to a minute, the one after that before.
    pub(super) fn advance(&mut self, minute: i64) {
        let jitter = i64::from(self.random.below(JITTER_MILLISECONDS)) * MILLISECOND_NANOS;
        self.now = START_NANOS + minute * MINUTE_NANOS + jitter;
    }

    /// Returns when the minute's sample is taken, in nanoseconds since the epoch.
    pub(super) fn now(&self) -> i64 {
        self.now
    }
}

const MILLISECOND_NANOS: i64 = 1_000_000;
/// Keeps these streams apart from those of the other data sets under one seed.
const CLOCK_STREAMS: u64 = 3 << 40;
