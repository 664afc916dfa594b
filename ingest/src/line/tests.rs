//! Goal: every escape, type and precision is read as Telegraf writes it, every mistake is named with
//! its place, and nothing that comes over the network panics.

use proptest::prelude::*;
use wire::BatchFrame;
use wire::v1::{Batch, Table, Text, Values};

use super::*;

const NOW: Timestamp = Timestamp::from_nanos(42);

fn read(body: &str) -> Result<Batch, Error> {
    decode(
        body.as_bytes(),
        Precision::Nanoseconds,
        NOW,
        &Limits::default(),
    )
}

/// Shows a table as `name(column:role:values…)`, so that a case fits on a line.
fn shown(table: &Table) -> String {
    let batch = Batch {
        tables: vec![table.clone()],
        ..Batch::default()
    };
    BatchFrame::encode(&batch, &Limits::default()).expect("doors make sound batches");
    let mut text = format!("{}{:?}", table.name, table.time);
    for column in &table.columns {
        let bits = &column.validity;
        let is_null = |row: usize| !bits.is_empty() && bits[row / 8] >> (row % 8) & 1 == 0;
        let value = |row: usize| match &column.values {
            _ if is_null(row) => "-".to_owned(),
            Values::I64(values) => values[row].to_string(),
            Values::F64(values) => format!("{:?}", values[row]),
            Values::Bool(values) => (values[row] == 1).to_string(),
            Values::Dictionary(dictionary) => {
                let code = dictionary.codes[row] as usize;
                let Text { offsets, bytes } = &dictionary.values;
                let bytes = &bytes[offsets[code] as usize..offsets[code + 1] as usize];
                format!("{:?}", std::str::from_utf8(bytes).unwrap())
            }
            other => format!("{other:?}"),
        };
        let values: Vec<_> = (0..table.time.len()).map(value).collect();
        let role = if column.role == 0 { "tag" } else { "field" };
        text += &format!(" {}:{role}={}", column.name, values.join(","));
    }
    text
}

#[test]
fn lines_become_rows() {
    for (body, expected) in [
        ("cpu v=1 7", "cpu[7] v:field=1.0"),
        ("cpu v=1", "cpu[42] v:field=1.0"),
        ("cpu v=1 -7\n", "cpu[-7] v:field=1.0"),
        ("cpu v=1 7\r\ncpu v=2 8\r\n", "cpu[7, 8] v:field=1.0,2.0"),
        ("cpu v=1\r", "cpu[42] v:field=1.0"),
        ("\n# a comment\n\n  cpu v=1 7  \n#end", "cpu[7] v:field=1.0"),
        ("cpu   v=1   7", "cpu[7] v:field=1.0"),
        ("cpu,host=a v=1 7", "cpu[7] host:tag=\"a\" v:field=1.0"),
        (
            "cpu,host=a v=1 7\ncpu,rack=r w=2i 8",
            "cpu[7, 8] host:tag=\"a\",- v:field=1.0,- rack:tag=-,\"r\" w:field=-,2",
        ),
        ("c a=1i,b=-2i,c=3u", "c[42] a:field=1 b:field=-2 c:field=3"),
        (
            "c a=9223372036854775807i,b=9223372036854775807u",
            "c[42] a:field=9223372036854775807 b:field=9223372036854775807",
        ),
        (
            "c a=t,b=TRUE,d=False,e=f",
            "c[42] a:field=true b:field=true d:field=false e:field=false",
        ),
        (
            "c a=-1.5e-3,b=+.5,d=1.",
            "c[42] a:field=-0.0015 b:field=0.5 d:field=1.0",
        ),
        (
            r#"c a="x, y=z",b="""#,
            r#"c[42] a:field="x, y=z" b:field="""#,
        ),
        (
            r#"c a="say \"hi\" \\ \n""#,
            r#"c[42] a:field="say \"hi\" \\ \\n""#,
        ),
        ("c a=\"two\nlines\" 7", "c[7] a:field=\"two\\nlines\""),
        (
            r"my\ cpu\,x,ta\ g\=\,=va\ l\=\, fi\,e\ l\=d=1",
            "my cpu,x[42] ta g=,:tag=\"va l=,\" fi,e l=d:field=1.0",
        ),
        (
            r"c,path=C:\dir\\x v=1",
            r#"c[42] path:tag="C:\\dir\\\\x" v:field=1.0"#,
        ),
        (
            "größe,stadt=köln wärme=1",
            "größe[42] stadt:tag=\"köln\" wärme:field=1.0",
        ),
        (r#"c,q="x" v=1"#, r#"c[42] q:tag="\"x\"" v:field=1.0"#),
    ] {
        let batch = read(body).unwrap_or_else(|error| panic!("{body:?}: {error}"));
        let tables: Vec<_> = batch.tables.iter().map(shown).collect();
        assert_eq!(tables.join(" | "), expected, "{body:?}");
    }
}

#[test]
fn mistakes_are_named_with_their_place() {
    for (body, place, words) in [
        ("cpu", (1, 4), "no fields"),
        ("cpu ", (1, 5), "no fields"),
        ("cpu,host v=1", (1, 9), "tag \"host\" has no value"),
        ("cpu,host= v=1", (1, 10), "tag \"host\" has no value"),
        ("cpu,=a v=1", (1, 5), "a tag has no name"),
        (",host=a v=1", (1, 1), "measurement"),
        ("ok v=1\ncpu v", (2, 6), "field \"v\" has no value"),
        ("cpu v=", (1, 7), "no value"),
        ("cpu v=abc", (1, 7), "neither a number"),
        ("cpu v=NaN", (1, 7), "neither a number"),
        ("cpu v=inf", (1, 7), "neither a number"),
        ("cpu v=1e999", (1, 7), "range of DOUBLE"),
        ("cpu v=9223372036854775808i", (1, 7), "64-bit integer"),
        ("cpu v=9223372036854775808u", (1, 7), "largest BIGINT"),
        ("cpu v=-1u", (1, 7), "unsigned"),
        ("cpu v=\"open", (1, 7), "never closed"),
        ("cpu v=\"x\"y", (1, 10), "belongs here"),
        ("cpu v=1 x", (1, 9), "not a time"),
        ("cpu v=1 1.5", (1, 9), "not a time"),
        ("cpu v=1 7 8", (1, 11), "goes on"),
        ("cpu v=1 7,w=2", (1, 10), "goes on"),
        ("cpu v=1, w=2", (1, 9), "a field has no name"),
        (
            "cpu v=1\ncpu v=1i",
            (2, 5),
            "DOUBLE further up, BIGINT here",
        ),
        ("cpu,a=1 v=1\ncpu a=2", (2, 5), "a tag and a field"),
        ("cpu,a=1,a=2 v=1", (1, 9), "twice"),
        ("cpu v=1,v=2", (1, 9), "twice"),
        ("cpu,time=1 v=1", (1, 5), "time column"),
        ("ö,ä=1 v=x", (1, 9), "neither a number"),
        ("a/b v=1", (1, 1), "not allowed"),
    ] {
        let Err(Error::Body {
            line,
            column,
            reason,
        }) = read(body)
        else {
            panic!("{body:?} is accepted");
        };
        assert_eq!((line, column), place, "{body:?}: {reason}");
        assert!(reason.contains(words), "{body:?}: {reason}");
    }
}

#[test]
fn bytes_that_are_not_utf8_are_named_with_their_place() {
    let refusal = decode(
        b"cpu v=1\ncpu v=\xff",
        Precision::Seconds,
        NOW,
        &Limits::default(),
    );
    assert_eq!(
        refusal.unwrap_err().to_string(),
        "line 2, column 7: the body is not UTF-8"
    );
}

#[test]
fn precision_scales_times_but_not_now() {
    let body = b"cpu v=1 7\ncpu v=2";
    let batch = decode(body, Precision::Seconds, NOW, &Limits::default()).unwrap();
    assert_eq!(batch.tables[0].time, [7_000_000_000, 42]);
    let late = decode(
        b"cpu v=1 99999999999",
        Precision::Seconds,
        NOW,
        &Limits::default(),
    );
    assert!(
        late.unwrap_err()
            .to_string()
            .contains("check the precision")
    );
}

#[test]
fn an_empty_body_is_an_empty_batch() {
    assert_eq!(read("").unwrap(), Batch::default());
    assert_eq!(read("# nothing\n\n").unwrap(), Batch::default());
}

fn escaped(text: &str) -> String {
    text.chars().fold(String::new(), |mut out, c| {
        if matches!(c, ',' | '=' | ' ') {
            out.push('\\');
        }
        out.push(c);
        out
    })
}

proptest! {
    #[test]
    fn no_text_panics_and_what_is_read_is_sound(body in "[a-c,= \\\\\"#\n\r0-9tfiu.ö-]{0,80}") {
        if let Ok(batch) = read(&body) {
            prop_assert!(BatchFrame::encode(&batch, &Limits::default()).is_ok());
        }
    }

    #[test]
    fn no_bytes_panic(body in proptest::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(batch) = decode(&body, Precision::Seconds, NOW, &Limits::default()) {
            prop_assert!(BatchFrame::encode(&batch, &Limits::default()).is_ok());
        }
    }

    #[test]
    fn what_is_escaped_comes_back(
        key in "[a-z,= ö]{0,10}[a-z]", value in "[a-z,= ö]{0,10}[a-z]", text in "[^\r]{0,20}",
    ) {
        prop_assume!(schema::validate_name(&key).is_ok() && key != "f");
        let quoted = text.replace('\\', "\\\\").replace('"', "\\\"");
        let body = format!("t,{}={} f=\"{quoted}\" 1", escaped(&key), escaped(&value));
        let batch = read(&body).unwrap();
        let texts: Vec<_> = batch.tables[0].columns.iter().map(|column| {
            let Values::Dictionary(dictionary) = &column.values else { panic!("texts are coded") };
            String::from_utf8(dictionary.values.bytes.clone()).unwrap()
        }).collect();
        prop_assert_eq!(&batch.tables[0].columns[0].name, &key);
        prop_assert_eq!(texts, vec![value, text]);
    }
}
