//! A page that is given another column: both types (1 each), number of rows (2), length of the other page
//! (2), that page, and then the page that follows it.

use schema::FieldType;

use super::Seed;
use super::page::ENCODER;
use super::values::{COLUMNS, column_of};
use crate::column::Column;
use crate::encoding::{Numbering, decode_given, decode_page, encode_given, reference_of};

/// Decodes a page with the column that it follows.
///
/// What decodes has as many rows as the other column, and survives being encoded by it again.
pub fn page_given(data: &[u8]) -> bool {
    let Some((head, rest)) = data.split_first_chunk() else {
        return false;
    };
    let [own_type, other_type, a, b, c, d] = *head;
    let rows = usize::from(u16::from_le_bytes([a, b])) % ROWS_MAX;
    let Some((other, page)) = rest.split_at_checked(u16::from_le_bytes([c, d]).into()) else {
        return false;
    };
    let [own_type, other_type] = [own_type, other_type].map(type_of);
    let Ok(other) = decode_page(other_type, rows, other) else {
        return false;
    };
    let Ok(column) = decode_given(own_type, page, &other) else {
        return false;
    };
    assert_eq!((column.len(), column.field_type()), (rows, own_type));
    assert!(
        decode_page(own_type, rows, page).is_err(),
        "it needs the other"
    );
    if let Some(page) = given(&column, &other) {
        assert_eq!(reference_of(&page), Some(NUMBER));
        assert!(decode_given(own_type, &page, &other).is_ok_and(|again| again == column));
    }
    true
}

/// Returns the page of a column by another, unless too many of their values collide.
fn given(column: &Column, other: &Column) -> Option<Vec<u8>> {
    let (own, other) = (Numbering::of(column)?, Numbering::of(other)?);
    Some(encode_given(column, &own, (NUMBER, &other)).bytes)
}

fn type_of(number: u8) -> FieldType {
    let [first, ..] = TYPES;
    let types = TYPES.into_iter().cycle().nth(number.into());
    types.unwrap_or(first)
}

/// Pages of each type by others whose values are few, or come in runs.
pub(super) fn seeds() -> Vec<Seed> {
    let suited = COLUMNS
        .into_iter()
        .filter(|(name, _)| SUITED.contains(name));
    let mut seeds = Vec::new();
    for (own, field_type) in (0u8..).zip(TYPES) {
        let other_type = type_of(own + 1);
        for ((name, make), (by, of_other)) in suited.clone().zip(suited.clone().cycle().skip(1)) {
            let column = column_of(field_type, make);
            let other = column_of(other_type, of_other);
            let other_page = ENCODER.encode(&other).bytes;
            let lengths = u16::try_from(column.len())
                .ok()
                .zip(u16::try_from(other_page.len()).ok());
            let (Some((rows, length)), Some(page)) = (lengths, given(&column, &other)) else {
                continue;
            };
            if other_page.is_empty() {
                continue;
            }
            let head = [rows.to_le_bytes(), length.to_le_bytes()].concat();
            let input = [&[own, own + 1], head.as_slice(), &other_page, &page].concat();
            seeds.push(("page_given", format!("type-{own}-{name}-by-{by}"), input));
        }
    }
    seeds
}

const SUITED: [&str; 3] = ["small", "runs", "few"];
const TYPES: [FieldType; 5] = [
    FieldType::I64,
    FieldType::Time,
    FieldType::F64,
    FieldType::Bool,
    FieldType::Text,
];
/// The number of the other column; only who reads it from a file looks at it.
const NUMBER: u32 = 1;
/// More rows than a page has by default, and than a vector and a half.
const ROWS_MAX: usize = 8_193;
