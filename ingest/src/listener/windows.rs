//! How much each connection may send ahead of what was read: a little always, more while it sends.
//!
//! ```text
//!   windows_bytes_max ── lent to connections that fill their windows, twice as much each time,
//!        ▲               of what is free at most half, up to 8 MiB for one
//!        └────────────── given back when the window is smaller and the peer has used up what it
//!                        was promised, or when the connection ends
//! ```
//! A promise of QUIC cannot be taken back: what a peer may still send counts as lent until it came.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use prometheus_client::metrics::gauge::Gauge;

/// What all connections borrow from (E-3).
#[derive(Debug)]
pub(super) struct Windows {
    free: Mutex<u64>,
    lent: Gauge,
}

/// The window of one connection; dropping it gives back what it borrowed.
#[derive(Debug)]
pub(super) struct Window {
    windows: Arc<Windows>,
    /// What quinn was told.
    bytes: u64,
    /// What the peer was promised beyond that, before the window was made smaller.
    owed: u64,
    /// What was read since `since`.
    read_bytes: u64,
    since: Duration,
}

impl Windows {
    /// Returns windows that lend so many bytes, and show in `lent` how many they have.
    pub(super) fn new(bytes: u64, lent: Gauge) -> Self {
        Self {
            free: Mutex::new(bytes),
            lent,
        }
    }

    /// Takes up to so many bytes, at least some, and never more than half of what is left: others
    /// come too.
    fn borrow(&self, bytes: u64, least: u64) -> u64 {
        let mut free = self.free.lock();
        let taken = bytes.min(*free / 2);
        if taken < least {
            return 0;
        }
        *free -= taken;
        self.lent.inc_by(signed(taken));
        taken
    }

    fn give_back(&self, bytes: u64) {
        *self.free.lock() += bytes;
        self.lent.dec_by(signed(bytes));
    }
}

impl Window {
    /// Returns the window that every connection has from its beginning.
    pub(super) fn new(windows: Arc<Windows>) -> Self {
        Self {
            windows,
            bytes: WINDOW_BYTES_LEAST.into(),
            owed: 0,
            read_bytes: 0,
            since: Duration::ZERO,
        }
    }

    /// Takes note of bytes that were read; returns the window from now on where it changes.
    pub(super) fn read(&mut self, now: Duration, rtt: Duration, bytes: usize) -> Option<u32> {
        let bytes = bytes as u64;
        let paid = self.owed.min(bytes);
        if paid > 0 {
            self.owed -= paid;
            self.windows.give_back(paid);
        }
        self.read_bytes = self.read_bytes.saturating_add(bytes);
        let elapsed = now.saturating_sub(self.since);
        let is_full = self.read_bytes >= self.bytes;
        if !is_full && elapsed < QUIET {
            return None;
        }
        self.read_bytes = 0;
        self.since = now;
        let before = self.bytes;
        if elapsed >= QUIET {
            self.shrink();
        } else if elapsed <= BUSY.max(rtt * 4) {
            self.grow();
        }
        (self.bytes != before).then(|| u32::try_from(self.bytes).unwrap_or(WINDOW_BYTES_MAX))
    }

    fn grow(&mut self) {
        let room = u64::from(WINDOW_BYTES_MAX).saturating_sub(self.bytes);
        self.bytes += self.windows.borrow(self.bytes.min(room), self.bytes / 4);
    }

    fn shrink(&mut self) {
        let smaller = (self.bytes / 2).max(WINDOW_BYTES_LEAST.into());
        self.owed += self.bytes - smaller;
        self.bytes = smaller;
    }

    /// Returns what the pool is short of because of this connection.
    fn borrowed(&self) -> u64 {
        self.bytes - u64::from(WINDOW_BYTES_LEAST) + self.owed
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        self.windows.give_back(self.borrowed());
    }
}

fn signed(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

/// What every connection may send ahead, however many there are.
pub(super) const WINDOW_BYTES_LEAST: u32 = 16 << 10;
/// What one connection may send ahead at most.
const WINDOW_BYTES_MAX: u32 = 8 << 20;
/// Who fills a window in this time, or in four round trips, would send faster with a larger one.
const BUSY: Duration = Duration::from_millis(250);
/// Who does not fill a window in this time needs half of it.
const QUIET: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;

    const RTT: Duration = Duration::from_millis(1);

    fn seconds(count: u64) -> Duration {
        Duration::from_secs(count)
    }

    /// Fills the window at once until it stays as it is; returns what it is then.
    fn grown(window: &mut Window) -> u64 {
        loop {
            let filled = usize::try_from(window.bytes).unwrap();
            if window.read(RTT, RTT, filled).is_none() {
                return window.bytes;
            }
        }
    }

    #[test]
    fn who_fills_windows_gets_larger_ones_and_leaves_some_for_others() {
        let windows = Arc::new(Windows::new(24 << 20, Gauge::default()));
        let mut senders: Vec<Window> = Vec::new();
        for _ in 0..20 {
            senders.push(Window::new(Arc::clone(&windows)));
        }
        let sizes: Vec<u64> = senders.iter_mut().map(grown).collect();
        assert_eq!(sizes[0], 8 << 20, "alone, it has what one can have");
        assert_eq!(sizes[1], 8 << 20, "{sizes:?}");
        assert!(sizes.is_sorted_by(|a, b| a >= b), "{sizes:?}");
        assert!(sizes.iter().all(|bytes| *bytes >= 16 << 10));
        // E-3: what is lent and what is free come to what there was.
        let lent: u64 = senders.iter().map(Window::borrowed).sum();
        assert_eq!(lent + *windows.free.lock(), 24 << 20);
        assert_eq!(windows.lent.get(), i64::try_from(lent).unwrap());
        drop(senders);
        assert_eq!(*windows.free.lock(), 24 << 20);
        assert_eq!(windows.lent.get(), 0);
    }

    #[test]
    fn who_sends_little_keeps_the_window_of_the_beginning() {
        let windows = Arc::new(Windows::new(24 << 20, Gauge::default()));
        let mut window = Window::new(windows);
        for second in 1..1_000 {
            assert_eq!(window.read(seconds(second), RTT, 9_000), None);
        }
    }

    #[test]
    fn a_long_line_counts_in_round_trips() {
        let windows = Arc::new(Windows::new(24 << 20, Gauge::default()));
        let mut window = Window::new(windows);
        let filled = 16 << 10;
        assert_eq!(window.read(seconds(1), RTT, filled), None);
        let far = Duration::from_millis(300);
        assert_eq!(window.read(seconds(2), far, filled), Some(32 << 10));
    }

    #[test]
    fn a_promise_counts_as_lent_until_it_is_used_up() {
        let windows = Arc::new(Windows::new(1 << 20, Gauge::default()));
        let mut window = Window::new(Arc::clone(&windows));
        assert_eq!(window.read(seconds(0), RTT, 16 << 10), Some(32 << 10));
        assert_eq!(windows.lent.get(), 16 << 10);
        // Ten seconds without a full window: it is made smaller, and the peer may still send it all.
        assert_eq!(window.read(seconds(10), RTT, 1), Some(16 << 10));
        assert_eq!(windows.lent.get(), 16 << 10);
        assert_eq!(window.read(seconds(11), RTT, 10 << 10), None);
        assert_eq!(windows.lent.get(), 6 << 10);
        assert_eq!(window.read(seconds(12), RTT, 10 << 10), None);
        assert_eq!(windows.lent.get(), 0);
        assert_eq!(*windows.free.lock(), 1 << 20);
    }
}
