//! W-3: when the log fails, nobody is told a lie, and a restart finds what was acked.

use std::sync::Arc;

use engine::{Engine, Environment, Error, Kind, Recovery};
use platform::{Fault, Operation, Rule};

use crate::harness::{DeadlyClock, Machine, Row, START, batch, frame, lines, numbered, write};

fn row(n: i64) -> wire::v1::Batch {
    batch("cpu", &[Row::new("a", START + n, n)])
}

#[test]
fn a_failed_sync_makes_outcomes_unknown_and_refuses_all_that_follows() {
    let machine = Machine::new(1);
    let engine = machine.open();
    write(&engine, &row(1));
    machine
        .disk
        .inject(Rule::new(Operation::Sync, Fault::Io).under("/data/wal"));
    let outcome = engine.commit(frame(&row(2))).unwrap().wait();
    assert!(matches!(outcome, Err(Error::Unknown { .. })), "{outcome:?}");
    machine.disk.clear_rules();
    assert!(
        engine.commit(frame(&row(3))).is_err(),
        "the log is never tried again"
    );
    assert!(engine.status().is_poisoned);
    assert_eq!(
        lines(&engine, "cpu"),
        ["time=1 host=a count=1"],
        "what is not acked is not shown"
    );
    let recovered = lines(&machine.crash().open(), "cpu");
    assert!(recovered.contains(&"time=1 host=a count=1".into()) && recovered.len() <= 2);
}

/// The number of a batch is remembered as soon as the log has the batch. That must not turn into an
/// ack when the collector, told that the outcome is unknown, sends the same batch again.
#[test]
fn a_batch_whose_outcome_is_unknown_is_never_told_to_be_a_copy() {
    for operation in [Operation::Sync, Operation::Write] {
        for fault in [Fault::Io, Fault::SyncLost, Fault::NoSpace] {
            let machine = Machine::new(4);
            let engine = machine.open();
            let sent = |n| numbered(row(i64::try_from(n).unwrap()), "c", 1, n);
            write(&engine, &sent(1));
            machine
                .disk
                .inject(Rule::new(operation, fault).under("/data/wal"));
            let outcome = engine.commit(frame(&sent(2))).unwrap().wait();
            assert!(matches!(outcome, Err(Error::Unknown { .. })), "{outcome:?}");
            machine.disk.clear_rules();
            for n in [2, 1, 3] {
                let refusal = engine.commit(frame(&sent(n))).unwrap_err();
                assert!(matches!(refusal, Error::Failed), "{n}: {refusal}");
                assert_eq!(refusal.kind(), Kind::Unavailable);
            }
            assert!(engine.has_failed() && engine.status().has_failed);
            drop(engine);
            let engine = machine.crash().open();
            let is_stored = lines(&engine, "cpu").len() == 2;
            assert_eq!(write(&engine, &sent(2)).duplicate, is_stored);
            assert_eq!(lines(&engine, "cpu").len(), 2);
        }
    }
}

#[test]
fn a_flush_that_finds_no_room_is_made_up_for_later() {
    let strikes = [
        ("/data/parts", Operation::Create),
        ("/data/parts", Operation::Write),
        ("/data/parts", Operation::Sync),
        ("/data/parts", Operation::SyncDir),
        ("/data/manifest", Operation::Create),
        ("/data/manifest", Operation::Write),
        ("/data/manifest", Operation::Sync),
        ("/data/manifest", Operation::Rename),
    ];
    for (place, operation) in strikes {
        let strike = format!("{operation:?} under {place}");
        let machine = Machine::new(2);
        let engine = machine.open();
        write(&engine, &row(1));
        engine.flush().unwrap();
        machine
            .disk
            .inject(Rule::new(operation, Fault::NoSpace).under(place));
        write(&engine, &row(2));
        for _ in 0..2 {
            let failure = engine.flush();
            assert!(
                matches!(failure, Err(Error::Io { .. })),
                "{strike}: {failure:?}"
            );
            assert!(engine.status().memtable_bytes > 0, "{strike}");
            assert_eq!(lines(&engine, "cpu").len(), 2, "{strike}");
        }
        // With the threads ended, no flush of the background has a part under way.
        engine.close().unwrap();
        drop(engine);
        assert_eq!(machine.parts().len(), 1, "{strike} leaves an unnamed part");
        machine.disk.clear_rules();
        let engine = machine.open();
        write(&engine, &row(3));
        engine.flush().unwrap();
        let status = engine.status();
        assert_eq!((status.memtable_bytes, status.parts.len()), (0, 2));
        let digest = engine.digest().unwrap();
        assert_eq!(machine.crash().open().digest().unwrap(), digest, "{strike}");
    }
}

#[test]
fn a_compaction_that_finds_no_room_leaves_everything_readable() {
    let machine = Machine::new(3);
    let engine = machine.open();
    for n in 0..4 {
        write(&engine, &row(n));
        engine.flush().unwrap();
    }
    let digest = engine.digest().unwrap();
    machine
        .disk
        .inject(Rule::new(Operation::Write, Fault::NoSpace).under("/data/parts"));
    assert!(engine.compact().is_err());
    machine.disk.clear_rules();
    assert_eq!(engine.digest().unwrap(), digest);
    engine.compact().unwrap();
    assert_eq!(engine.status().parts.len(), 1);
    assert_eq!(engine.digest().unwrap(), digest);
    assert_eq!(machine.crash().open().digest().unwrap(), digest);
}

fn open_with(machine: &Machine, clock: &Arc<DeadlyClock>) -> Engine {
    let environment = Environment {
        clock: Arc::clone(clock) as Arc<_>,
        ..machine.environment()
    };
    Engine::open(environment, machine.settings.clone(), Recovery::default()).unwrap()
}

#[test]
fn a_panic_under_a_batch_fails_the_store_and_leaves_nobody_waiting() {
    for victim in ["engine-apply", "wal-committer"] {
        let machine = Machine::new(5);
        let clock = DeadlyClock::new(&machine.clock);
        let engine = open_with(&machine, &clock);
        let sent = |n| numbered(row(i64::try_from(n).unwrap()), "c", 1, n);
        write(&engine, &sent(1));
        assert!(!engine.has_failed());
        clock.victim.set(victim).unwrap();
        // Two copies of each: whichever comes too late to wait is refused.
        let commits: Vec<_> = [2, 2, 3, 3].map(|n| engine.commit(frame(&sent(n)))).into();
        for commit in commits {
            let outcome = commit.and_then(engine::Commit::wait);
            assert!(
                matches!(
                    outcome,
                    Err(Error::Unknown { .. } | Error::Failed | Error::Log { .. })
                ),
                "{victim}: {outcome:?}"
            );
        }
        while !engine.has_failed() {
            std::thread::yield_now();
        }
        assert!(engine.commit(frame(&sent(2))).is_err(), "{victim}");
        assert!(
            engine.status().has_failed && engine.close().is_err(),
            "{victim}"
        );
        drop(engine);
        let engine = machine.open();
        write(&engine, &sent(2));
        write(&engine, &sent(3));
        assert_eq!(lines(&engine, "cpu").len(), 3, "{victim}");
    }
}

#[test]
fn a_panic_of_maintenance_fails_the_store() {
    for victim in ["engine-flush", "engine-compact"] {
        let mut machine = Machine::new(6);
        machine.settings.flush_bytes = 1;
        machine.settings.compaction.automatic = true;
        let clock = DeadlyClock::new(&machine.clock);
        let engine = open_with(&machine, &clock);
        clock.victim.set(victim).unwrap();
        // A flush is due at once, and compaction looks at what it made.
        write(&engine, &row(1));
        while !engine.has_failed() {
            std::thread::yield_now();
        }
        assert!(engine.commit(frame(&row(2))).is_err(), "{victim}");
        assert!(engine.close().is_err(), "{victim}");
        drop(engine);
        assert_eq!(lines(&machine.open(), "cpu").len(), 1, "{victim}");
    }
}
