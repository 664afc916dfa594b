//! The catalogue changes through the log: durable, in order, and there after a restart.

use engine::{CatalogueEdit, CollectorRecord, Engine, Kind, Role, TableChange, TokenRecord};
use schema::{CollectorName, InstancePattern, Span, Timestamp};

use crate::harness::{Machine, Row, START, batch, lines, samples, write};

fn edit(engine: &Engine, edit: CatalogueEdit) {
    engine.edit(edit).unwrap().wait().unwrap();
}

fn token(id: &str) -> TokenRecord {
    TokenRecord {
        id: id.into(),
        name: "a token".into(),
        role: Role::Writer,
        secret_sha256: [9; 32],
        created: Timestamp::from_nanos(START),
        expires: None,
        revoked: false,
        enrols: Some(CollectorName::new("c").unwrap()),
        used_by_key: None,
    }
}

fn collector() -> CollectorRecord {
    CollectorRecord {
        name: CollectorName::new("c").unwrap(),
        instances: vec![InstancePattern("orders-*".into())],
        certificate_sha256: None,
        public_key_sha256: None,
        created: Timestamp::from_nanos(START),
        revoked: false,
    }
}

#[test]
fn edits_survive_a_crash_with_and_without_a_flush() {
    let machine = Machine::new(1);
    let engine = machine.open();
    edit(&engine, CatalogueEdit::PutToken(token("one")));
    engine.flush().unwrap();
    edit(&engine, CatalogueEdit::PutToken(token("two")));
    edit(&engine, CatalogueEdit::RevokeToken { id: "one".into() });
    edit(&engine, CatalogueEdit::PutCollector(collector()));
    let catalogue = engine.catalogue();
    let recovered = machine.crash().open();
    assert_eq!(recovered.catalogue(), catalogue);
    assert!(recovered.catalogue().token("one").unwrap().revoked);
    assert!(
        recovered
            .catalogue()
            .collector("c")
            .unwrap()
            .may_write("orders-7")
    );
}

#[test]
fn of_two_keys_that_use_one_token_one_is_refused() {
    let engine = Machine::new(2).open();
    edit(&engine, CatalogueEdit::PutCollector(collector()));
    edit(&engine, CatalogueEdit::PutToken(token("one")));
    let using = |key| CatalogueEdit::Enrol {
        token: "one".into(),
        key_sha256: [key; 32],
        certificate_sha256: [key; 32],
    };
    // The second is decided against what is admitted, before the first is durable.
    let first = engine.edit(using(1)).unwrap();
    assert_eq!(engine.edit(using(2)).unwrap_err().kind(), Kind::Invalid);
    first.wait().unwrap();
    assert_eq!(
        engine.catalogue().token("one").unwrap().used_by_key,
        Some([1; 32])
    );
}

#[test]
fn a_table_that_begins_to_keep_every_row_keeps_those_from_then_on() {
    let machine = Machine::new(3);
    let engine = machine.open();
    let row = |count| batch("cpu", &[Row::new("a", START, count)]);
    write(&engine, &row(1));
    write(&engine, &row(2));
    engine.flush().unwrap();
    assert_eq!(lines(&engine, "cpu"), ["time=0 host=a count=2"]);
    let change = TableChange {
        append_only: Some(true),
        retention: None,
    };
    engine.set_table("cpu", change).unwrap().wait().unwrap();
    write(&engine, &row(3));
    assert_eq!(lines(&engine, "cpu").len(), 2);
    let back = TableChange {
        append_only: Some(false),
        retention: None,
    };
    engine.set_table("cpu", back).unwrap().wait().unwrap();
    assert_eq!(lines(&engine, "cpu"), ["time=0 host=a count=3"]);
}

#[test]
fn parts_with_rows_of_one_time_are_merged_once_the_table_merges() {
    let machine = Machine::new(4);
    let engine = machine.open();
    let rows = [
        Row::new("a", START, 1),
        Row {
            usage: Some(0.5),
            ..Row::new("a", START, 2)
        },
    ];
    write(&engine, &samples("cpu", &rows));
    engine.flush().unwrap();
    assert_eq!(lines(&engine, "cpu").len(), 2);
    let change = TableChange {
        append_only: Some(false),
        retention: None,
    };
    engine.set_table("cpu", change).unwrap().wait().unwrap();
    assert_eq!(lines(&engine, "cpu"), ["time=0 host=a count=2 usage=0.5"]);
    assert_eq!(engine.view().table("cpu").unwrap().exact_row_count(), None);
    let recovered = machine.crash().open();
    assert_eq!(
        lines(&recovered, "cpu"),
        ["time=0 host=a count=2 usage=0.5"]
    );
}

#[test]
fn a_change_of_a_table_that_is_not_there_is_refused() {
    let engine = Machine::new(5).open();
    let change = TableChange {
        retention: Some(Some(Span::from_days(1))),
        append_only: None,
    };
    assert_eq!(
        engine.set_table("nope", change).unwrap_err().kind(),
        Kind::Invalid
    );
}
