//! What fixture 2.2 holds: a store that has been at work for days and was started twice.
//!
//! | where | what |
//! |---|---|
//! | parts | of three levels, hot and cold; newest rows of the tables without deletes |
//! | manifest | a delete that no compaction has made real |
//! | log, first segment | edits, rows and a delete that no part has, then what was written again |
//! | log, second segment | more of it, and a table that no manifest names |
//!
//! Never changed; a later format gets the same.

use std::collections::BTreeMap;

use engine::{CatalogueEdit, Engine, Role, RowPredicate, TableChange, TokenRecord};
use schema::{Span, TimeRange, Timestamp};

use crate::harness::{Machine, Row, SECOND, START, batch, numbered, samples, write};

/// Sets a machine as its contents need it.
pub(crate) fn set(machine: &mut Machine) {
    machine.settings.log.segment_bytes = 8 << 10;
    machine.settings.log.group_bytes_max = 4 << 10;
}

/// Writes the contents onto a machine that is new; returns it as it is after its second start.
pub(crate) fn write_aged(machine: &Machine) -> (Machine, Engine) {
    machine.advance(86_400);
    let engine = machine.open();
    let edit = engine.edit(CatalogueEdit::PutToken(token()));
    edit.unwrap().wait().unwrap();
    write_days(&engine);
    delete(&engine, -2 * DAY, 0, "gone");
    engine.flush().unwrap();
    write_unflushed(&engine);
    drop(engine);
    let machine = machine.crash();
    let engine = machine.open();
    write_after_restart(&engine);
    (machine, engine)
}

/// Writes days that have ended, merged twice and once, and one that goes on.
fn write_days(engine: &Engine) {
    let round = |sequence: u64, day: i64| {
        let rows = measured(day * DAY, sequence.cast_signed());
        write(engine, &numbered(batch("cpu", &rows), "c", 1, sequence));
        write(engine, &samples("waits", &events(day * DAY)));
        engine.flush().unwrap();
    };
    write(engine, &batch("disk", &measured(-DAY, 7)));
    round(1, -2);
    round(2, -2);
    engine.compact().unwrap();
    round(3, -2);
    round(4, -1);
    round(5, -1);
    engine.compact().unwrap();
    round(6, 0);
    round(7, 0);
}

/// Writes what the first segment of the log alone has.
fn write_unflushed(engine: &Engine) {
    let retention = TableChange {
        retention: Some(Some(Span::from_days(90))),
        append_only: None,
    };
    engine.set_table("disk", retention).unwrap().wait().unwrap();
    write(
        engine,
        &numbered(batch("cpu", &measured(HOUR, 9)), "c", 1, 9),
    );
    delete(engine, 0, DAY, "gone");
    let again = Row {
        note: Some("written again".into()),
        ..Row::new("gone", START + HOUR, 1)
    };
    write(engine, &batch("cpu", &[again]));
}

/// Writes what the second segment of the log alone has.
fn write_after_restart(engine: &Engine) {
    write(engine, &samples("waits", &events(HOUR)));
    write(engine, &numbered(batch("disk", &measured(0, 8)), "c", 2, 1));
    write(engine, &batch("fresh", &[Row::new("a", START, 1)]));
}

fn delete(engine: &Engine, from: i64, to: i64, host: &str) {
    let rows = RowPredicate {
        time: TimeRange {
            start: Timestamp::from_nanos(START + from),
            end: Timestamp::from_nanos(START + to),
        },
        tags: BTreeMap::from([("host".to_owned(), host.to_owned())]),
    };
    engine.delete_rows("cpu", rows).unwrap().wait().unwrap();
}

/// Rows of three hosts, a minute apart; those of `gone` are to be deleted.
fn measured(from: i64, salt: i64) -> Vec<Row> {
    let row = |host: &'static str, n: i64| Row {
        core: (n % 2 == 0).then(|| "0".to_owned()),
        usage: (n % 5 != 4).then(|| f64::from(i32::try_from(n * salt % 31).unwrap()) / 4.0),
        note: (host == "gone").then(|| "to be deleted".to_owned()),
        up: (host != "b").then_some(n % 7 < 5),
        ..Row::new(host, START + from + (n + salt) * 60 * SECOND, n * salt)
    };
    let hosts = ["a", "b", "gone"].into_iter();
    hosts
        .flat_map(|host| (0..16).map(move |n| row(host, n)))
        .collect()
}

/// Samples, three of each second, which all stay.
fn events(from: i64) -> Vec<Row> {
    let row = |n: i64| Row {
        note: Some(["Lock", "IO", "längst", ""][usize::try_from(n * n % 4).unwrap()].into()),
        ..Row::new("host", START + from + n / 3 * SECOND, n)
    };
    (0..12).map(row).collect()
}

fn token() -> TokenRecord {
    TokenRecord {
        id: "t1".into(),
        name: "a token".into(),
        role: Role::Reader,
        secret_sha256: [9; 32],
        created: Timestamp::from_nanos(START),
        expires: None,
        revoked: false,
        enrols: None,
        used_by_key: None,
    }
}

const HOUR: i64 = 3_600 * SECOND;
const DAY: i64 = 24 * HOUR;
