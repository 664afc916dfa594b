//! Goal: nothing malformed gets past `validate`, and what does get past is what was sent.
//! Method: good batches, contradictions one by one, truncation at every byte, a flip of every bit.

use proptest::prelude::*;

use super::*;
use crate::ValuesView;
use crate::v1::packed::{Integers, PackedDictionary, PackedField, PackedTable, PackedValues};
use crate::v1::{Column, Dictionary, Table, Text, Values};

fn text(values: &[&str]) -> Text {
    let mut text = Text {
        offsets: vec![0],
        bytes: Vec::new(),
    };
    for value in values {
        text.bytes.extend(value.as_bytes());
        text.offsets.push(u32::try_from(text.bytes.len()).unwrap());
    }
    text
}

fn column(name: &str, role: u8, values: Values) -> Column {
    Column {
        name: name.into(),
        role,
        kind: 0,
        unit: String::new(),
        validity: vec![],
        values,
    }
}

fn batch() -> Batch {
    let host = Values::Dictionary(Dictionary {
        codes: vec![0, 1, 0],
        values: text(&["a", "ö"]),
    });
    let mut nullable = column("n", 1, Values::I64(vec![1, 2, 3]));
    nullable.validity = vec![0b101];
    let columns = vec![
        column("host", 0, host),
        nullable,
        column("f", 1, Values::F64(vec![0.5, f64::NAN, -0.0])),
        column("b", 1, Values::Bool(vec![0, 1, 1])),
        column("t", 1, Values::Time(vec![i64::MIN, 0, i64::MAX])),
        column("s", 1, Values::Text(text(&["", "x", "längst"]))),
    ];
    let table = Table {
        name: "cpu".into(),
        append_only: true,
        time: vec![1, 2, 3],
        columns,
    };
    Batch {
        collector: "c".into(),
        epoch: 1,
        sequence: 2,
        tables: vec![table],
    }
}

fn refusal(change: impl FnOnce(&mut Table)) -> Error {
    let mut batch = batch();
    change(&mut batch.tables[0]);
    BatchFrame::encode(&batch, &Limits::default()).unwrap_err()
}

#[test]
fn a_view_shows_what_was_sent() {
    let frame = BatchFrame::encode(&batch(), &Limits::default()).unwrap();
    let view = frame.view();
    assert_eq!(
        (view.collector(), view.epoch(), view.sequence(), view.rows()),
        ("c", 1, 2, 3)
    );
    let table = view.tables().next().unwrap();
    assert_eq!(
        (table.name(), table.append_only(), table.time().to_vec()),
        ("cpu", true, vec![1, 2, 3])
    );
    assert_eq!(table.series(), 2);
    assert_eq!(table.series_of_row().to_codes(), [0, 1, 0]);
    let host = table.tags().next().unwrap();
    assert_eq!(
        (host.name(), host.value(0), host.value(1)),
        ("host", Some("a"), Some("ö"))
    );
    let fields: Vec<_> = table.fields().collect();
    assert!(fields[0].is_valid(0) && !fields[0].is_valid(1) && !fields[0].is_valid(3));
    let (ValuesView::I64(n), ValuesView::F64(f)) = (fields[0].values(), fields[1].values()) else {
        panic!("n is integers, f is doubles")
    };
    assert_eq!((n.value(0), n.value(2), n.width()), (1, 3, 1));
    let doubles: Vec<u64> = f.to_vec().into_iter().map(i64::cast_unsigned).collect();
    assert_eq!(doubles, [0.5, f64::NAN, -0.0].map(f64::to_bits));
    let (ValuesView::Bool(b), ValuesView::Time(t)) = (fields[2].values(), fields[3].values())
    else {
        panic!("b is booleans, t is times")
    };
    assert_eq!((b, t.to_vec()), (&[0b110][..], vec![i64::MIN, 0, i64::MAX]));
    let ValuesView::Text(texts) = fields[4].values() else {
        panic!("s is text")
    };
    assert_eq!(
        (texts.value(0), texts.value(2), texts.value(9)),
        ("", "längst", "")
    );
}

#[test]
fn slices_and_picked_rows_are_those_of_the_whole() {
    let spans = [0, 1, 300, 70_000, i64::from(u32::MAX) + 9, i64::MAX];
    for span in spans {
        let values = vec![-5, span - 5, -5, span / 2 - 5];
        let mut batch = batch();
        batch.tables[0].time.push(4);
        batch.tables[0].columns = vec![column("v", 1, Values::I64(values.clone()))];
        let frame = BatchFrame::encode(&batch, &Limits::default()).unwrap();
        let table = frame.view().tables().next().unwrap();
        let ValuesView::I64(packed) = table.fields().next().unwrap().values() else {
            panic!("v is integers")
        };
        let (mut slice, mut picked) = (vec![], vec![]);
        packed.extend_into(1..9, &mut slice);
        packed.gather_into(&[3, 0, 1], &mut picked);
        assert_eq!(slice, values[1..]);
        assert_eq!(picked, [values[3], values[0], values[1]]);
        let bounds = packed.bounds().unwrap();
        assert_eq!(bounds, (-5, span - 5));
    }
}

#[test]
fn contradictions_are_refused_with_the_column_name() {
    let refusals = [
        refusal(|t| t.time.push(4)),
        refusal(|t| t.columns[1].validity = vec![1, 1]),
        refusal(|t| t.columns[1].role = 2),
        refusal(|t| t.columns[1].role = 0),
        refusal(|t| t.columns[1].kind = 3),
        refusal(|t| t.columns[3].values = Values::Bool(vec![0, 1, 2])),
        refusal(|t| {
            t.columns[0].values = Values::Dictionary(Dictionary {
                codes: vec![0, 0, 9],
                values: text(&["a"]),
            })
        }),
        refusal(|t| {
            t.columns[5].values = Values::Text(Text {
                offsets: vec![0, 2, 1, 3],
                bytes: b"abc".to_vec(),
            })
        }),
        refusal(|t| {
            t.columns[5].values = Values::Text(Text {
                offsets: vec![0, 1, 2, 2],
                bytes: "öa".into(),
            })
        }),
        refusal(|t| {
            t.columns[5].values = Values::Text(Text {
                offsets: vec![0, 1, 2, 3],
                bytes: vec![b'a', 0xff, b'b'],
            })
        }),
        refusal(|t| {
            t.columns[5].values = Values::Text(Text {
                offsets: vec![],
                bytes: vec![],
            })
        }),
    ];
    for refusal in refusals {
        assert!(matches!(refusal, Error::Column { .. }), "{refusal}");
    }
}

#[test]
fn a_null_row_may_have_any_code() {
    let mut batch = batch();
    batch.tables[0].columns[0].validity = vec![0b011];
    let Values::Dictionary(host) = &mut batch.tables[0].columns[0].values else {
        panic!("host")
    };
    host.codes[2] = 99;
    assert!(BatchFrame::encode(&batch, &Limits::default()).is_ok());
}

fn packed_refusal(change: impl FnOnce(&mut PackedTable)) -> Error {
    let mut packed = pack(&batch()).unwrap();
    change(&mut packed.tables[0]);
    BatchFrame::of_packed(&packed, &Limits::default()).unwrap_err()
}

/// A sender that packs wrongly, on purpose or not.
#[test]
fn contradictions_of_the_packed_form_are_refused() {
    let codes = |table: &mut PackedTable, change: fn(&mut Integers)| match &mut table.fields[0] {
        PackedField {
            values: PackedValues::I64(integers),
            ..
        } => change(integers),
        other => panic!("n is integers, not {other:?}"),
    };
    let refusals = [
        packed_refusal(|t| t.rows = 4),
        packed_refusal(|t| t.time.codes.truncate(2)),
        packed_refusal(|t| t.time.width = 3),
        packed_refusal(|t| t.time.base = i64::MAX),
        packed_refusal(|t| t.series = 1),
        packed_refusal(|t| t.series = 4),
        packed_refusal(|t| t.series_of_row.step = 2),
        packed_refusal(|t| t.series_of_row.base = 1),
        packed_refusal(|t| t.tags[0].code_of_series.codes = vec![1, 3]),
        packed_refusal(|t| t.tags[0].code_of_series.codes.truncate(1)),
        packed_refusal(|t| t.tags[0].values.offsets[1] = 2),
        packed_refusal(|t| codes(t, |n| n.step = u64::MAX)),
        packed_refusal(|t| codes(t, |n| n.codes.push(0))),
        packed_refusal(|t| t.fields[0].validity = vec![1, 1]),
        packed_refusal(|t| t.fields[0].kind = 3),
        packed_refusal(|t| t.fields[2].values = PackedValues::Bool(vec![0, 0])),
        packed_refusal(|t| {
            t.fields[4].values = PackedValues::Dictionary(PackedDictionary::default());
        }),
    ];
    for refusal in refusals {
        assert!(matches!(refusal, Error::Column { .. }), "{refusal}");
    }
}

#[test]
fn limits_and_names_are_kept() {
    let limits = Limits {
        rows_max: 2,
        ..Limits::default()
    };
    assert!(matches!(
        BatchFrame::encode(&batch(), &limits),
        Err(Error::Limit { what: "rows", .. })
    ));
    let limits = Limits {
        batch_bytes_max: 64,
        ..Limits::default()
    };
    assert!(matches!(
        BatchFrame::encode(&batch(), &limits),
        Err(Error::FrameBytes { .. })
    ));
    assert!(matches!(
        refusal(|t| t.name = "../x".into()),
        Error::Schema(_)
    ));
}

#[test]
fn truncation_at_every_byte_is_refused() {
    let frame = BatchFrame::encode(&batch(), &Limits::default()).unwrap();
    for length in 0..frame.bytes().len() {
        assert!(BatchFrame::from_slice(&frame.bytes()[..length], &Limits::default()).is_err());
    }
}

#[test]
fn a_flip_of_every_bit_is_refused_or_readable() {
    let frame = BatchFrame::encode(&batch(), &Limits::default()).unwrap();
    let mut accepted = 0;
    for bit in 0..frame.bytes().len() * 8 {
        let mut damaged = frame.bytes().to_vec();
        damaged[bit / 8] ^= 1 << (bit % 8);
        if let Ok(frame) = BatchFrame::from_slice(&damaged, &Limits::default()) {
            accepted += 1;
            walk(&frame);
        }
    }
    assert!(accepted > 0, "flipped numbers are still numbers");
}

/// Reads everything that a view offers, as a memtable would.
fn walk(frame: &BatchFrame) -> usize {
    let mut seen = 0;
    for table in frame.view().tables() {
        seen += table.time().to_vec().len();
        for series in table.series_of_row().to_codes() {
            for tag in table.tags() {
                seen += tag.value(series as usize).map_or(0, str::len);
            }
        }
        for field in table.fields() {
            for row in 0..table.rows() {
                seen += usize::from(field.is_valid(row));
                if let (ValuesView::Dictionary(d), true) = (field.values(), field.is_valid(row)) {
                    seen += d
                        .values
                        .value(usize::try_from(d.codes.code(row)).unwrap())
                        .len();
                }
            }
        }
    }
    seen
}

proptest! {
    #[test]
    fn random_bytes_never_pass_or_panic(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        let mut framed = Frame::new(FrameKind::Batch, &bytes).unwrap().into_bytes();
        prop_assert!(BatchFrame::validate(std::mem::take(&mut framed), &Limits::default()).is_err()
            || !bytes.is_empty());
    }
}
