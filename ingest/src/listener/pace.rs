//! How far ahead the speed of a peer merits to send: twice as far each time it fills that quickly.
//!
//! A pace is a wish and costs nothing; [`super::credit`] says what is promised of it, and when.

use std::time::Duration;

use super::windows::WINDOW_BYTES_LEAST;

/// The pace of one connection.
#[derive(Debug)]
pub(super) struct Pace {
    bytes: u64,
    /// What was read since `since`.
    read_bytes: u64,
    since: Duration,
    bytes_max: u64,
}

impl Pace {
    /// Returns the pace of the beginning, which grows to so many bytes at most.
    pub(super) fn new(bytes_max: u64) -> Self {
        Self {
            bytes: WINDOW_BYTES_LEAST.into(),
            read_bytes: 0,
            since: Duration::ZERO,
            bytes_max,
        }
    }

    /// Returns how far ahead the peer would have to be let, beyond what everybody may.
    pub(super) fn beyond_least(&self) -> u64 {
        self.bytes.saturating_sub(WINDOW_BYTES_LEAST.into())
    }

    /// Takes note of bytes that were read.
    pub(super) fn read(&mut self, now: Duration, rtt: Duration, bytes: u64) {
        self.read_bytes = self.read_bytes.saturating_add(bytes);
        let elapsed = now.saturating_sub(self.since);
        if self.read_bytes < self.bytes && elapsed < QUIET {
            return;
        }
        self.read_bytes = 0;
        self.since = now;
        if elapsed >= QUIET {
            self.bytes = (self.bytes / 2).max(WINDOW_BYTES_LEAST.into());
        } else if elapsed <= BUSY.max(rtt * 4) {
            self.bytes = (self.bytes * 2).min(self.bytes_max);
        }
    }
}

/// Who fills a window in this time, or in four round trips, would send faster with a larger one.
const BUSY: Duration = Duration::from_millis(250);
/// Who does not fill a window in this time needs half of it.
const QUIET: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;

    const RTT: Duration = Duration::from_millis(1);
    const LEAST: u64 = WINDOW_BYTES_LEAST as u64;

    fn seconds(count: u64) -> Duration {
        Duration::from_secs(count)
    }

    #[test]
    fn who_sends_little_keeps_the_pace_of_the_beginning() {
        let mut pace = Pace::new(1 << 20);
        for second in 1..1_000 {
            pace.read(seconds(second), RTT, 9_000);
        }
        assert_eq!(pace.beyond_least(), 0);
    }

    #[test]
    fn who_fills_what_it_has_gets_twice_as_much_up_to_the_most() {
        let mut pace = Pace::new(1 << 20);
        for expected in [32 << 10, 64 << 10, 128 << 10, 256 << 10, 512 << 10] {
            pace.read(RTT, RTT, pace.bytes);
            assert_eq!(pace.bytes, expected);
        }
        for _ in 0..3 {
            pace.read(RTT, RTT, pace.bytes);
            assert_eq!(pace.bytes, 1 << 20);
        }
        pace.read(seconds(20), RTT, 1);
        assert_eq!(pace.bytes, 512 << 10, "ten quiet seconds");
    }

    #[test]
    fn a_long_line_counts_in_round_trips() {
        let mut pace = Pace::new(1 << 20);
        pace.read(seconds(1), RTT, LEAST);
        assert_eq!(pace.beyond_least(), 0);
        pace.read(seconds(2), Duration::from_millis(300), LEAST);
        assert_eq!(pace.beyond_least(), LEAST);
    }
}
