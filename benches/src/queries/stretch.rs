//! The stretch of time, and the host, that a question is about.

use schema::Timestamp;

use crate::generate::{CpuShape, Random};

/// A stretch of time inside the data set, from `start` until just before `end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stretch {
    pub(super) start: i64,
    pub(super) end: i64,
}

impl Stretch {
    /// Draws a stretch of so many hours that begins at any second; the whole data set when it is
    /// shorter.
    pub(super) fn draw(shape: CpuShape, hours: i64, random: &mut Random) -> Self {
        let (start, end) = (shape.start(), shape.end());
        let spare = end - start - hours * HOUR_NANOS;
        if spare <= 0 {
            return Self { start, end };
        }
        let seconds = u32::try_from(spare / SECOND_NANOS).unwrap_or(u32::MAX);
        let start = start + i64::from(random.below(seconds.saturating_add(1))) * SECOND_NANOS;
        Self {
            start,
            end: start + hours * HOUR_NANOS,
        }
    }

    /// Returns the condition on `time`.
    pub(super) fn condition(self) -> String {
        let [start, end] = [self.start, self.end].map(Timestamp::from_nanos);
        format!("time >= '{start}' AND time < '{end}'")
    }
}

/// Draws a host.
pub(super) fn draw_host(shape: CpuShape, random: &mut Random) -> u32 {
    random.below(shape.hosts)
}

/// Returns the start of the bucket that a time is in; buckets begin at the epoch, as those of
/// `date_bin` do.
pub(super) fn bucket(time: i64, width: i64) -> i64 {
    time - time.rem_euclid(width)
}

pub(super) const SECOND_NANOS: i64 = 1_000_000_000;
pub(super) const MINUTE_NANOS: i64 = 60 * SECOND_NANOS;
pub(super) const HOUR_NANOS: i64 = 60 * MINUTE_NANOS;
