//! W-3: a failed write or sync poisons the log; waiters are told *unknown*; nothing is retried.

use std::sync::Arc;

use platform::{Entropy, Fault, Operation, Rule, SimEntropy};
use wal::{Environment, Error, Kind, Log, Lsn, Settings, Start};

use crate::fixture::{DIR, Machine, binding, payloads, put, put_by_hand, small, told};

/// Everything that was in line when the disk failed is unknown, everything later is refused.
#[test]
fn w3_failed_sync_poisons_for_ever() {
    let machine = Machine::new(1);
    let log = machine.open_quietly(small()).unwrap().log;
    put(&log, b"acked").unwrap();
    machine.disk.inject(
        Rule::new(Operation::Sync, Fault::SyncLost)
            .under(DIR)
            .nth(1),
    );
    let tickets: Vec<_> = (0..5u8)
        .map(|n| log.submit(log.prepare(binding(&[n]), [n; 10]).unwrap()))
        .collect();
    for ticket in tickets {
        // What came after the failure was refused; what came before it is unknown.
        let outcome = ticket.and_then(wal::Ticket::wait);
        assert!(
            matches!(outcome, Err(Error::Unknown | Error::Poisoned { .. })),
            "{outcome:?}"
        );
    }
    assert!(log.is_poisoned());
    // The disk works again, but a sync that failed says nothing of what is on it.
    machine.disk.clear_rules();
    let syncs = machine.disk.operation_count(Operation::Sync);
    let error = put(&log, b"later").unwrap_err();
    assert_eq!(error.kind(), Kind::Unavailable);
    assert!(
        matches!(&error, Error::Poisoned { cause } if cause.contains("sync")),
        "{error}"
    );
    assert!(matches!(log.rotate(), Err(Error::Poisoned { .. })));
    assert!(matches!(log.vouch(), Err(Error::Poisoned { .. })));
    assert!(matches!(log.close(), Err(Error::Poisoned { .. })));
    assert_eq!(
        machine.disk.operation_count(Operation::Sync),
        syncs,
        "nothing is retried"
    );
    let again = machine
        .with_disk(machine.disk.crash())
        .open_quietly(small())
        .unwrap();
    assert_eq!(payloads(&again.records).first().unwrap(), b"acked");
}

/// What waits behind the group that fails is told at once, not when the log is dropped.
#[test]
fn w3_whoever_waits_behind_a_failure_is_told_too() {
    let machine = Machine::new(1);
    let settings = Settings {
        group_bytes_max: 4096,
        segment_bytes: 1 << 20,
        ..small()
    };
    let opened = machine.open_by_hand(settings, Start::at(Lsn::ZERO));
    let log = opened.unwrap().log;
    log.step();
    let [first, second] = [1, 2].map(|n: u8| {
        let prepared = log.prepare(binding(&[n]), [n; 3000]).unwrap();
        log.submit(prepared).unwrap()
    });
    let rule = Rule::new(Operation::Sync, Fault::Io).under(DIR);
    machine.disk.inject(rule.nth(1));
    log.step();
    for ticket in [first, second] {
        let outcome = told(ticket);
        assert!(matches!(outcome, Some(Err(Error::Unknown))), "{outcome:?}");
    }
}

#[test]
fn w3_failed_write_poisons() {
    for fault in [Fault::Io, Fault::NoSpace, Fault::Short(10)] {
        let machine = Machine::new(1);
        let log = machine.open_quietly(small()).unwrap().log;
        put(&log, b"acked").unwrap();
        machine
            .disk
            .inject(Rule::new(Operation::Write, fault).under(DIR).nth(1));
        assert!(
            matches!(put(&log, b"lost"), Err(Error::Unknown)),
            "{fault:?}"
        );
        assert!(
            matches!(put(&log, b"later"), Err(Error::Poisoned { .. })),
            "{fault:?}"
        );
        let again = machine
            .with_disk(machine.disk.crash())
            .open_quietly(small())
            .unwrap();
        assert_eq!(payloads(&again.records), [b"acked"], "{fault:?}");
    }
}

/// Entropy that the committer's thread, and no other, dies of.
#[derive(Debug)]
struct Poisonous(SimEntropy);

impl Entropy for Poisonous {
    fn fill(&self, out: &mut [u8]) {
        let thread = std::thread::current();
        assert!(thread.name() != Some("wal-committer"), "as the test wants");
        self.0.fill(out);
    }
}

/// Whatever ends the committer leaves nobody waiting.
#[test]
fn w3_a_committer_that_panics_poisons() {
    let machine = Machine::new(1);
    let environment = Environment {
        entropy: Arc::new(Poisonous(SimEntropy::new(1))),
        ..machine.environment()
    };
    let start = Start::at(Lsn::ZERO);
    let (log, _) = Log::open(environment, small(), start, &mut |_| Ok(())).unwrap();
    assert!(matches!(put(&log, b"lost"), Err(Error::Unknown)));
    let closed = log.close();
    assert!(matches!(closed, Err(Error::Poisoned { .. })), "{closed:?}");
    assert!(log.is_poisoned());
    assert!(matches!(put(&log, b"later"), Err(Error::Poisoned { .. })));
}

/// A rotation that fails in any of its steps is a failure of unknown extent too.
#[test]
fn w3_failed_rotation_poisons() {
    let operations = [
        Operation::Write,
        Operation::Sync,
        Operation::Rename,
        Operation::SyncDir,
    ];
    // The log may not grow, so that nothing but the rotation touches the disk.
    let settings = Settings {
        log_bytes_max: Some(2 * 8192),
        ..small()
    };
    for operation in operations {
        let machine = Machine::new(1);
        let log = machine.open_quietly(settings.clone()).unwrap().log;
        put(&log, b"acked").unwrap();
        machine
            .disk
            .inject(Rule::new(operation, Fault::Io).under(DIR).nth(1));
        let outcome = log.rotate();
        assert!(
            matches!(outcome, Err(Error::Unknown)),
            "{operation:?}: {outcome:?}"
        );
        assert!(log.is_poisoned(), "{operation:?}");
        let again = machine
            .with_disk(machine.disk.crash())
            .open_quietly(small())
            .unwrap();
        assert_eq!(payloads(&again.records), [b"acked"], "{operation:?}");
    }
}

/// A drive that lies about its cache breaks the promise, but what it lost is at the end: what is
/// found is a beginning of what was sent, or the log refuses to open. It never invents or skips.
#[test]
fn w3_lying_syncs_lose_only_the_end_or_are_found_out() {
    for seed in 0..200 {
        let machine = Machine::new(seed);
        let opened = machine.open_by_hand(small(), Start::at(Lsn::ZERO)).unwrap();
        let log = opened.log;
        log.step();
        machine.disk.inject(
            Rule::new(Operation::Sync, Fault::SyncIgnored)
                .under(DIR)
                .one_in(2),
        );
        let sent: Vec<Vec<u8>> = (0..12u8).map(|n| vec![n; 900]).collect();
        for payload in &sent {
            put_by_hand(&log, payload).unwrap();
        }
        let after = machine.with_disk(machine.disk.crash_with(seed));
        match after.open_by_hand(small(), Start::at(Lsn::ZERO)) {
            Ok(opened) => {
                let found = payloads(&opened.records);
                assert_eq!(found, sent[..found.len()], "seed {seed}");
            }
            Err(error) => assert_eq!(error.kind(), Kind::Corrupt, "seed {seed}: {error}"),
        }
    }
}

/// After a failed sync the machine shows what its disk does not hold, and calls it clean. A process
/// that is started again on it must not take that for durable: what it gives out, once, is there.
#[test]
fn w3_what_a_restart_gives_out_outlives_the_machine() {
    // It is longer than a sector, each of which may be lost.
    let unknown = [7; 3000];
    for seed in 0..50 {
        let machine = Machine::new(seed);
        let log = machine.open_quietly(small()).unwrap().log;
        put(&log, b"acked").unwrap();
        machine
            .disk
            .inject(Rule::new(Operation::Sync, Fault::SyncLost).under(DIR));
        assert!(put(&log, &unknown).is_err());
        machine.disk.clear_rules();
        drop(log);
        let opened = machine.open_quietly(small()).unwrap();
        let given = payloads(&opened.records);
        assert_eq!(given, [&b"acked"[..], &unknown], "the machine shows both");
        put(&opened.log, b"later").unwrap();
        let after = machine.with_disk(machine.disk.crash());
        let again = after.open_quietly(small()).unwrap();
        let expected = [&b"acked"[..], &unknown, b"later"];
        assert_eq!(payloads(&again.records), expected, "seed {seed}");
    }
}

/// When the group cannot be made durable, nothing of it is given out.
#[test]
fn w3_a_restart_whose_syncs_fail_does_not_open() {
    let machine = Machine::new(1);
    let log = machine.open_quietly(small()).unwrap().log;
    put(&log, b"acked").unwrap();
    drop(log);
    let rule = Rule::new(Operation::Sync, Fault::SyncLost).under(DIR);
    machine.disk.inject(rule.nth(1));
    let mut given = 0;
    let opened = Log::open(
        machine.environment(),
        small(),
        Start::at(Lsn::ZERO),
        &mut |_| {
            given += 1;
            Ok(())
        },
    );
    assert!(matches!(opened, Err(Error::Io { .. })), "{opened:?}");
    // The marker behind it vouches for what was acked; the marker alone could not be secured.
    assert_eq!(given, 1);
    let again = machine.open_quietly(small()).unwrap();
    assert_eq!(payloads(&again.records), [b"acked"]);
}
