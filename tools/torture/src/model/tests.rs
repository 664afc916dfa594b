//! The model allows what a table may show in its mode, and nothing else.

use super::Model;
use crate::observe::{Shown, Table};
use crate::rows::{Row, TableRows, Value};

/// Rows of one series and time, each with one field.
fn rows(fields: &[(&'static str, i64)]) -> TableRows {
    let row = |(name, value): &(&'static str, i64)| Row {
        time: 7,
        tags: [("host", "a".to_owned())].into(),
        fields: [(*name, Value::I64(*value))].into(),
    };
    TableRows {
        name: "cpu",
        append_only: false,
        rows: fields.iter().map(row).collect(),
    }
}

/// Tells whether the model lets a store show rows of these fields.
fn allows(model: &Model, append_only: bool, fields: &[&str]) -> bool {
    let shown = |fields: &&str| Shown {
        series: "host=a ".to_owned(),
        time: 7,
        line: format!("{fields} time=7 "),
    };
    let rows = fields.iter().map(shown).collect();
    let table = model.table("cpu").unwrap();
    table.check(&Table { append_only, rows }).is_ok()
}

#[test]
fn a_table_that_merges_shows_one_row() {
    let mut model = Model::default();
    model.apply(&rows(&[("a", 1), ("b", 2)]));
    model.apply(&rows(&[("a", 3)]));
    assert!(allows(&model, false, &["a=3 b=2 host=a"]));
    assert!(!allows(&model, true, &["a=3 b=2 host=a"]), "the mode");
    assert!(!allows(&model, false, &["a=1 b=2 host=a"]));
    assert!(!allows(
        &model,
        false,
        &["a=1 host=a", "b=2 host=a", "a=3 host=a"]
    ));
    assert!(!allows(&model, false, &[]));
}

#[test]
fn rows_of_before_may_have_become_one_and_those_that_come_stay() {
    let mut model = Model::default();
    model.apply(&rows(&[("a", 1), ("b", 2), ("a", 3)]));
    model.set_append_only("cpu", true);
    model.apply(&rows(&[("a", 4), ("b", 5)]));
    let kept = ["a=4 host=a", "b=5 host=a"];
    for before in [
        &["a=1 host=a", "b=2 host=a", "a=3 host=a"][..],
        &["a=1 b=2 host=a", "a=3 host=a"],
        &["a=1 host=a", "a=3 b=2 host=a"],
        &["a=3 b=2 host=a"],
    ] {
        assert!(
            allows(&model, true, &[before, &kept].concat()),
            "{before:?}"
        );
        assert!(!allows(&model, true, before), "what came since is gone");
        let again = [before, &kept, &kept[1..]].concat();
        assert!(!allows(&model, true, &again), "a row is there twice");
        let otherwise = [&kept, before].concat();
        assert!(!allows(&model, true, &otherwise), "the order is another");
    }
    let merged = ["a=3 b=2 host=a", "a=4 b=5 host=a"];
    assert!(!allows(&model, true, &merged), "it kept every row by then");
    let apart = ["a=3 host=a", "b=2 host=a", kept[0], kept[1]];
    assert!(!allows(&model, true, &apart), "only neighbours become one");
    model.set_append_only("cpu", false);
    assert!(allows(&model, false, &["a=4 b=5 host=a"]));
    model.set_append_only("cpu", true);
    assert!(allows(&model, true, &["a=3 b=2 host=a", "a=4 b=5 host=a"]));
}
