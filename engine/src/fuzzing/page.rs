//! Pages of each type: number of rows (2), then the bytes of the page.

use schema::FieldType;

use super::Seed;
use super::values::{COLUMNS, column_of};
use crate::column::{Column, Values};
use crate::encoding::{Effort, PageEncoder, decode_page};

/// Decodes a page of integers.
pub fn page_integers(data: &[u8]) -> bool {
    page(FieldType::I64, data)
}

/// Decodes a page of times.
pub fn page_times(data: &[u8]) -> bool {
    page(FieldType::Time, data)
}

/// Decodes a page of doubles.
pub fn page_doubles(data: &[u8]) -> bool {
    page(FieldType::F64, data)
}

/// Decodes a page of booleans.
pub fn page_booleans(data: &[u8]) -> bool {
    page(FieldType::Bool, data)
}

/// Decodes a page of texts.
pub fn page_texts(data: &[u8]) -> bool {
    page(FieldType::Text, data)
}

/// What decodes has as many rows as were asked for, and survives being encoded again.
fn page(field_type: FieldType, data: &[u8]) -> bool {
    let Some((rows, bytes)) = data.split_first_chunk() else {
        return false;
    };
    let rows = usize::from(u16::from_le_bytes(*rows)) % ROWS_MAX;
    let Ok(column) = decode_page(field_type, rows, bytes) else {
        return false;
    };
    assert_eq!((column.len(), column.field_type()), (rows, field_type));
    if let Values::Text(texts) = &column.values {
        let whole = (0..rows).map(|row| std::str::from_utf8(texts.value_bytes(row)));
        assert!(
            whole.into_iter().all(|text| text.is_ok()),
            "texts are UTF-8"
        );
    }
    survives(&column);
    true
}

/// A column that is encoded and decoded is as it was.
pub(super) fn survives(column: &Column) {
    if column.is_empty() {
        return;
    }
    for effort in [Effort::Hot, Effort::Cold] {
        let page = PageEncoder { effort, ..ENCODER }.encode(column);
        if page.bytes.is_empty() {
            continue;
        }
        let again = decode_page(column.field_type(), column.len(), &page.bytes);
        assert!(
            again.is_ok_and(|again| again == *column),
            "{:?}",
            page.encoding
        );
    }
}

/// A page of each way to make values, for each type.
pub(super) fn seeds() -> Vec<Seed> {
    let targets = [
        ("page_integers", FieldType::I64),
        ("page_times", FieldType::Time),
        ("page_doubles", FieldType::F64),
        ("page_booleans", FieldType::Bool),
        ("page_texts", FieldType::Text),
    ];
    let mut seeds = Vec::new();
    for (target, field_type) in targets {
        for (name, column) in COLUMNS.map(|(name, make)| (name, column_of(field_type, make))) {
            let page = ENCODER.encode(&column);
            let rows = u16::try_from(column.len()).unwrap_or(u16::MAX);
            let bytes = [&rows.to_le_bytes(), page.bytes.as_slice()].concat();
            if !page.bytes.is_empty() {
                seeds.push((target, format!("{name}-{:?}", page.encoding), bytes));
            }
        }
    }
    seeds
}

pub(super) const ENCODER: PageEncoder = PageEncoder {
    effort: Effort::Cold,
    footer_text_bytes_max: 64,
};

/// More rows than a page has by default, and than a vector and a half.
const ROWS_MAX: usize = 8_193;
