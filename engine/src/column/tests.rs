//! Goal: a column that grew by any slices holds what a plain list of optional values would.
//! Method: random columns, ranges and indexes beside the same operation on a list.

use ::wire::v1::{self, Batch, Dictionary, Table, Text};
use ::wire::{BatchFrame, Limits};
use proptest::prelude::*;

use super::*;

/// One value of any type, with doubles as bits so that it can be compared.
#[derive(Debug, Clone, PartialEq)]
enum Cell {
    Int(i64),
    Bits(u64),
    Flag(bool),
    Text(String),
}

fn cells(column: &Column) -> Vec<Option<Cell>> {
    (0..column.len())
        .map(|row| {
            column.is_valid(row).then(|| match &column.values {
                Values::I64(values) | Values::Time(values) => Cell::Int(values[row]),
                Values::F64(values) => Cell::Bits(values[row].to_bits()),
                Values::Bool(bits) => Cell::Flag(bits.get(row)),
                Values::Text(texts) => Cell::Text(texts.value(row).to_owned()),
            })
        })
        .collect()
}

fn values(rows: usize) -> impl Strategy<Value = Values> {
    prop_oneof![
        prop::collection::vec(any::<i64>(), rows).prop_map(Values::I64),
        prop::collection::vec(any::<i64>(), rows).prop_map(Values::Time),
        prop::collection::vec(any::<u64>(), rows)
            .prop_map(|bits| Values::F64(bits.into_iter().map(f64::from_bits).collect())),
        prop::collection::vec(any::<bool>(), rows)
            .prop_map(|bits| Values::Bool(bits.into_iter().collect())),
        prop::collection::vec("[aö\u{1f600}]{0,3}", rows)
            .prop_map(|texts| Values::Text(texts.iter().map(String::as_str).collect())),
    ]
}

fn column() -> impl Strategy<Value = Column> {
    (0..200usize).prop_flat_map(|rows| {
        let validity = prop::option::of(prop::collection::vec(any::<bool>(), rows));
        (values(rows), validity).prop_map(|(values, validity)| Column {
            values,
            validity: validity.map(|bits| bits.into_iter().collect()),
        })
    })
}

fn text(texts: &TextValues) -> Text {
    let mut offsets = texts.offsets.clone();
    if offsets.is_empty() {
        offsets.push(0);
    }
    Text {
        offsets,
        bytes: texts.bytes.clone(),
    }
}

/// Returns the column as it would arrive; texts by codes where `dictionary` says so.
fn as_sent(column: &Column, dictionary: bool) -> v1::Column {
    let validity = column
        .validity
        .iter()
        .flat_map(Bitmap::words)
        .flat_map(|w| w.to_le_bytes());
    let mut validity: Vec<u8> = validity.collect();
    validity.truncate(column.len().div_ceil(8));
    let values = match &column.values {
        Values::I64(values) => v1::Values::I64(values.clone()),
        Values::Time(values) => v1::Values::Time(values.clone()),
        Values::F64(values) => v1::Values::F64(values.clone()),
        Values::Bool(bits) => v1::Values::Bool(bits.iter().map(u8::from).collect()),
        Values::Text(texts) if dictionary => v1::Values::Dictionary(Dictionary {
            codes: (0..u32::try_from(texts.len()).unwrap())
                .map(|row| {
                    if column.is_valid(row as usize) {
                        row
                    } else {
                        u32::MAX
                    }
                })
                .collect(),
            values: text(texts),
        }),
        Values::Text(texts) => v1::Values::Text(text(texts)),
    };
    v1::Column {
        name: "c".into(),
        role: 1,
        kind: 0,
        unit: String::new(),
        validity,
        values,
    }
}

proptest! {
    #[test]
    fn slices_append_what_they_hold(source in column(), cuts in prop::collection::vec(0..200usize, 4)) {
        let mut grown = Column::empty(source.field_type());
        let mut expected = Vec::new();
        for pair in cuts.windows(2) {
            let (a, b) = (pair[0].min(source.len()), pair[1].min(source.len()));
            let range = a.min(b)..a.max(b);
            grown.extend_from(&source, range.clone());
            grown.push_null();
            expected.extend_from_slice(&cells(&source)[range]);
            expected.push(None);
        }
        prop_assert_eq!(cells(&grown), expected.clone());
        prop_assert_eq!(grown.null_count(), expected.iter().filter(|cell| cell.is_none()).count());
    }

    #[test]
    fn gathering_picks_rows_in_the_order_asked(source in column(), picks in prop::collection::vec(any::<prop::sample::Index>(), 0..50)) {
        prop_assume!(!source.is_empty());
        let rows: Vec<u32> = picks.iter().map(|pick| u32::try_from(pick.index(source.len())).unwrap()).collect();
        let all = cells(&source);
        let expected: Vec<_> = rows.iter().map(|row| all[*row as usize].clone()).collect();
        prop_assert_eq!(cells(&source.gather(&rows)), expected);
    }

    #[test]
    fn rows_of_a_batch_arrive_as_they_were_sent(source in column(), dictionary: bool, from in 0..200usize, picks in prop::collection::vec(any::<prop::sample::Index>(), 0..50)) {
        prop_assume!(!source.is_empty());
        let table = Table {
            name: "t".into(),
            append_only: false,
            time: vec![0; source.len()],
            columns: vec![as_sent(&source, dictionary)],
        };
        let batch = Batch { tables: vec![table], ..Batch::default() };
        let frame = BatchFrame::encode(&batch, &Limits::default()).unwrap();
        let sent = frame.view().tables().next().unwrap().fields().next().unwrap();

        let from = from.min(source.len());
        let mut arrived = Column::empty(source.field_type());
        arrived.extend_nulls(1);
        arrived.extend_from_wire(&sent, from..source.len());
        let rows: Vec<u32> = picks.iter().map(|pick| u32::try_from(pick.index(source.len())).unwrap()).collect();
        arrived.extend_gathered_from_wire(&sent, &rows);

        let all = cells(&source);
        let mut expected = vec![None];
        expected.extend_from_slice(&all[from..]);
        expected.extend(rows.iter().map(|row| all[*row as usize].clone()));
        prop_assert_eq!(cells(&arrived), expected);
    }

    #[test]
    fn bits_keep_their_order_at_any_alignment(bits in prop::collection::vec(any::<bool>(), 0..300), from in 0..300usize, before in 0..70usize) {
        let source: Bitmap = bits.iter().copied().collect();
        let from = from.min(bits.len());
        let mut grown = Bitmap::with_len(before, true);
        grown.extend_from(&source, from..bits.len());
        let bytes: Vec<u8> = source.words().iter().flat_map(|word| word.to_le_bytes()).collect();
        grown.extend_from_bytes(&bytes, from..bits.len());
        grown.extend_from_flags(&bits.iter().map(|bit| u8::from(*bit)).collect::<Vec<_>>());
        let expected: Vec<bool> = std::iter::repeat_n(true, before)
            .chain(bits[from..].iter().copied())
            .chain(bits[from..].iter().copied())
            .chain(bits.iter().copied())
            .collect();
        prop_assert_eq!(grown.iter().collect::<Vec<_>>(), expected.clone());
        prop_assert_eq!(grown.count_ones(), expected.iter().filter(|bit| **bit).count());
        prop_assert_eq!(Bitmap::from_words(grown.words().to_vec(), grown.len()), grown);
    }
}

#[test]
fn columns_of_nulls_and_of_nothing_differ_only_where_they_should() {
    for field_type in [
        FieldType::I64,
        FieldType::F64,
        FieldType::Bool,
        FieldType::Text,
        FieldType::Time,
    ] {
        let nulls = Column::nulls(field_type, 3);
        assert_eq!(
            (nulls.len(), nulls.null_count(), nulls.field_type()),
            (3, 3, field_type)
        );
        assert_eq!(Column::empty(field_type), Column::nulls(field_type, 0));
        assert_ne!(Column::empty(field_type), nulls);
        assert!(!nulls.is_valid(0) && !nulls.is_valid(3));
    }
}

#[test]
fn a_slice_without_nulls_of_a_column_with_nulls_needs_no_validity() {
    let mut source = Column::from_values(Values::I64(vec![1, 2, 3]));
    source.push_null();
    let mut grown = Column::empty(FieldType::I64);
    grown.extend_from(&source, 0..3);
    assert!(grown.validity.is_none() && grown.len() == 3);
}
