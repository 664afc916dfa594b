//! Deleted rows are gone for every reader at once, whatever happens to parts and log; what is written
//! later stays.

use std::collections::BTreeMap;

use engine::{Engine, Kind, Recovery, RowPredicate};
use platform::{Fault, Operation, Rule};
use schema::{TimeRange, Timestamp};
use wal::Until;

use crate::harness::{Machine, Row, SECOND, START, batch, everything, lines, samples, scan, write};

/// The rows from `from` to before `to`, counted from the start, of a host or of all.
pub(crate) fn predicate(from: i64, to: i64, host: Option<&str>) -> RowPredicate {
    let at = |nanos: i64| Timestamp::from_nanos(START + nanos);
    let tags = host.map(|host| ("host".to_owned(), host.to_owned()));
    RowPredicate {
        time: TimeRange {
            start: at(from),
            end: at(to),
        },
        tags: BTreeMap::from_iter(tags),
    }
}

pub(crate) fn delete(engine: &Engine, from: i64, to: i64, host: Option<&str>) -> engine::Committed {
    let commit = engine.delete_rows("cpu", predicate(from, to, host));
    commit.unwrap().wait().unwrap()
}

/// Four rows of two hosts each, at the times 0 to 3.
fn rows() -> Vec<Row> {
    let row = |n: i64| [Row::new("a", START + n, n), Row::new("b", START + n, n)];
    (0..4).flat_map(row).collect()
}

fn times(engine: &Engine) -> Vec<String> {
    let short = |line: String| line.replace("time=", "").replace(" host=", "");
    let lines = lines(engine, "cpu").into_iter();
    lines
        .map(|line| short(line.split(" count").next().unwrap().to_owned()))
        .collect()
}

const LEFT: [&str; 6] = ["0a", "1a", "2a", "3a", "0b", "3b"];

#[test]
fn deleted_rows_stay_away_through_flush_merge_and_restart() {
    let machine = Machine::new(1);
    let engine = machine.open();
    write(&engine, &batch("cpu", &rows()));
    let view = engine.view().table("cpu").unwrap();
    delete(&engine, 1, 3, Some("b"));
    assert_eq!(times(&engine), LEFT, "in memory");
    assert_eq!(
        scan(&view, &everything(&view)).len(),
        8,
        "an older view still has them"
    );
    drop(engine);
    let machine = machine.crash();
    let engine = machine.open();
    assert_eq!(times(&engine), LEFT, "after a replay");
    engine.flush().unwrap();
    assert_eq!(times(&engine), LEFT, "in a part");
    engine.compact().unwrap();
    assert_eq!(times(&engine), LEFT, "merged");
    assert_eq!(engine.status().parts[0].meta.rows, 6);
    assert_eq!(times(&machine.crash().open()), LEFT, "after a restart");
}

#[test]
fn rows_in_parts_go_from_the_disk_with_a_compaction_and_the_tombstone_after_them() {
    let machine = Machine::new(2);
    let engine = machine.open();
    write(&engine, &batch("cpu", &rows()));
    engine.flush().unwrap();
    delete(&engine, 1, 3, Some("b"));
    assert_eq!(times(&engine), LEFT);
    let table = engine.view().table("cpu").unwrap();
    assert_eq!((table.exact_row_count(), table.time_bounds()), (None, None));
    assert_eq!(engine.status().parts[0].meta.rows, 8);
    engine.flush().unwrap();
    drop(engine);
    let machine = machine.crash();
    let engine = machine.open();
    assert_eq!(times(&engine), LEFT, "from the manifest");
    engine.compact().unwrap();
    assert_eq!(
        (times(&engine).len(), engine.status().parts[0].meta.rows),
        (6, 6)
    );
    let table = engine.view().table("cpu").unwrap();
    assert_eq!(table.exact_row_count(), Some(6), "no tombstone is left");
    assert_eq!(times(&machine.crash().open()), LEFT);
}

#[test]
fn a_delete_of_no_row_leaves_nothing_behind() {
    let mut machine = Machine::new(9);
    machine.settings.tombstones_max = 4;
    let engine = machine.open();
    write(&engine, &batch("cpu", &rows()));
    engine.flush().unwrap();
    for _ in 0..10 {
        delete(&engine, 0, 9, Some("nobody"));
        delete(&engine, -9, 0, None);
    }
    let table = engine.view().table("cpu").unwrap();
    assert_eq!(table.exact_row_count(), Some(8), "no tombstone is left");
    let parts = machine.parts();
    assert_eq!(parts.len(), 1);
    let unreadable = Rule::new(Operation::Read, Fault::Io).under(&parts[0]);
    machine.disk.inject(unreadable);
    let latest = table.latest(u64::MAX).unwrap();
    assert_eq!(
        latest.exact_row_count(),
        Some(2),
        "and newest rows are kept"
    );
}

#[test]
fn a_part_whose_rows_are_all_deleted_goes() {
    let machine = Machine::new(3);
    let engine = machine.open();
    write(&engine, &batch("cpu", &rows()));
    engine.flush().unwrap();
    delete(&engine, 0, SECOND, None);
    engine.flush().unwrap();
    engine.compact().unwrap();
    assert!(times(&engine).is_empty() && machine.parts().is_empty());
    let table = machine.crash().open().view().table("cpu").unwrap();
    assert_eq!(table.exact_row_count(), Some(0));
}

#[test]
fn rows_that_are_written_again_stay_and_take_no_values_from_the_deleted_ones() {
    let machine = Machine::new(4);
    let engine = machine.open();
    write(&engine, &batch("cpu", &[Row::new("a", START, 7)]));
    delete(&engine, 0, 1, None);
    let again = Row {
        count: None,
        usage: Some(0.5),
        ..Row::new("a", START, 0)
    };
    write(&engine, &batch("cpu", &[again]));
    let left = ["time=0 host=a usage=0.5"];
    assert_eq!(lines(&engine, "cpu"), left);
    // Enough batches for chunks to be merged across the tombstone, if that were done.
    for n in 0..70 {
        write(&engine, &batch("cpu", &[Row::new("b", START + n, n)]));
    }
    assert_eq!(lines(&engine, "cpu")[0], left[0]);
    let (mut machine, mut engine) = (machine, engine);
    for step in ["flushed", "merged"] {
        match step {
            "flushed" => engine.flush().unwrap(),
            _ => engine.compact().unwrap(),
        }
        assert_eq!(lines(&engine, "cpu")[0], left[0], "{step}");
        machine = machine.crash();
        engine = machine.open();
        assert_eq!(lines(&engine, "cpu")[0], left[0], "{step}, restarted");
    }
}

#[test]
fn a_store_opens_as_of_before_a_delete_with_the_rows() {
    let machine = Machine::new(5);
    let engine = machine.open();
    write(&engine, &batch("cpu", &rows()));
    engine.flush().unwrap();
    let before = write(&engine, &batch("cpu", &[Row::new("c", START, 1)]));
    delete(&engine, 0, SECOND, None);
    // The manifest does not have the tombstone yet: made real now, the rows could not come back.
    engine.compact().unwrap();
    assert!(times(&engine).is_empty());
    engine.close().unwrap();
    drop(engine);
    let recovery = Recovery {
        until: Until::Lsn(before.lsn),
        new_timeline: true,
    };
    let settings = machine.settings.clone();
    let engine = Engine::open(machine.environment(), settings, recovery).unwrap();
    assert_eq!(times(&engine).len(), 9);
}

#[test]
fn a_snapshot_taken_under_a_tombstone_restores_without_the_rows() {
    let machine = Machine::new(6);
    let engine = machine.open();
    write(&engine, &batch("cpu", &rows()));
    engine.flush().unwrap();
    delete(&engine, 1, 3, Some("b"));
    engine.flush().unwrap();
    let snapshot = engine.snapshot();
    engine.compact().unwrap();
    assert_eq!(
        snapshot.parts()[0].meta().rows,
        8,
        "the part is pinned as it was"
    );
    assert_eq!(times(&engine), LEFT);
    drop(snapshot);
    assert_eq!(machine.parts().len(), 1);
}

#[test]
fn tables_that_keep_every_row_lose_those_that_are_deleted() {
    let engine = Machine::new(7).open();
    write(&engine, &samples("cpu", &rows()));
    write(&engine, &samples("cpu", &rows()));
    delete(&engine, 1, 3, Some("b"));
    write(&engine, &samples("cpu", &[Row::new("b", START + 1, 9)]));
    let expected = [
        "0a", "0a", "1a", "1a", "2a", "2a", "3a", "3a", "0b", "0b", "1b", "3b", "3b",
    ];
    assert_eq!(times(&engine), expected);
    engine.flush().unwrap();
    engine.compact().unwrap();
    assert_eq!(times(&engine), expected);
}

#[test]
fn rows_that_cannot_be_meant_are_refused_and_counted_rows_are_those_deleted() {
    let engine = Machine::new(8).open();
    write(&engine, &batch("cpu", &rows()));
    let refusal = |table: &str, rows: RowPredicate| engine.delete_rows(table, rows).unwrap_err();
    let tagged = |name: &str| RowPredicate {
        tags: BTreeMap::from([(name.to_owned(), "a".to_owned())]),
        ..predicate(0, 1, None)
    };
    for (error, word) in [
        (refusal("nope", predicate(0, 1, None)), "table"),
        (refusal("cpu", predicate(1, 1, None)), "after it begins"),
        (refusal("cpu", tagged("colour")), "tag \"colour\""),
        (refusal("cpu", tagged("count")), "field"),
    ] {
        assert_eq!(error.kind(), Kind::Invalid);
        assert!(error.to_string().contains(word), "{error}");
    }
    let table = engine.view().table("cpu").unwrap();
    assert_eq!(table.count(&predicate(1, 3, Some("b"))).unwrap(), 2);
    assert_eq!(table.count(&predicate(1, 3, None)).unwrap(), 4);
    assert_eq!(table.count(&predicate(1, 3, Some("z"))).unwrap(), 0);
    assert_eq!(
        table.count(&tagged("colour")).unwrap_err().kind(),
        Kind::Invalid
    );
}
