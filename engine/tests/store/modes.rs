//! A table whose mode is changed: what was kept or merged before the change can still be had as of before it.

use engine::{Engine, Recovery, TableChange};
use platform::{Fault, Operation, Rule};
use wal::Until;

use crate::harness::{Machine, Row, START, batch, everything, lines, samples, scan, write};

fn set(engine: &Engine, append_only: bool) {
    let change = TableChange {
        append_only: Some(append_only),
        retention: None,
    };
    engine.set_table("cpu", change).unwrap().wait().unwrap();
}

fn twice() -> wire::v1::Batch {
    let row = |count| Row::new("a", START, count);
    samples("cpu", &[row(1), row(2)])
}

/// Returns the rows as of a record, of a store that is closed for it.
fn as_of(machine: &Machine, engine: Engine, lsn: schema::Lsn) -> Vec<String> {
    engine.close().unwrap();
    drop(engine);
    let recovery = Recovery {
        until: Until::Lsn(lsn),
        new_timeline: true,
    };
    let settings = machine.settings.clone();
    let engine = Engine::open(machine.environment(), settings, recovery).unwrap();
    lines(&engine, "cpu")
}

#[test]
fn newest_rows_are_those_of_the_mode_in_force() {
    let machine = Machine::new(41);
    let engine = machine.open();
    let row = |count, usage| Row {
        count,
        usage,
        ..Row::new("a", START, 0)
    };
    write(&engine, &samples("cpu", &[row(Some(1), None)]));
    write(&engine, &samples("cpu", &[row(None, Some(0.5))]));
    engine.flush().unwrap();
    let check = |engine: &Engine, expected: &str| {
        let latest = engine
            .view()
            .table("cpu")
            .unwrap()
            .latest(u64::MAX)
            .unwrap();
        assert_eq!(scan(&latest, &everything(&latest)), [expected]);
    };
    check(&engine, "time=0 host=a usage=0.5");
    set(&engine, false);
    check(&engine, "time=0 host=a count=1 usage=0.5");
    // The flush is of another table: this one's latest part must not be taken over.
    write(&engine, &batch("disk", &[Row::new("a", START, 1)]));
    engine.flush().unwrap();
    drop(engine);
    let machine = machine.crash();
    let engine = machine.open();
    check(&engine, "time=0 host=a count=1 usage=0.5");
    engine.compact().unwrap();
    check(&engine, "time=0 host=a count=1 usage=0.5");
    set(&engine, true);
    write(&engine, &samples("cpu", &[row(Some(3), None)]));
    check(&engine, "time=0 host=a count=3");
}

#[test]
fn a_merge_keeps_the_rows_that_a_restore_to_before_the_change_needs() {
    let machine = Machine::new(42);
    let engine = machine.open();
    write(&engine, &twice());
    engine.flush().unwrap();
    let before = write(&engine, &batch("disk", &[Row::new("a", START, 1)]));
    set(&engine, false);
    engine.compact().unwrap();
    assert_eq!(lines(&engine, "cpu"), ["time=0 host=a count=2"]);
    let rows = as_of(&machine, engine, before.lsn);
    assert_eq!(rows, ["time=0 host=a count=1", "time=0 host=a count=2"]);
}

#[test]
fn a_flush_keeps_the_rows_that_a_restore_to_before_the_change_needs() {
    let machine = Machine::new(43);
    let engine = machine.open();
    write(&engine, &twice());
    // The flush ends at this record, and is made up for behind the change.
    let full = Rule::new(Operation::Create, Fault::NoSpace).under("/data/manifest");
    machine.disk.inject(full);
    engine.flush().unwrap_err();
    machine.disk.clear_rules();
    set(&engine, false);
    // It is published by itself, and another one with the change after it.
    engine.flush().unwrap();
    assert_eq!(lines(&engine, "cpu"), ["time=0 host=a count=2"]);
    assert_eq!(engine.status().parts[0].meta.rows, 2);
}
