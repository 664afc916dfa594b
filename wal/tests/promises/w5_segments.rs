//! W-5: a segment is never appended to after reopening: new file, new salt.

use std::collections::BTreeSet;

use wal::{Lsn, Settings, Start};

use crate::fixture::{Machine, payloads, put, small};

/// Where the salt stands in a segment's header.
const SALT: std::ops::Range<usize> = 96..128;

#[test]
fn w5_reopening_begins_a_new_segment_and_leaves_the_old_ones() {
    let machine = Machine::new(1);
    let mut salts = BTreeSet::new();
    let mut sealed: Vec<(std::path::PathBuf, Vec<u8>)> = Vec::new();
    for round in 0..5u8 {
        let opened = machine.open_quietly(small()).unwrap();
        assert_eq!(opened.records.len(), usize::from(round));
        put(&opened.log, &[round; 40]).unwrap();
        opened.log.close().unwrap();
        for (path, bytes) in &sealed {
            assert_eq!(
                machine.read(path),
                *bytes,
                "{path:?} changed after reopening"
            );
        }
        let segments = opened.log.segments();
        assert_eq!(segments.len(), usize::from(round) + 1);
        let newest = segments.last().unwrap();
        let mut bytes = machine.read(&newest.path);
        assert!(
            salts.insert(bytes[SALT].to_vec()),
            "round {round} repeats a salt"
        );
        bytes.truncate(usize::try_from(newest.durable_bytes).unwrap());
        sealed.push((newest.path.clone(), bytes));
    }
}

#[test]
fn w5_rotation_begins_a_new_segment_with_a_new_salt() {
    let machine = Machine::new(1);
    let log = machine.open_quietly(small()).unwrap().log;
    let sent: Vec<Vec<u8>> = (0..30u8).map(|n| vec![n; 1000]).collect();
    for payload in &sent {
        put(&log, payload).unwrap();
        log.wait_for_spares();
    }
    let segments = log.segments();
    assert!(segments.len() > 5, "{} segments", segments.len());
    let salts: BTreeSet<_> = segments
        .iter()
        .map(|s| machine.read(&s.path)[SALT].to_vec())
        .collect();
    assert_eq!(salts.len(), segments.len());
    for pair in segments.windows(2) {
        assert_eq!(pair[0].end_lsn, pair[1].base_lsn);
        assert!(pair[0].is_sealed && pair[0].number < pair[1].number);
    }
    log.close().unwrap();
    assert_eq!(
        payloads(&machine.open_quietly(small()).unwrap().records),
        sent
    );
}

#[test]
fn commit_times_never_go_back_even_when_the_clock_does() {
    let machine = Machine::new(1);
    let opened = machine.open_quietly(small()).unwrap();
    machine.clock.set(platform::UnixNanos(5_000));
    let first = put(&opened.log, b"first").unwrap();
    machine.clock.set(platform::UnixNanos(10));
    let second = put(&opened.log, b"second").unwrap();
    opened.log.rotate().unwrap();
    let third = put(&opened.log, b"third").unwrap();
    drop(opened);
    let again = machine.open_quietly(small()).unwrap();
    let fourth = put(&again.log, b"fourth").unwrap();
    let times = [first, second, third, fourth].map(|ack| ack.commit_time.nanos());
    assert_eq!(times, [5_000; 4]);
    machine.clock.set(platform::UnixNanos(6_000));
    assert_eq!(
        put(&again.log, b"fifth").unwrap().commit_time.nanos(),
        6_000
    );
}

#[test]
fn rotating_an_unused_segment_does_nothing() {
    let machine = Machine::new(1);
    let log = machine.open_quietly(small()).unwrap().log;
    log.rotate().unwrap();
    log.rotate().unwrap();
    assert_eq!(log.segments().len(), 1);
    put(&log, b"x").unwrap();
    log.rotate().unwrap();
    assert_eq!(log.segments().len(), 2);
}

/// A spare that is left over keeps its name to itself: one made later must not take its place.
#[test]
fn w5_spares_left_by_an_earlier_log_are_used_once_each() {
    let machine = Machine::new(1);
    let with = |spare_segments| Settings {
        spare_segments,
        ..small()
    };
    drop(machine.open_quietly(with(3)).unwrap());
    for spare_segments in [3, 4, 8] {
        let log = machine.open_quietly(with(spare_segments)).unwrap().log;
        assert_eq!(machine.files(".spare").len(), spare_segments as usize);
        for n in 0..=spare_segments {
            put(&log, &n.to_le_bytes()).unwrap();
            log.rotate().unwrap();
            log.wait_for_spares();
        }
        log.close().unwrap();
    }
}

/// The marker comes by itself, soon after the last group, and vouches for it.
#[test]
fn an_idle_log_vouches_for_its_last_group() {
    let machine = Machine::new(1);
    let settings = Settings {
        idle_marker_ms: 1,
        ..small()
    };
    let log = machine.open_quietly(settings).unwrap().log;
    let ack = put(&log, b"last").unwrap();
    // Nothing but the marker moves the end of an idle log.
    while log.durable_lsn() == ack.next {
        std::thread::yield_now();
    }
    let [segment] = log.segments().try_into().unwrap();
    let mut bytes = machine.read(&segment.path);
    let payload_at = usize::try_from(4096 + ack.lsn.get()).unwrap() + 60;
    bytes[payload_at] ^= 1;
    drop(log);
    machine.write(&segment.path, &bytes);
    let error = machine
        .open(small(), Start::at(Lsn::ZERO))
        .map(|_| ())
        .unwrap_err();
    assert_eq!(error.kind(), wal::Kind::Corrupt);
}
