//! The newest row of every series; that it is the last one of a scan is in `model.rs`.

use std::cell::Cell;
use std::path::{Path, PathBuf};

use engine::{Engine, Kind, TableView};
use platform::{Disk, FailPoint, Fault, Operation, Rule, Strike, durable};
use schema::Span;

use crate::deletes::delete;
use crate::harness::{Line, Machine, Row, SECOND, START, batch, everything, scan, write};

fn table(engine: &Engine) -> TableView {
    engine.view().table("cpu").unwrap()
}

fn latest(engine: &Engine) -> Vec<Line> {
    let latest = table(engine).latest(u64::MAX).unwrap();
    scan(&latest, &everything(&latest))
}

/// Writes a row of each of two hosts at some seconds, and flushes.
fn part(engine: &Engine, seconds: i64) {
    let row = |host| Row::new(host, START + seconds * SECOND, seconds);
    write(engine, &batch("cpu", &[row("a"), row("b")]));
    engine.flush().unwrap();
}

/// Makes all parts unreadable but for those with newest rows.
fn forbid_parts(machine: &Machine) {
    for part in machine.parts() {
        let unreadable = Rule::new(Operation::Read, Fault::Io).under(part);
        machine.disk.inject(unreadable);
    }
}

#[test]
fn newest_rows_are_there_after_flush_merge_and_restart_without_reading_a_part() {
    let mut machine = Machine::new(20);
    machine.settings.page_cache_bytes_max = 0;
    let engine = machine.open();
    for seconds in 0..4 {
        part(&engine, seconds);
    }
    engine.compact().unwrap();
    write(
        &engine,
        &batch("cpu", &[Row::new("b", START + 9 * SECOND, 9)]),
    );
    let check = |engine: &Engine| {
        let rows = latest(engine);
        assert_eq!(rows.len(), 2);
        assert!(rows[0].contains("host=a count=3"), "{rows:?}");
        assert!(rows[1].contains("host=b count=9"), "{rows:?}");
    };
    forbid_parts(&machine);
    check(&engine);
    machine.disk.clear_rules();
    drop(engine);
    let machine = machine.crash();
    let engine = machine.open();
    forbid_parts(&machine);
    check(&engine);
}

#[test]
fn values_of_one_row_come_together_from_before_and_after_a_flush() {
    let engine = Machine::new(23).open();
    let row = |usage, count| Row {
        usage,
        count,
        ..Row::new("a", START, 0)
    };
    write(&engine, &batch("cpu", &[row(Some(0.5), None)]));
    engine.flush().unwrap();
    write(&engine, &batch("cpu", &[row(None, Some(7))]));
    let whole = ["time=0 host=a usage=0.5 count=7"];
    assert_eq!(latest(&engine), whole);
    engine.flush().unwrap();
    assert_eq!(latest(&engine), whole);
}

#[test]
fn after_a_deletion_the_row_before_is_the_newest() {
    let machine = Machine::new(24);
    let engine = machine.open();
    for seconds in 0..4 {
        part(&engine, seconds);
    }
    let expect = |engine: &Engine, a: &str, step: &str| {
        let rows = latest(engine);
        assert!(
            rows[0].contains(&format!("host=a count={a}")),
            "{step}: {rows:?}"
        );
        assert!(rows[1].contains("host=b count=3"), "{step}: {rows:?}");
    };
    delete(&engine, 2 * SECOND, 9 * SECOND, Some("a"));
    expect(&engine, "1", "deleted");
    engine.flush().unwrap();
    expect(&engine, "1", "in the manifest");
    drop(engine);
    let machine = machine.crash();
    let engine = machine.open();
    expect(&engine, "1", "restarted");
    engine.compact().unwrap();
    forbid_parts(&machine);
    expect(&engine, "1", "made real, and found anew");
}

#[test]
fn deleted_rows_are_no_newest_rows_after_a_crash_behind_the_merge_that_left_them_out() {
    let machine = Machine::new(27);
    let engine = machine.open();
    for seconds in 0..4 {
        part(&engine, seconds);
    }
    delete(&engine, 2 * SECOND, 9 * SECOND, None);
    // The flush is of another table: this one keeps its latest part.
    write(&engine, &batch("disk", &[Row::new("a", START, 1)]));
    engine.flush().unwrap();
    let renewed = FailPoint::CompactionPublished;
    machine
        .disk
        .arm(renewed, machine.disk.reached(renewed) + 1, Strike::Crash);
    engine.compact().ok();
    drop(engine);
    let engine = machine.crash().open();
    let rows = latest(&engine);
    assert!(rows.iter().all(|row| row.contains("count=1")), "{rows:?}");
    engine.flush().unwrap();
    assert_eq!(latest(&engine), rows);
}

#[test]
fn newest_rows_that_cannot_be_read_keep_no_flush_waiting() {
    let machine = Machine::new(28);
    let engine = machine.open();
    part(&engine, 1);
    drop(engine);
    let machine = machine.crash();
    let engine = machine.open();
    let unreadable = Rule::new(Operation::Read, Fault::Io).under(latest_path(&machine));
    machine.disk.inject(unreadable);
    part(&engine, 2);
    let rows = latest(&engine);
    assert!(rows.iter().all(|row| row.contains("count=2")), "{rows:?}");
}

#[test]
fn a_deletion_beside_a_flush_is_not_forgotten() {
    let machine = Machine::new(25);
    let engine = machine.open();
    part(&engine, 1);
    write(
        &engine,
        &batch("cpu", &[Row::new("a", START + 2 * SECOND, 2)]),
    );
    // The flush fails behind the frozen rows, the deletion comes, and the flush is made up for.
    let full = Rule::new(Operation::Create, Fault::NoSpace).under("/data/manifest");
    machine.disk.inject(full);
    engine.flush().unwrap_err();
    machine.disk.clear_rules();
    delete(&engine, 2 * SECOND, 3 * SECOND, None);
    engine.flush().unwrap();
    let rows = latest(&engine);
    assert!(rows[0].contains("host=a count=1"), "{rows:?}");
}

#[test]
fn damaged_newest_rows_are_searched_for_in_the_parts_and_named_by_verify() {
    let machine = Machine::new(26);
    let engine = machine.open();
    part(&engine, 1);
    drop(engine);
    let path = latest_path(&machine);
    let bytes = durable::read_file(&machine.disk, &path).unwrap();
    for at in (0..bytes.len()).step_by(23) {
        let machine = machine.crash();
        let mut damaged = bytes.clone();
        damaged[at] ^= 1;
        durable::write_file(&machine.disk, &path, &damaged).unwrap();
        let found = engine::offline::verify(&machine.environment(), &mut |_, _| {}).unwrap();
        let named = found
            .damage
            .iter()
            .any(|e| e.to_string().contains(path.to_str().unwrap()));
        assert!(named, "byte {at}: {:?}", found.damage);
        let engine = machine.open();
        assert_eq!(latest(&engine).len(), 2, "byte {at}");
        engine.compact().unwrap();
        forbid_parts(&machine);
        assert_eq!(latest(&engine).len(), 2, "byte {at}: kept anew");
    }
}

fn latest_path(machine: &Machine) -> PathBuf {
    let report = engine::offline::inspect_manifest(&machine.environment(), None).unwrap();
    Path::new("/data/parts").join(report.latest[0].id.file_name())
}

#[test]
fn newest_rows_that_do_not_open_at_a_start_are_in_no_manifest_and_missed_by_no_backup() {
    let machine = Machine::new(29);
    let engine = machine.open();
    part(&engine, 1);
    drop(engine);
    let path = latest_path(&machine);
    durable::remove_file(&machine.disk, &path).unwrap();
    let engine = machine.open();
    assert_eq!(latest(&engine).len(), 2);
    let report = engine::offline::inspect_manifest(&machine.environment(), None).unwrap();
    assert!(report.latest.is_empty());
    assert_eq!(engine.snapshot().parts().len(), report.parts.len());
    engine.compact().unwrap();
    assert!(
        machine
            .disk
            .metadata(&latest_path(&machine))
            .unwrap()
            .is_some()
    );
}

#[test]
fn after_an_expiry_the_newest_rows_are_those_of_the_parts_that_stay() {
    let mut machine = Machine::new(30);
    machine.settings.page_cache_bytes_max = 0;
    let engine = machine.open();
    machine.advance(150 * 60);
    let row = |host, minutes: i64| Row::new(host, START + minutes * 60 * SECOND, minutes);
    write(&engine, &batch("cpu", &[row("a", 30), row("b", 114)]));
    engine.flush().unwrap();
    write(&engine, &batch("cpu", &[row("a", 60), row("c", 61)]));
    engine.flush().unwrap();
    let change = engine::TableChange {
        retention: Some(Some(Span::from_secs(3_600))),
        append_only: None,
    };
    engine.set_table("cpu", change).unwrap().wait().unwrap();
    engine.compact().unwrap();
    let rows = latest(&engine);
    assert_eq!(rows, scan(&table(&engine), &everything(&table(&engine))));
    assert!(
        rows.len() == 2 && rows[0].contains("host=a count=30"),
        "{rows:?}"
    );
    forbid_parts(&machine);
    assert_eq!(latest(&engine), rows, "they are kept");
}

#[test]
fn rows_past_their_retention_are_no_newest_rows() {
    let machine = Machine::new(21);
    let engine = machine.open();
    let day = 86_400;
    write(
        &engine,
        &batch("cpu", &[Row::new("a", START - 40 * day * SECOND, 1)]),
    );
    engine.flush().unwrap();
    write(&engine, &batch("cpu", &[Row::new("b", START, 2)]));
    assert_eq!(latest(&engine).len(), 2);
    let change = engine::TableChange {
        retention: Some(Some(Span::from_days(30))),
        append_only: None,
    };
    engine.set_table("cpu", change).unwrap().wait().unwrap();
    engine.compact().unwrap();
    let rows = latest(&engine);
    assert!(rows.len() == 1 && rows[0].contains("host=b"), "{rows:?}");
}

#[test]
fn rows_that_do_not_fit_their_memory_are_refused_or_not_kept() {
    let mut machine = Machine::new(22);
    machine.settings.shares.index_bytes_max = 40_000;
    let engine = machine.open();
    let row = |host| Row {
        note: Some("x".repeat(8_000)),
        ..Row::new(host, START, 1)
    };
    write(&engine, &batch("cpu", &[row("a"), row("b")]));
    let refusal = table(&engine).latest(10_000).unwrap_err();
    assert_eq!(refusal.kind(), Kind::Invalid);
    assert!(
        refusal.to_string().contains("memory_bytes_max"),
        "{refusal}"
    );
    engine.flush().unwrap();
    let report = engine::offline::inspect_manifest(&machine.environment(), None).unwrap();
    assert!(report.latest.is_empty());
    assert_eq!(latest(&engine).len(), 2, "searched for");
}

#[test]
fn newest_rows_are_counted_while_they_are_found_and_no_more_are_once_they_are_refused() {
    let engine = Machine::new(31).open();
    let row = |core: i64| Row {
        core: Some(core.to_string()),
        ..Row::new("a", START, core)
    };
    let rows: Vec<Row> = (0..20_000).map(row).collect();
    for rows in rows.chunks(5_000) {
        write(&engine, &batch("cpu", rows));
    }
    let (told, most) = (Cell::new(0), Cell::new(0));
    let count = |bytes: u64| {
        told.set(told.get() + 1);
        most.set(bytes.max(most.get()));
        Ok(())
    };
    let latest = table(&engine).latest_within(&count).unwrap();
    assert_eq!(latest.exact_row_count(), Some(20_000));
    assert!(most.get() >= latest.memory_bytes());
    assert!(told.get() > 2, "some thousand rows at a time");
    let asked = Cell::new(0);
    let refuse = |_| {
        asked.set(asked.get() + 1);
        Err(engine::Error::Closing)
    };
    assert!(table(&engine).latest_within(&refuse).is_err());
    assert_eq!(asked.get(), 1);
}
