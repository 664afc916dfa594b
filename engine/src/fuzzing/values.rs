//! Values made of any bytes: type (1), how (1), which rows are null (1), then the values.

use schema::FieldType;

use super::Seed;
use super::page::survives;
use crate::column::{Bitmap, Column, TextValues, Values};

/// Encodes values and decodes them again.
pub fn page_values(data: &[u8]) -> bool {
    let Some(([field_type, how, nulls], bytes)) = data.split_first_chunk() else {
        return false;
    };
    let numbers = numbers(*how, bytes);
    let values = match field_type % 5 {
        0 => Values::I64(numbers),
        1 => Values::Time(numbers),
        2 if how & 4 == 0 => Values::F64(numbers.iter().map(|n| *n as f64 / 100.0).collect()),
        2 => Values::F64(
            numbers
                .iter()
                .map(|n| f64::from_bits(n.cast_unsigned()))
                .collect(),
        ),
        3 => Values::Bool(numbers.iter().map(|n| n & 1 == 1).collect()),
        _ => Values::Text(texts(bytes)),
    };
    let column = with_nulls(values, *nulls);
    survives(&column);
    !column.is_empty()
}

/// Numbers as they stand, or as the sum of small steps, or as multiples of something large.
fn numbers(how: u8, bytes: &[u8]) -> Vec<i64> {
    let step = |sum: &mut i64, byte: &u8| {
        *sum = sum.wrapping_add(i64::from(byte.cast_signed()));
        Some(*sum)
    };
    match how % 4 {
        0 => bytes
            .as_chunks()
            .0
            .iter()
            .map(|chunk| i64::from_le_bytes(*chunk))
            .collect(),
        1 => bytes.iter().scan(i64::from(how) << 55, step).collect(),
        2 => bytes
            .iter()
            .map(|byte| i64::from(*byte) * 1_000_000_007)
            .collect(),
        _ => bytes
            .iter()
            .flat_map(|byte| [i64::from(*byte); 9])
            .collect(),
    }
}

fn texts(bytes: &[u8]) -> TextValues {
    let mut texts = TextValues::new();
    for text in bytes.split(|byte| *byte == 0) {
        texts.push(&String::from_utf8_lossy(text));
    }
    texts
}

/// Makes some rows null: none for 0, else those in a pattern.
fn with_nulls(values: Values, pattern: u8) -> Column {
    let rows = 0..values.len();
    let validity: Bitmap = rows
        .map(|row| pattern >> (row * row % 8) & 1 == 0)
        .collect();
    Column {
        validity: (pattern > 0).then_some(validity),
        values,
    }
}

/// A way to make the number of a row.
type Make = fn(i64) -> i64;

/// Ways to make numbers, each of which another encoding suits.
pub(super) const COLUMNS: [(&str, Make); 8] = [
    ("random", |n| {
        n.wrapping_mul(0x9E37_79B9_7F4A_7C15_u64.cast_signed())
            .rotate_left(29)
    }),
    ("small", |n| n * n % 61),
    ("clock", |n| {
        1_700_000_000_000_000_000 + n * 10_000_000_000 + n % 7
    }),
    ("jitter", |n| 1_000_000 * (n * 60 + n * n % 5)),
    ("counter", |n| n * 1_000 + n * n % 97),
    ("runs", |n| n / 100 * 77_777),
    ("few", |n| (n * n % 11 % 3 - 1) << 40),
    (
        "spikes",
        |n| if n % 257 == 5 { i64::MAX - n } else { n % 9 },
    ),
];

/// Returns a column of this type with a null here and there.
pub(super) fn column_of(field_type: FieldType, make: Make) -> Column {
    let numbers: Vec<i64> = (0..ROWS).map(make).collect();
    let values = match field_type {
        FieldType::I64 => Values::I64(numbers),
        FieldType::Time => Values::Time(numbers),
        FieldType::F64 => Values::F64(numbers.iter().map(|n| (n % 100_000) as f64 / 8.0).collect()),
        FieldType::Bool => Values::Bool(numbers.iter().map(|n| n & 2 == 0).collect()),
        FieldType::Text => {
            let mut texts = TextValues::new();
            numbers
                .iter()
                .for_each(|n| texts.push(&format!("text {}", n % 1_000)));
            Values::Text(texts)
        }
    };
    with_nulls(values, 0b0010_0000)
}

pub(super) fn seeds() -> Vec<Seed> {
    let bytes: Vec<u8> = (0..=255)
        .flat_map(|n: u8| [n, n.wrapping_mul(n), 0, 1])
        .collect();
    let all = (0..5).flat_map(|field_type| (0..8).map(move |how| (field_type, how)));
    let seed = |(field_type, how): (u8, u8)| {
        let nulls = if how % 2 == 0 { 0 } else { 0b0100_0001 };
        let input = [&[field_type, how, nulls], bytes.as_slice()].concat();
        ("page_values", format!("type-{field_type}-how-{how}"), input)
    };
    all.map(seed).collect()
}

/// A vector and a bit.
const ROWS: i64 = 1_100;
