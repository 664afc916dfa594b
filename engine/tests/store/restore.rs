//! Opening up to a point of the past, as a restore does.

use engine::{Engine, Recovery};
use schema::Timestamp;
use wal::Until;

use crate::harness::{Machine, Row, START, batch, lines, write};

fn open(machine: &Machine, until: Until) -> Engine {
    let recovery = Recovery {
        until,
        new_timeline: true,
    };
    Engine::open(machine.environment(), machine.settings.clone(), recovery).unwrap()
}

/// Writes five rows a minute apart, the first two of them flushed; returns lsn and time of each.
fn five_rows(machine: &Machine) -> Vec<engine::Committed> {
    let engine = machine.open();
    let mut committed = Vec::new();
    for n in 0..5 {
        machine.advance(60);
        committed.push(write(
            &engine,
            &batch("cpu", &[Row::new("a", START + n, n)]),
        ));
        if n == 1 {
            engine.flush().unwrap();
        }
    }
    engine.close().unwrap();
    committed
}

#[test]
fn a_store_opens_as_of_a_time() {
    let machine = Machine::new(1);
    let committed = five_rows(&machine);
    let engine = open(&machine, Until::CommitTime(committed[2].commit_time));
    assert_eq!(lines(&engine, "cpu").len(), 3);
    assert_eq!(engine.status().timeline, 2);
    assert_eq!(engine.view().applied_lsn(), committed[2].lsn);
    write(&engine, &batch("cpu", &[Row::new("b", START, 9)]));
    engine.close().unwrap();
    drop(engine);
    let again = machine.open();
    assert_eq!(
        lines(&again, "cpu").len(),
        4,
        "what came behind the point stays away"
    );
    assert_eq!(again.status().timeline, 2);
}

#[test]
fn a_store_opens_as_of_a_record() {
    let machine = Machine::new(2);
    let committed = five_rows(&machine);
    assert_eq!(
        lines(&open(&machine, Until::Lsn(committed[3].lsn)), "cpu").len(),
        4
    );
}

#[test]
fn a_point_before_what_is_in_parts_leaves_just_those() {
    let machine = Machine::new(3);
    five_rows(&machine);
    let recovery = Recovery {
        until: Until::CommitTime(Timestamp::from_nanos(START)),
        new_timeline: true,
    };
    let opened = Engine::open(machine.environment(), machine.settings.clone(), recovery);
    // Parts cannot be taken back: a restore begins with a manifest that is not after its point.
    assert!(opened.is_err() || lines(&opened.unwrap(), "cpu").len() == 2);
}

#[test]
fn a_replay_that_outgrows_memory_is_flushed_on_the_way() {
    let mut machine = Machine::new(4);
    let engine = machine.open();
    for n in 0..40 {
        let note = Some(format!("{n:01000}"));
        write(
            &engine,
            &batch(
                "cpu",
                &[Row {
                    note,
                    ..Row::new("a", START + n, n)
                }],
            ),
        );
    }
    let digest = engine.digest().unwrap();
    machine = machine.crash();
    machine.settings.flush_bytes = 10_000;
    machine.settings.memtable_bytes_max = 20_000;
    let engine = machine.open();
    assert_eq!(engine.recovery().log.records, 40);
    assert!(engine.status().parts.len() > 1 && engine.status().memtable_bytes < 20_000);
    assert_eq!(engine.digest().unwrap(), digest);
    assert_eq!(machine.crash().open().digest().unwrap(), digest);
}
