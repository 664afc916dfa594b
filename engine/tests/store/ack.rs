//! W-1: an ack means durable and visible.

use engine::{Error, Kind};

use crate::harness::{Machine, Row, START, batch, frame, lines, write};

#[test]
fn an_acked_batch_is_visible_at_once() {
    let engine = Machine::new(1).open();
    let committed = write(&engine, &batch("cpu", &[Row::new("a", START + 5, 1)]));
    assert!(!committed.duplicate);
    assert!(engine.view().applied_lsn() >= committed.lsn);
    assert_eq!(lines(&engine, "cpu"), ["time=5 host=a count=1"]);
}

#[test]
fn an_acked_batch_survives_power_loss() {
    let machine = Machine::new(2);
    let engine = machine.open();
    write(&engine, &batch("cpu", &[Row::new("a", START + 5, 1)]));
    let digest = engine.digest().unwrap();
    let recovered = machine.crash().open();
    assert_eq!(recovered.digest().unwrap(), digest);
    assert_eq!(lines(&recovered, "cpu"), ["time=5 host=a count=1"]);
    assert_eq!(recovered.recovery().log.records, 1);
}

#[test]
fn rows_of_many_writers_are_all_there() {
    let machine = Machine::new(3);
    let engine = machine.open();
    std::thread::scope(|scope| {
        for writer in 0..4i64 {
            let engine = &engine;
            scope.spawn(move || {
                for row in 0..25 {
                    let time = START + row * 4 + writer;
                    write(engine, &batch("cpu", &[Row::new("a", time, writer)]));
                }
            });
        }
    });
    assert_eq!(lines(&engine, "cpu").len(), 100);
    assert_eq!(lines(&machine.crash().open(), "cpu").len(), 100);
}

#[test]
fn closing_applies_what_was_taken_and_takes_no_more() {
    let machine = Machine::new(4);
    let engine = machine.open();
    let commits: Vec<_> = (0..20)
        .map(|n| {
            engine
                .commit(frame(&batch("cpu", &[Row::new("a", START + n, n)])))
                .unwrap()
        })
        .collect();
    engine.close().unwrap();
    assert!(commits.into_iter().all(|commit| commit.wait().is_ok()));
    let refusal = engine
        .commit(frame(&batch("cpu", &[Row::new("a", START, 1)])))
        .unwrap_err();
    assert_eq!(refusal.kind(), Kind::Unavailable);
    engine.close().unwrap();
    drop(engine);
    assert_eq!(lines(&machine.open(), "cpu").len(), 20);
}

#[test]
fn a_directory_is_opened_once() {
    let machine = Machine::new(5);
    let engine = machine.open();
    assert!(matches!(machine.try_open(), Err(Error::Locked { .. })));
    engine.flush_and_close().unwrap();
    let again = machine.open();
    assert_eq!(again.recovery().log.records, 0);
}

#[test]
fn a_flush_leaves_nothing_to_replay() {
    let machine = Machine::new(6);
    let engine = machine.open();
    write(&engine, &batch("cpu", &[Row::new("a", START + 5, 1)]));
    let digest = engine.digest().unwrap();
    engine.flush().unwrap();
    assert_eq!(engine.digest().unwrap(), digest);
    let recovered = machine.crash().open();
    assert_eq!(
        (recovered.recovery().log.records, recovered.recovery().parts),
        (0, 1)
    );
    assert_eq!(recovered.digest().unwrap(), digest);
}
