//! Goal: the documented shape is read value by value, and everything else is refused with its place.

use proptest::prelude::*;
use wire::v1::{Batch, Values};
use wire::{BatchFrame, Limits};

use super::decode;
use crate::Error;

fn read(body: &str) -> Result<Batch, Error> {
    decode(body.as_bytes(), &Limits::default())
}

/// A table with a column of every type and these rows.
fn table(rows: &str) -> String {
    format!(
        r#"{{"collector":"c","epoch":3,"sequence":9,"tables":[{{"name":"t","append_only":true,"columns":[
        {{"name":"instance","role":"tag"}},
        {{"name":"i","type":"i64","kind":"increase","unit":"blocks"}},
        {{"name":"f","role":"field","type":"f64"}},
        {{"name":"b","type":"bool"}},
        {{"name":"s","type":"text"}},
        {{"name":"m","type":"time"}}],
        "rows":[{rows}]}}]}}"#
    )
}

#[test]
fn every_type_null_and_number_is_read() {
    let body = table(
        r#"[1,"orders",-5,2,true,"xö","1970-01-01T00:00:01Z"],
           ["1970-01-01T00:00:00.000000002Z",null,null,"NaN",null,null,null],
           [3,"orders",9223372036854775807,-0.5,false,"",7]"#,
    );
    let batch = read(&body).unwrap();
    assert_eq!(
        (batch.collector.as_str(), batch.epoch, batch.sequence),
        ("c", 3, 9)
    );
    let table = &batch.tables[0];
    assert!(table.append_only);
    assert_eq!(table.time, [1, 2, 3]);
    let [instance, i, f, b, s, m] = table.columns.as_slice() else {
        panic!("six columns");
    };
    assert_eq!(
        (instance.role, i.role, i.kind, i.unit.as_str()),
        (0, 1, 2, "blocks")
    );
    assert_eq!(i.values, Values::I64(vec![-5, 0, i64::MAX]));
    assert_eq!(i.validity, [0b101]);
    let Values::F64(doubles) = &f.values else {
        panic!("doubles");
    };
    assert!(f.validity.is_empty() && doubles[1].is_nan());
    assert_eq!((doubles[0], doubles[2]), (2.0, -0.5));
    assert_eq!(b.values, Values::Bool(vec![1, 0, 0]));
    assert_eq!(m.values, Values::Time(vec![1_000_000_000, 0, 7]));
    assert!(matches!(&s.values, Values::Dictionary(d) if d.values.bytes == "xö".as_bytes()));
    assert!(BatchFrame::encode(&batch, &Limits::default()).is_ok());
}

#[test]
fn mistakes_are_refused_in_words() {
    for (body, words) in [
        (table("[]"), "begins with its time"),
        (table("[null]"), "expected a time"),
        (table("[1.5]"), "expected a time"),
        (table("[18446744073709551615]"), "expected a time"),
        (table("[\"yesterday\"]"), "not a time"),
        (table("[1,\"a\"]"), "1 values for 6 columns"),
        (
            table("[1,null,null,null,null,null,null,null]"),
            "more values than its 6",
        ),
        (table("[1,7]"), "expected TEXT or null for \"instance\""),
        (table("[1,\"a\",1.5]"), "expected BIGINT or null for \"i\""),
        (table("[1,\"a\",9223372036854775808]"), "expected BIGINT"),
        (table("[1,\"a\",1,\"x\"]"), "expected DOUBLE"),
        (table("[1,\"a\",1,1,1]"), "expected BOOLEAN"),
        (table("[1,\"a\",1,1,true,{}]"), "invalid type: map"),
        (table("{}"), "expected a row"),
        (
            "{\"tables\":[{\"rows\":[[1]]}]}".into(),
            "the name \"\" is not allowed",
        ),
        (
            "{\"tables\":[{\"name\":\"t\",\"rows\":[],\"columns\":[]}]}".into(),
            "last member",
        ),
        (
            "{\"tables\":[{\"columns\":[{\"name\":\"x\"}]}]}".into(),
            "has no type",
        ),
        (
            "{\"tables\":[{\"columns\":[{\"name\":\"x\",\"role\":\"tag\",\"type\":\"i64\"}]}]}"
                .into(),
            "must be text",
        ),
        ("{\"colector\":\"x\"}".into(), "unknown field `colector`"),
        ("{\"epoch\":-1}".into(), "invalid value"),
        ("[]".into(), "expected a batch"),
        ("{} x".into(), "trailing characters"),
        ("".into(), "EOF"),
    ] {
        let Err(Error::Body {
            line,
            column,
            reason,
        }) = read(&body)
        else {
            panic!("{body} is accepted");
        };
        assert!(reason.contains(words), "{body}: {reason}");
        assert!(
            line >= 1 && !reason.contains(&format!("column {column}")),
            "{reason}"
        );
    }
}

#[test]
fn a_body_cut_anywhere_is_refused() {
    let whole = table("[1,\"a\",1,1,true,\"x\",7]");
    for cut in 0..whole.len() {
        assert!(
            decode(&whole.as_bytes()[..cut], &Limits::default()).is_err(),
            "cut at {cut}"
        );
    }
}

#[test]
fn deep_nesting_is_refused_without_exhausting_the_stack() {
    let deep = format!("{{\"tables\":{}", "[".repeat(100_000));
    assert!(read(&deep).is_err());
    let row = table(&format!(
        "[1,\"a\",1,1,true,\"x\",7,{}",
        "[".repeat(100_000)
    ));
    assert!(read(&row).is_err());
}

proptest! {
    #[test]
    fn no_rows_panic_and_what_is_read_is_sound(rows in "[\\[\\],0-9\"a{}:. tnull-]{0,60}") {
        if let Ok(batch) = read(&table(&rows)) {
            prop_assert!(BatchFrame::encode(&batch, &Limits::default()).is_ok());
        }
    }

    #[test]
    fn no_bytes_panic(body in proptest::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(batch) = decode(&body, &Limits::default()) {
            prop_assert!(BatchFrame::encode(&batch, &Limits::default()).is_ok());
        }
    }
}
