//! How long to wait after a failure: longer each time, and not all at once.

use std::time::Duration;

/// The memory of failures in a row.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Backoff {
    failures: u32,
}

impl Backoff {
    /// Counts a failure and returns how long to wait: between half and all of 1, 2, 4 … 60 seconds,
    /// as `random` says.
    pub(crate) fn fail(&mut self, random: u64) -> Duration {
        let seconds = (1u64 << self.failures.min(6)).min(WAIT_MAX_S);
        self.failures = self.failures.saturating_add(1);
        let half_ms = seconds * 500;
        Duration::from_millis(half_ms + random % (half_ms + 1))
    }

    /// Forgets the failures.
    pub(crate) fn succeed(&mut self) {
        self.failures = 0;
    }
}

const WAIT_MAX_S: u64 = 60;

#[cfg(test)]
mod tests {
    use super::Backoff;

    #[test]
    fn waits_grow_to_a_minute_and_differ() {
        let mut backoff = Backoff::default();
        let waits: Vec<_> = (0..9).map(|_| backoff.fail(u64::MAX).as_millis()).collect();
        assert!(waits.iter().all(|wait| *wait <= 60_000));
        assert!(backoff.fail(0).as_millis() >= 30_000);
        assert_ne!(Backoff::default().fail(0), Backoff::default().fail(300));
        backoff.succeed();
        assert!(backoff.fail(7).as_millis() <= 1_000);
    }
}
