//! Which parts are past their table's retention, and whether the clock may be believed that says so.

use std::time::Duration;

use platform::MonotonicNanos;
use schema::{Span, Timestamp};
use tracing::warn;

use crate::part::{PartId, PartMeta};

/// Returns the parts whose last row is older than the retention; a part goes as a whole or stays.
pub(super) fn expired<'a>(
    parts: impl Iterator<Item = &'a PartMeta>,
    retention: Option<Span>,
    now: Timestamp,
) -> Vec<PartId> {
    let Some(retention) = retention else {
        return Vec::new();
    };
    let kept_from = now.saturating_sub(retention);
    parts
        .filter(|part| part.time_max < kept_from)
        .map(|part| part.id)
        .collect()
}

/// Watches the wall clock by the monotonic one.
///
/// What expires is gone for good, so that a clock that was set wrong must not decide it: nothing
/// expires at the first look, nor for an hour after the clocks have parted.
#[derive(Debug, Default)]
pub(super) struct ClockWatch {
    last: Option<(Timestamp, MonotonicNanos)>,
    /// When the wall clock was last seen to have jumped.
    jumped: Option<MonotonicNanos>,
}

impl ClockWatch {
    /// Looks at both clocks; returns whether what is past its retention may go.
    pub(super) fn look(&mut self, now: Timestamp, monotonic: MonotonicNanos) -> bool {
        let Some((wall, before)) = self.last.replace((now, monotonic)) else {
            return false;
        };
        let told = i128::from(now.nanos()) - i128::from(wall.nanos());
        let passed = monotonic.since(before);
        // A duration of 64 bits of nanoseconds fits.
        let parted = told - passed.as_nanos().cast_signed();
        if parted.unsigned_abs() > STEADY.as_nanos() {
            let parted_seconds = parted / 1_000_000_000;
            warn!(
                %wall, %now, parted_seconds,
                "the wall clock jumped: nothing expires until it has gone evenly for an hour"
            );
            self.jumped = Some(monotonic);
        }
        if self.jumped.is_some_and(|at| monotonic.since(at) < STEADY) {
            return false;
        }
        self.jumped = None;
        true
    }
}

/// How far the clocks may part between two looks, and how long a clock that jumped is not believed.
const STEADY: Duration = Duration::from_secs(3_600);
