//! What connections borrow to let their peers send ahead, and what one of them has of it.
//!
//! ```text
//!   windows_bytes_max ─┬─ told ── promised anew with every byte that is read; of it, some is held
//!                      │          for what streams that wait for room may have sent
//!                      ├─ owed ── promised once, and not anew: goes back as it comes
//!                      └─ free ── no connection ever has more than is left here for the others,
//!                                 nor more than an eighth of all
//! ```
//! A promise of QUIC cannot be taken back: what a peer may still send counts as lent until it came
//! or the connection ends. So nothing is promised but what batches have announced, and a connection
//! that has nothing to send has nothing that others would want ([`super::credit`]).

use std::sync::Arc;

use parking_lot::Mutex;
use prometheus_client::metrics::gauge::Gauge;

/// What all connections borrow from (E-3).
#[derive(Debug)]
pub(super) struct Windows {
    free: Mutex<u64>,
    share: u64,
    lent: Gauge,
}

/// The window of one connection; dropping it gives back what it borrowed.
#[derive(Debug)]
pub(super) struct Window {
    windows: Arc<Windows>,
    /// What was taken from the pool.
    taken: u64,
    /// How far beyond the least the window is that quinn was told.
    told: u64,
    /// What the peer may send beyond the window, from when it was larger.
    owed: u64,
    /// What streams that wait for room may fill, so that the others do not miss it.
    held: u64,
}

impl Windows {
    /// Returns windows that lend so many bytes, and show in `lent` how many they have.
    pub(super) fn new(bytes: u64, lent: Gauge) -> Self {
        Self {
            free: Mutex::new(bytes),
            share: share(bytes),
            lent,
        }
    }

    /// Returns what one connection gets at most for what comes, and again for what waits.
    pub(super) fn share(&self) -> u64 {
        self.share
    }

    /// Takes up to so many bytes for who has `own` already, such that it has no more than is left,
    /// and two shares at most.
    fn borrow(&self, bytes: u64, own: u64) -> u64 {
        let two_shares = self.share * 2;
        let mut free = self.free.lock();
        let even = free.saturating_sub(own) / 2;
        let taken = bytes.min(even).min(two_shares.saturating_sub(own));
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
            taken: 0,
            told: 0,
            owed: 0,
            held: 0,
        }
    }

    /// Returns what the peer may send beyond the least, streams that wait left out.
    pub(super) fn promised(&self) -> u64 {
        (self.told + self.owed).saturating_sub(with_slack(self.held))
    }

    /// Takes note of bytes that were read: so much less is owed.
    pub(super) fn read(&mut self, bytes: u64) {
        let paid = self.owed.min(bytes);
        self.owed -= paid;
        self.give_back(paid);
    }

    /// Makes the window larger by what a stream that waits may fill; `false` where that is not to
    /// be had whole.
    pub(super) fn hold(&mut self, bytes: u64) -> bool {
        let needed = with_slack(self.held + bytes) - with_slack(self.held);
        let taken = self.windows.borrow(needed, self.taken);
        self.taken += taken;
        if taken < needed {
            self.give_back(taken);
            return false;
        }
        self.held += bytes;
        true
    }

    /// Ends a hold: what the stream has sent, or may send, is a promise like any other.
    pub(super) fn end_hold(&mut self, bytes: u64) {
        self.held -= bytes;
    }

    /// Promises what is wanted, of what was announced, as far as it can be borrowed; returns the
    /// window where quinn must be told another, to be called until there is none.
    pub(super) fn fit(&mut self, wanted: u64, announced: u64) -> Option<u32> {
        let held = with_slack(self.held);
        let aim = held + self.loan(wanted, announced);
        let before = self.told;
        if aim <= before {
            self.owed += before - aim;
            self.told = aim;
        } else if before < held || aim - before >= (before + LEAST) / TOLD_IN_PARTS {
            self.grow(aim);
        }
        // E-3: what is taken is what the peer may still send beyond the least, no less and no more.
        debug_assert!(self.taken >= self.told + self.owed, "E-3: {self:?}");
        self.give_back(self.taken.saturating_sub(self.told + self.owed));
        (self.told != before).then(|| self.bytes())
    }

    /// Returns what is to be promised anew as it is read.
    fn loan(&self, wanted: u64, announced: u64) -> u64 {
        if self.promised() >= announced {
            // All that is to come is promised: from here on promises are only kept.
            return 0;
        }
        let most = wanted.min(announced).min(self.windows.share);
        let loan = self.told.saturating_sub(with_slack(self.held));
        if loan + self.owed >= most {
            return loan.min(most);
        }
        most - self.owed
    }

    fn grow(&mut self, aim: u64) {
        let missing = (aim + self.owed).saturating_sub(self.taken);
        self.taken += self.windows.borrow(missing, self.taken);
        // What is held was taken when the hold began, so that it is among this.
        self.told = aim.min(self.taken - self.owed);
    }

    fn bytes(&self) -> u32 {
        u32::try_from(LEAST + self.told).unwrap_or(u32::MAX)
    }

    fn give_back(&mut self, bytes: u64) {
        if bytes > 0 {
            self.taken -= bytes;
            self.windows.give_back(bytes);
        }
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        self.windows.give_back(self.taken);
    }
}

/// Returns what one stream may have sent ahead of what was read, within the window of its
/// connection: half of a share, so that two of the longest that wait can be held for.
pub(super) fn stream_window(windows_bytes_max: u64) -> u32 {
    let half = u32::try_from(share(windows_bytes_max) / 2).unwrap_or(u32::MAX);
    half.clamp(WINDOW_BYTES_LEAST, STREAM_WINDOW_BYTES_MAX)
}

/// Returns by how much a window is made larger in which so many bytes may lie unread.
///
/// quinn tells the peer of what was read only once it is an eighth of the window, and that must never
/// be all that is left for streams that are read: a quarter of the least is known to the peer always.
fn with_slack(held: u64) -> u64 {
    let beyond = held.saturating_sub(HELD_WITHOUT_SLACK);
    held + beyond.div_ceil(TOLD_IN_PARTS - 1)
}

fn share(windows_bytes_max: u64) -> u64 {
    (windows_bytes_max / SHARES).min(SHARE_BYTES_MAX)
}

fn signed(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

/// What every connection may send ahead, however many there are.
pub(super) const WINDOW_BYTES_LEAST: u32 = 16 << 10;
const LEAST: u64 = WINDOW_BYTES_LEAST as u64;
/// In what parts of a window quinn (0.11) tells the peer of new credit.
const TOLD_IN_PARTS: u64 = 8;
/// Where no more than this is held, a part of the window is three quarters of the least at most.
const HELD_WITHOUT_SLACK: u64 = LEAST * 5;
/// What one connection gets at most is one of so many for what comes, and another for what waits.
const SHARES: u64 = 16;
/// How large such a share is at most, however much there is.
const SHARE_BYTES_MAX: u64 = 8 << 20;
/// What one stream may have sent ahead at most, however much there is.
const STREAM_WINDOW_BYTES_MAX: u32 = 2 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    fn windows(bytes: u64) -> Arc<Windows> {
        Arc::new(Windows::new(bytes, Gauge::default()))
    }

    fn free(windows: &Windows) -> u64 {
        *windows.free.lock()
    }

    #[test]
    fn no_connection_has_more_than_a_share_or_than_is_left() {
        let windows = windows(24 * MIB);
        let mut senders: Vec<Window> = Vec::new();
        for _ in 0..40 {
            let mut window = Window::new(Arc::clone(&windows));
            for _ in 0..3 {
                window.fit(16 * MIB, 16 * MIB);
                assert!(window.taken <= free(&windows));
            }
            senders.push(window);
        }
        let sizes: Vec<u64> = senders.iter().map(|window| window.taken).collect();
        assert!(sizes.iter().take(14).all(|size| *size == 24 * MIB / 16));
        assert!(sizes.is_sorted_by(|a, b| a >= b), "{sizes:?}");
        // E-3: what is lent and what is free come to what there was.
        let lent: u64 = sizes.iter().sum();
        assert_eq!(lent + free(&windows), 24 * MIB);
        assert_eq!(windows.lent.get(), signed(lent));
        drop(senders);
        assert_eq!(free(&windows), 24 * MIB);
        assert_eq!(windows.lent.get(), 0);
    }

    #[test]
    fn a_promise_counts_as_lent_until_it_is_used_up() {
        let windows = windows(24 * MIB);
        let mut window = Window::new(Arc::clone(&windows));
        assert_eq!(window.fit(5_000, 9_000), Some(21_384));
        assert_eq!(windows.lent.get(), 5_000);
        // The last of it is promised already: the window is small again for what follows.
        assert_eq!(window.fit(5_000, 5_000), Some(16_384));
        assert_eq!(windows.lent.get(), 5_000);
        window.read(3_000);
        assert_eq!(window.fit(5_000, 2_000), None);
        assert_eq!(windows.lent.get(), 2_000);
        window.read(2_000);
        assert_eq!(window.fit(5_000, 0), None);
        assert_eq!(windows.lent.get(), 0);
        assert_eq!(free(&windows), 24 * MIB);
    }

    #[test]
    fn what_is_held_is_had_whole_or_not_at_all() {
        let windows = windows(16 * MIB);
        let mut window = Window::new(Arc::clone(&windows));
        assert!(!window.hold(2 * MIB), "it is more than two shares");
        assert_eq!(windows.lent.get(), 0);
        assert!(window.hold(80 << 10));
        assert_eq!(window.fit(0, 0), Some(96 << 10));
        window.fit(MIB, 9 * MIB);
        assert_eq!(window.promised(), MIB, "what is held is for others");
        assert!(!window.hold(MIB), "that would be more than two shares");
        window.end_hold(80 << 10);
        window.fit(MIB, 9 * MIB);
        assert_eq!(window.fit(MIB, 9 * MIB), None);
        assert_eq!((window.told, window.owed), (MIB, 80 << 10));
    }

    #[test]
    fn the_others_know_of_a_quarter_of_the_least_however_much_is_held() {
        for held in (0..4 * MIB).step_by(999) {
            let window = LEAST + with_slack(held);
            let untold = window / TOLD_IN_PARTS;
            assert!(window - held - untold >= LEAST / 4, "{held}");
        }
    }

    #[test]
    fn what_is_held_is_not_had_where_less_would_be_left() {
        let windows = windows(16 * MIB);
        let mut others: Vec<Window> = Vec::new();
        for _ in 0..20 {
            let mut other = Window::new(Arc::clone(&windows));
            other.fit(MIB, 9 * MIB);
            others.push(other);
        }
        let mut window = Window::new(Arc::clone(&windows));
        let before = free(&windows);
        assert!(!window.hold(before / 2 + 1));
        assert_eq!(free(&windows), before);
        assert!(window.hold(before / 2));
    }

    #[test]
    fn a_stream_is_half_of_a_share_within_bounds() {
        assert_eq!(stream_window(0), 16 << 10);
        assert_eq!(stream_window(24 * MIB), 768 << 10);
        assert_eq!(stream_window(u64::MAX), 2 << 20);
    }
}
