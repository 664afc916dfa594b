//! What the fixtures hold: every type, shapes of values for every encoding, edits, rows in parts of
//! two levels and rows in the log alone. Never changed; a new format gets the same.

use engine::{CatalogueEdit, Engine, Role, TableChange, TokenRecord};
use schema::{Span, Timestamp};

use crate::harness::{Machine, Row, SECOND, START, batch, numbered, samples, write};

/// Writes the contents into a store that is new.
pub(crate) fn write_contents(machine: &Machine) -> Engine {
    machine.advance(86_400);
    let engine = machine.open();
    edit(&engine, CatalogueEdit::PutToken(token()));
    for part in 0..4 {
        write(
            &engine,
            &numbered(batch("cpu", &shapes(part)), "c", 1, part + 1),
        );
        write(&engine, &samples("waits", &events(part)));
        engine.flush().unwrap();
    }
    let change = TableChange {
        retention: Some(Some(Span::from_days(90))),
        append_only: None,
    };
    engine.set_table("cpu", change).unwrap().wait().unwrap();
    engine.compact().unwrap();
    // Later than all parts: new values for old rows, and rows that only the log has.
    write(&engine, &numbered(batch("cpu", &shapes(1)), "c", 1, 5));
    engine.flush().unwrap();
    write(&engine, &numbered(batch("cpu", &late()), "c", 1, 7));
    write(&engine, &samples("waits", &events(9)));
    engine
}

fn edit(engine: &Engine, edit: CatalogueEdit) {
    engine.edit(edit).unwrap().wait().unwrap();
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

/// Rows of hosts, each of which counts in another manner.
fn shapes(part: u64) -> Vec<Row> {
    let hosts = [
        "constant", "step", "runs", "near", "walk", "even", "few", "wide", "decimal", "noise",
    ];
    let mut rows = Vec::new();
    for (shape, host) in hosts.into_iter().enumerate() {
        for row in 0..ROWS {
            let n = part * ROWS + row;
            let hash = mixed(n * 16 + shape as u64);
            rows.push(Row {
                core: (shape % 2 == 0).then(|| (n % 2).to_string()),
                time: START + (n.cast_signed() * 10 + (hash % 3).cast_signed()) * SECOND,
                count: (row % 7 != 6 || shape < 3).then(|| count(shape, n, hash)),
                usage: (shape > 1).then(|| usage(shape, n, hash)),
                note: (!hash.is_multiple_of(3)).then(|| format!("note {}", hash % 5)),
                up: (shape != 4).then_some(n % 11 < 8),
                ..Row::new(host, 0, 0)
            });
        }
    }
    rows
}

fn count(shape: usize, n: u64, hash: u64) -> i64 {
    let n = n.cast_signed();
    match shape {
        0 => 7,
        1 => n * 3,
        2 => n / 40,
        3 => (hash % 200).cast_signed() - 100,
        4 => n * 1_000 + (hash % 4).cast_signed(),
        5 => (hash % 900).cast_signed() * 8_192,
        6 => [1, 1 << 40, -5, i64::MAX][usize::try_from(hash % 4).unwrap()],
        _ => hash.cast_signed(),
    }
}

fn usage(shape: usize, n: u64, hash: u64) -> f64 {
    match shape {
        2 => 0.5,
        8 => f64::from(u16::try_from(hash % 1_000).unwrap()) / 10.0,
        9 => f64::from_bits(hash >> 2),
        _ => f64::from(u16::try_from(n % 60_000).unwrap()),
    }
}

/// Samples: rows of the same time stay.
fn events(part: u64) -> Vec<Row> {
    let row = |n: u64| Row {
        note: Some(["Lock", "IO", "längst", ""][usize::try_from(mixed(n) % 4).unwrap()].into()),
        ..Row::new(
            "host",
            START + (part * 30 + n / 3).cast_signed() * SECOND,
            1,
        )
    };
    (0..90).map(row).collect()
}

/// Rows with a tag and fields that others do not have.
fn late() -> Vec<Row> {
    let row = |n: i64| Row {
        core: Some("new".into()),
        up: Some(true),
        ..Row::new("late", START - n * SECOND, n)
    };
    (0..5).map(row).collect()
}

/// A number that looks random and is the same on every machine (the finaliser of splitmix64).
fn mixed(n: u64) -> u64 {
    let n = (n ^ (n >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let n = (n ^ (n >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    n ^ (n >> 31)
}

const ROWS: u64 = 120;
