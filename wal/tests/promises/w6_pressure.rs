//! W-6: the log is never dropped for lag or want of room; what does not fit is refused first.

use platform::{Fault, Operation, Rule};
use wal::{Error, Kind, Lsn, Settings, Start};

use crate::fixture::{DIR, Machine, binding, payloads, put, put_by_hand, small, told};

/// A log of at most four segments.
fn bounded() -> Settings {
    Settings {
        log_bytes_max: Some(4 * 8192),
        ..small()
    }
}

/// Puts payloads until one is refused; returns those that were taken.
fn fill(log: &wal::Log) -> (Vec<Vec<u8>>, Error) {
    let mut taken = Vec::new();
    loop {
        let payload = vec![taken.len().to_le_bytes()[0]; 1500];
        if let Err(error) = put(log, &payload) {
            return (taken, error);
        }
        taken.push(payload);
        assert!(taken.len() < 1000, "it takes without end");
        log.wait_for_spares();
    }
}

#[test]
fn w6_full_log_refuses_and_drops_nothing() {
    let machine = Machine::new(1);
    let log = machine.open_quietly(bounded()).unwrap().log;
    let (taken, error) = fill(&log);
    assert!(
        matches!(
            error,
            Error::Overloaded {
                limit: "log_bytes_max"
            }
        ),
        "{error}"
    );
    assert_eq!(error.kind(), Kind::Overloaded);
    assert!(taken.len() >= 6, "{} fit four segments", taken.len());
    // One segment more, and it were beyond its limit.
    let used: usize = machine
        .files("")
        .iter()
        .map(|p| machine.read(p).len())
        .sum();
    assert!((3 * 8192 + 1..=4 * 8192).contains(&used), "{used} bytes");
    drop(log);
    let again = machine.open(bounded(), Start::at(Lsn::ZERO)).unwrap();
    assert_eq!(payloads(&again.records), taken);
}

#[test]
fn w6_releasing_makes_room_again() {
    let machine = Machine::new(1);
    let log = machine.open_quietly(bounded()).unwrap().log;
    for _ in 0..5 {
        let (taken, error) = fill(&log);
        assert!(!taken.is_empty());
        assert_eq!(error.kind(), Kind::Overloaded);
        assert!(log.release_before(log.durable_lsn()).unwrap() > 0);
        assert!(log.wait_for_spares());
    }
}

#[test]
fn w6_a_hold_keeps_segments_and_its_drop_lets_them_go() {
    let machine = Machine::new(1);
    let log = machine.open_quietly(bounded()).unwrap().log;
    let hold = log.hold("archive", Lsn::ZERO);
    let (_, _) = fill(&log);
    let before = log.segments();
    assert_eq!(log.release_before(log.durable_lsn()).unwrap(), 0);
    assert_eq!(log.holds(), [("archive".to_owned(), Lsn::ZERO)]);
    hold.advance(before[1].base_lsn);
    hold.advance(Lsn::ZERO);
    assert_eq!(log.release_before(log.durable_lsn()).unwrap(), 1);
    assert_eq!(log.segments()[0].number, before[1].number);
    drop(hold);
    assert_eq!(
        log.release_before(log.durable_lsn()).unwrap(),
        before.len() - 2
    );
    assert_eq!(
        log.release_before(Lsn::MAX).unwrap(),
        0,
        "the newest segment stays"
    );
}

#[test]
fn w6_each_hold_stands_for_itself() {
    let machine = Machine::new(1);
    let log = machine.open_quietly(bounded()).unwrap().log;
    let [first, second] = ["archive", "sender"].map(|name| log.hold(name, Lsn::ZERO));
    let (_, _) = fill(&log);
    let segments = log.segments();
    second.advance(segments[2].base_lsn);
    let held = [
        ("archive".to_owned(), Lsn::ZERO),
        ("sender".to_owned(), segments[2].base_lsn),
    ];
    assert_eq!(log.holds(), held);
    assert_eq!(log.release_before(Lsn::MAX).unwrap(), 0);
    first.advance(segments[1].base_lsn);
    assert_eq!(log.release_before(Lsn::MAX).unwrap(), 1);
    drop(first);
    assert_eq!(log.holds(), held[1..]);
    assert_eq!(log.release_before(Lsn::MAX).unwrap(), 1);
    drop(second);
    assert_eq!(log.holds(), []);
}

/// The ledger of admission is set to the truth whenever nothing waits: it does not run ahead of the
/// log, however long that is.
#[test]
fn w6_a_log_that_keeps_up_refuses_nothing() {
    let machine = Machine::new(1);
    let opened = machine.open_by_hand(small(), Start::at(Lsn::ZERO));
    let log = opened.unwrap().log;
    log.step();
    for n in 0..500u32 {
        put_by_hand(&log, &n.to_le_bytes()).unwrap();
    }
    assert!(log.segments().len() > 10);
}

/// What is taken is written, whatever its length and whatever is left of the last segment.
#[test]
fn w6_what_is_taken_always_fits() {
    let settings = Settings {
        log_bytes_max: Some(2 * 8192),
        ..small()
    };
    for bytes in (0..1600).step_by(4) {
        let machine = Machine::new(1);
        let opened = machine.open_by_hand(settings.clone(), Start::at(Lsn::ZERO));
        let log = opened.unwrap().log;
        log.step();
        let mut taken = 0;
        let refused = loop {
            match put_by_hand(&log, &vec![1; bytes]) {
                Ok(_) => taken += 1,
                Err(error) => break error,
            }
            assert!(taken < 1000, "{bytes}: it takes without end");
        };
        assert_eq!(refused.kind(), Kind::Overloaded, "{bytes}: {refused}");
        log.close().unwrap();
        let again = machine.open_by_hand(small(), Start::at(Lsn::ZERO)).unwrap();
        assert_eq!(again.records.len(), taken, "{bytes}");
    }
}

#[test]
fn w6_spares_are_as_many_as_are_wanted() {
    let machine = Machine::new(1);
    let settings = Settings {
        spare_segments: 3,
        ..small()
    };
    let opened = machine.open_by_hand(settings, Start::at(Lsn::ZERO));
    let log = opened.unwrap().log;
    for n in 0..20u8 {
        log.step();
        assert_eq!(machine.files(".spare").len(), 3);
        put_by_hand(&log, &[n; 1000]).unwrap();
    }
}

/// While there is no room for a spare, the log goes on in what it has and asks for room now and
/// then, not all the time.
#[test]
fn w6_a_spare_that_cannot_be_made_is_not_tried_for_without_pause() {
    let machine = Machine::new(1);
    let settings = Settings {
        segment_bytes: 1 << 20,
        spare_segments: 2,
        ..small()
    };
    machine.disk.limit_capacity(3 << 20);
    let log = machine.open(settings, Start::at(Lsn::ZERO)).unwrap().log;
    assert!(!log.wait_for_spares());
    let asked = || machine.disk.operation_count(Operation::Metadata);
    let before = asked();
    for n in 0..300u32 {
        put(&log, &n.to_le_bytes()).unwrap();
    }
    assert!(asked() - before < 100, "asked {} times", asked() - before);
}

/// The disk is full before anything is taken, not while it is written.
#[test]
fn w6_full_disk_refuses_and_recovers_when_space_is_freed() {
    let machine = Machine::new(1);
    let log = machine.open_quietly(small()).unwrap().log;
    machine
        .disk
        .limit_capacity(machine.disk.used_bytes() + 4096);
    let (taken, error) = fill(&log);
    assert!(matches!(error, Error::DiskFull { .. }), "{error}");
    assert!(!taken.is_empty() && !log.is_poisoned());
    machine.disk.lift_capacity();
    // A refused payload asks for a segment; the next one finds it, once it is made.
    while put(&log, b"room again").is_err() {
        log.wait_for_spares();
    }
    drop(log);
    let again = machine.open_quietly(small()).unwrap();
    let (last, rest) = again.records.split_last().unwrap();
    assert_eq!(payloads(rest), taken);
    assert_eq!(last.payload, b"room again");
}

#[test]
fn w6_opening_on_a_full_disk_uses_the_spares_that_are_there() {
    let machine = Machine::new(1);
    let log = machine.open_quietly(small()).unwrap().log;
    put(&log, b"before").unwrap();
    log.close().unwrap();
    machine.disk.limit_capacity(machine.disk.used_bytes());
    let again = machine.open(small(), Start::at(Lsn::ZERO)).unwrap();
    put(&again.log, b"after").unwrap();
    again.log.close().unwrap();
    for path in machine.files(".spare") {
        platform::Disk::remove(&machine.disk, &path).unwrap();
    }
    machine.disk.limit_capacity(0);
    let error = machine
        .open(small(), Start::at(Lsn::ZERO))
        .map(|_| ())
        .unwrap_err();
    assert!(matches!(error, Error::DiskFull { .. }), "{error}");
}

/// Whatever waits is counted to the byte; a payload that is longer than the queue goes alone.
#[test]
fn w6_queue_takes_its_bytes_and_not_one_record_more() {
    let machine = Machine::new(1);
    let settings = Settings {
        segment_bytes: 1 << 20,
        queue_bytes_max: 4096,
        ..small()
    };
    let opened = machine.open_by_hand(settings, Start::at(Lsn::ZERO));
    let log = opened.unwrap().log;
    // 56 bytes before a payload and 20 behind it.
    let submit = |bytes: usize| {
        let prepared = log.prepare(binding(b"x"), vec![0; bytes - 76]).unwrap();
        assert_eq!(prepared.record_bytes(), bytes as u64);
        log.submit(prepared)
    };
    let refuses = |bytes: usize| {
        let refused = submit(bytes);
        assert!(
            matches!(
                refused,
                Err(Error::Overloaded {
                    limit: "queue_bytes_max"
                })
            ),
            "{bytes}: {refused:?}"
        );
    };
    for _ in 0..3 {
        let taken = [submit(1024), submit(2048), submit(1024)].map(Result::unwrap);
        refuses(80);
        log.step();
        assert!(
            taken
                .map(told)
                .iter()
                .all(|told| matches!(told, Some(Ok(_))))
        );
        let alone = submit(10_000).unwrap();
        refuses(80);
        log.step();
        assert!(matches!(told(alone), Some(Ok(_))));
    }
}

#[test]
fn w6_queue_refuses_beyond_its_bytes() {
    let machine = Machine::new(1);
    let settings = Settings {
        segment_bytes: 1 << 20,
        queue_bytes_max: 4096,
        ..small()
    };
    let log = machine.open_quietly(settings).unwrap().log;
    let mut tickets = Vec::new();
    // The committer may keep up for a while; a burst that is longer than the queue cannot fit.
    let refused = (0..10_000).find_map(|_| {
        let prepared: Vec<_> = (0..8)
            .map(|_| log.prepare(binding(b"x"), [0; 1000]).unwrap())
            .collect();
        prepared
            .into_iter()
            .find_map(|prepared| match log.submit(prepared) {
                Ok(ticket) => {
                    tickets.push(ticket);
                    None
                }
                Err(error) => Some(error),
            })
    });
    let refused = refused.expect("a burst of twice the queue's bytes is refused sooner or later");
    assert_eq!(refused.kind(), Kind::Overloaded, "{refused}");
    for ticket in tickets {
        ticket.wait().expect("what was taken becomes durable");
    }
}

#[test]
fn a_payload_that_fits_no_segment_is_refused_and_the_longest_that_fits_is_taken() {
    let machine = Machine::new(1);
    let log = machine.open_quietly(small()).unwrap().log;
    let longest = usize::try_from(small().payload_bytes_max()).unwrap();
    // A segment has a header of 4096 bytes; a list, a record and a marker take little of the rest.
    assert!((8192 - 4096 - 512..8192 - 4096).contains(&longest));
    put(&log, &vec![1; longest]).unwrap();
    log.wait_for_spares();
    put(&log, &vec![2; longest]).unwrap();
    let error = put(&log, &vec![3; longest + 1]).unwrap_err();
    assert!(matches!(error, Error::TooLarge { .. }), "{error}");
    drop(log);
    assert_eq!(machine.open_quietly(small()).unwrap().records.len(), 2);
}

#[test]
fn a_failed_release_can_be_repeated_and_leaves_no_gap() {
    let machine = Machine::new(1);
    let log = machine.open_quietly(bounded()).unwrap().log;
    let (_, _) = fill(&log);
    machine
        .disk
        .inject(Rule::new(Operation::Remove, Fault::Io).under(DIR).nth(2));
    let end = log.durable_lsn();
    let segments = log.segments().len();
    assert!(log.release_before(end).is_err());
    assert_eq!(log.segments().len(), segments - 1);
    assert_eq!(log.release_before(end).unwrap(), segments - 2);
    drop(log);
    let again = machine
        .with_disk(machine.disk.crash())
        .open(bounded(), Start::at(end))
        .unwrap();
    assert_eq!(again.records.len(), 0);
}

/// The name is gone, but not durably: the next release makes sure of that, and goes on.
#[test]
fn a_release_whose_directory_was_not_synced_can_be_repeated() {
    let machine = Machine::new(1);
    let log = machine.open_quietly(bounded()).unwrap().log;
    let (_, _) = fill(&log);
    machine
        .disk
        .inject(Rule::new(Operation::SyncDir, Fault::Io).under(DIR).nth(1));
    let (end, segments) = (log.durable_lsn(), log.segments().len());
    assert!(log.release_before(end).is_err());
    assert_eq!(log.segments().len(), segments, "it may come back");
    assert_eq!(log.release_before(end).unwrap(), segments - 1);
}

#[test]
fn a_closed_log_takes_nothing_and_has_written_everything() {
    let machine = Machine::new(1);
    let log = machine.open_quietly(small()).unwrap().log;
    let ticket = log
        .submit(log.prepare(binding(b"x"), b"taken").unwrap())
        .unwrap();
    log.close().unwrap();
    ticket.wait().unwrap();
    assert!(matches!(put(&log, b"late"), Err(Error::Closed)));
    log.close().unwrap();
}
