//! Goal: a batch that has room is never without credit because of one that has none; what is promised
//! is what is lent; what was not needed any more comes back.
//! Method: QUIC's own arithmetic of credit beside ours, and a peer that fills it in any order.

use prometheus_client::metrics::gauge::Gauge;
use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

const LEAST: u64 = WINDOW_BYTES_LEAST as u64;
const MIB: u64 = 1 << 20;
/// A packet's worth: what quinn hands out at once.
const CHUNK: u64 = 1_200;

/// The credit of a connection as quinn reckons it.
struct Quic {
    window: u64,
    debt: u64,
    /// What the peer may still send, as far as it was told.
    credit: u64,
    /// What it was not told of yet.
    untold: u64,
}

impl Quic {
    fn set_window(&mut self, window: u64) {
        match window.checked_sub(self.window) {
            Some(0) => {}
            Some(more) => {
                self.untold += more;
                self.tell();
            }
            None => self.debt += self.window - window,
        }
        self.window = window;
    }

    fn read(&mut self, bytes: u64) {
        let paid = self.debt.min(bytes);
        self.debt -= paid;
        self.untold += bytes - paid;
        if self.untold >= self.window / 8 {
            self.tell();
        }
    }

    fn tell(&mut self) {
        self.credit += std::mem::take(&mut self.untold);
    }
}

/// A batch of the peer, from the end of its header on.
struct Sending {
    unsent: u64,
    /// Sent and not read.
    ahead: u64,
    has_room: bool,
}

/// A connection: our credit, quinn's, and the peer.
struct Bench {
    credit: Credit,
    quic: Quic,
    lent: Gauge,
    stream_bytes_max: u64,
    sending: BTreeMap<StreamId, Sending>,
    opened: u64,
}

impl Bench {
    fn new(windows: &Arc<Windows>, lent: &Gauge, stream_bytes_max: u32) -> Self {
        Self {
            credit: Credit::new(Arc::clone(windows), stream_bytes_max),
            quic: Quic {
                window: LEAST,
                debt: 0,
                credit: LEAST,
                untold: 0,
            },
            lent: lent.clone(),
            stream_bytes_max: stream_bytes_max.into(),
            sending: BTreeMap::new(),
            opened: 0,
        }
    }

    fn alone(pool: u64) -> Self {
        let lent = Gauge::default();
        let windows = Arc::new(Windows::new(pool, lent.clone()));
        Self::new(&windows, &lent, super::super::windows::stream_window(pool))
    }

    fn fit(&mut self) {
        while let Some(bytes) = self.credit.window() {
            self.quic.set_window(bytes.into());
        }
    }

    /// Opens a batch; `None` where it is refused.
    fn open(&mut self, bytes: u64, is_there_room: bool) -> Option<StreamId> {
        self.opened += 1;
        let stream = StreamId(self.opened);
        let has_room = is_there_room && !self.credit.has_waiting();
        if has_room {
            self.credit.expect(stream, bytes);
        } else if !self.credit.may_wait(stream, bytes) {
            return None;
        }
        let sending = Sending {
            unsent: bytes,
            ahead: 0,
            has_room,
        };
        self.sending.insert(stream, sending);
        self.fit();
        Some(stream)
    }

    /// The peer sends what it can of a batch, at most so much.
    fn send(&mut self, stream: StreamId, bytes: u64) {
        let sending = self.sending.get_mut(&stream).unwrap();
        let may = self.quic.credit.min(self.stream_bytes_max - sending.ahead);
        let sent = bytes.min(sending.unsent).min(may);
        sending.unsent -= sent;
        sending.ahead += sent;
        self.quic.credit -= sent;
    }

    /// Reads what has come of batches that have room, and ends those that are whole.
    fn read(&mut self) {
        let coming: Vec<StreamId> = self.sending.keys().copied().collect();
        for stream in coming {
            let sending = self.sending.get_mut(&stream).unwrap();
            while sending.has_room && sending.ahead > 0 {
                let most = usize::try_from(sending.ahead.min(CHUNK)).unwrap();
                let bytes = self.credit.bytes_before_the_rest(most);
                sending.ahead -= bytes as u64;
                self.quic.read(bytes as u64);
                self.credit
                    .read(Duration::ZERO, Duration::ZERO, stream, bytes);
                while let Some(window) = self.credit.window() {
                    self.quic.set_window(window.into());
                }
            }
            if sending.has_room && sending.unsent == 0 {
                self.sending.remove(&stream);
                self.credit.ends(stream);
            }
            self.fit();
        }
    }

    /// Room for the batch that waits longest.
    fn give_room(&mut self) {
        if let Some((stream, sending)) = self.sending.iter_mut().find(|(_, one)| !one.has_room) {
            sending.has_room = true;
            assert!(self.credit.comes(*stream));
            self.fit();
        }
    }

    /// The server wants no more of a batch: quinn drops what came of it.
    fn stop(&mut self, stream: StreamId) {
        let sending = self.sending.remove(&stream).unwrap();
        self.credit.ends(stream);
        self.fit();
        self.quic.read(sending.ahead);
    }

    /// Sends and reads a batch to its end.
    fn pass(&mut self, bytes: u64) {
        let stream = self.open(bytes, true).unwrap();
        while self.sending.contains_key(&stream) {
            self.send(stream, u64::MAX);
            self.read();
        }
    }

    fn check(&self) {
        // E-3: the peer has, or may send, no more than the least and what is lent.
        let waiting = self.sending.values().filter(|one| !one.has_room);
        let kept: u64 = waiting.map(|one| one.ahead).sum();
        let ahead: u64 = self.sending.values().map(|one| one.ahead).sum();
        let lent = u64::try_from(self.lent.get()).unwrap();
        let granted = self.quic.credit + self.quic.untold;
        assert!(granted + ahead <= LEAST + lent);
        // However much lies there of batches that wait, the least is left for one that comes,
        // and it knows of a quarter.
        if self.sending.values().any(|one| one.has_room) {
            assert!(granted + ahead - kept >= LEAST);
            assert!(self.quic.credit + ahead - kept >= LEAST / 4);
        }
    }
}

#[test]
fn a_batch_that_waits_leaves_the_least_for_one_that_comes() {
    let mut bench = Bench::alone(24 * MIB);
    let coming = bench.open(5 * MIB, true).unwrap();
    let waiting = bench.open(5 * MIB, false).unwrap();
    bench.send(waiting, u64::MAX);
    assert!(bench.quic.credit >= LEAST, "{}", bench.quic.credit);
    bench.check();
    while bench.sending.contains_key(&coming) {
        bench.send(coming, u64::MAX);
        bench.read();
        bench.check();
    }
    bench.give_room();
    while bench.sending.contains_key(&waiting) {
        bench.send(waiting, u64::MAX);
        bench.read();
        bench.check();
    }
    let slack = bench.lent.get();
    assert!(slack <= 100 << 10, "{slack} of 768 KiB that were held");
    bench.pass(MIB);
    assert_eq!(bench.lent.get(), 0);
}

#[test]
fn a_batch_for_which_nothing_can_be_held_waits_alone_or_not_at_all() {
    let mut bench = Bench::alone(0);
    let first = bench.open(MIB, false).unwrap();
    bench.send(first, u64::MAX);
    assert_eq!(bench.quic.credit, 0, "nobody else needs any");
    assert!(bench.open(1, false).is_none());
    assert!(
        bench.open(1, true).is_none(),
        "it would have to wait its turn"
    );
    bench.give_room();
    assert!(bench.open(MIB, false).is_none());
    assert!(bench.open(MIB, true).is_some());
}

#[test]
fn the_one_that_waits_alone_is_held_for_when_another_one_comes() {
    let mut bench = Bench::alone(24 * MIB);
    let first = bench.open(100_000, false).unwrap();
    bench.send(first, u64::MAX);
    assert_eq!(bench.lent.get(), 0);
    bench.open(50_000, false).unwrap();
    assert_eq!(bench.lent.get(), 150_000 + 9_726);
    bench.check();
}

/// Five hundred collectors send a burst each, one after the other, and stay connected; then there is
/// for the next one what there was for the first.
#[test]
fn bursts_of_many_leave_the_next_one_what_the_first_one_had() {
    let lent = Gauge::default();
    let windows = Arc::new(Windows::new(24 * MIB, lent.clone()));
    let mut quiet = Vec::new();
    for _ in 0..501 {
        let mut bench = Bench::new(&windows, &lent, 2 << 20);
        let stream = bench.open(20 * MIB, true).unwrap();
        let mut most = 0;
        while bench.sending.contains_key(&stream) {
            bench.send(stream, u64::MAX);
            bench.read();
            bench.check();
            most = most.max(bench.quic.window);
        }
        assert_eq!(most, LEAST + 24 * MIB / 16);
        assert_eq!(lent.get(), 0);
        quiet.push(bench);
    }
}

#[test]
fn who_is_slow_is_lent_nothing() {
    let mut bench = Bench::alone(24 * MIB);
    let stream = bench.open(16 * MIB, true).unwrap();
    for second in 1..100 {
        let now = Duration::from_secs(second);
        bench.credit.read(now, Duration::ZERO, stream, 9_000);
        assert_eq!(bench.credit.window(), None);
    }
}

#[test]
fn what_was_promised_for_a_batch_that_is_given_up_goes_back_with_the_next_one() {
    let mut bench = Bench::alone(24 * MIB);
    bench.pass(20 * MIB);
    let stream = bench.open(5 * MIB, true).unwrap();
    let promised = bench.lent.get();
    assert_eq!(promised, 24 << 20 >> 4, "its pace was seen before");
    bench.stop(stream);
    assert_eq!(bench.lent.get(), promised, "it may still be sent");
    bench.check();
    bench.pass(5 * MIB);
    assert_eq!(bench.lent.get(), 0);
}

proptest! {
    /// Any order of opening, sending, room and refusals; at the end everything came.
    #[test]
    fn no_order_of_things_starves_a_batch_that_has_room(
        pool in prop_oneof![Just(0), Just(MIB), Just(24 * MIB)],
        steps in vec((0..6u8, 0..4usize, 1..3 * MIB), 1..200),
    ) {
        let mut bench = Bench::alone(pool);
        for (step, which, bytes) in steps {
            let stream = bench.sending.keys().nth(which).copied();
            match (step, stream) {
                (0, _) => drop(bench.open(bytes, true)),
                (1, _) => drop(bench.open(bytes, false)),
                (2 | 3, Some(stream)) => bench.send(stream, bytes),
                (4, _) => bench.give_room(),
                (5, Some(stream)) if bytes < MIB / 4 => bench.stop(stream),
                _ => bench.read(),
            }
            bench.check();
        }
        while !bench.sending.is_empty() {
            let before: u64 = bench.sending.values().map(|one| one.unsent + one.ahead).sum();
            let streams: Vec<StreamId> = bench.sending.keys().rev().copied().collect();
            // The worst peer: it sends of the batches that came last first.
            for stream in streams {
                bench.send(stream, u64::MAX);
            }
            if !bench.sending.values().any(|one| one.has_room) {
                bench.give_room();
            }
            bench.read();
            bench.check();
            let after: u64 = bench.sending.values().map(|one| one.unsent + one.ahead).sum();
            prop_assert!(after < before, "nothing moves");
        }
    }
}
