//! A column as it came from the sender: checked, and packed if it is a field.

use super::series::packed;
use crate::text::check_text;
use crate::v1::packed::{Integers, PackedDictionary, PackedField, PackedValues};
use crate::v1::{Column, Values};

/// Checks that a column is as long as its table and does not contradict itself.
pub(super) fn check(column: &Column, rows: usize) -> Result<(), String> {
    if column.role > 1 || column.kind > 2 {
        return Err(format!(
            "role {} and kind {} do not exist",
            column.role, column.kind
        ));
    }
    if !column.validity.is_empty() && column.validity.len() != rows.div_ceil(8) {
        return Err(format!(
            "{} bytes of validity for {rows} rows",
            column.validity.len()
        ));
    }
    let values = match &column.values {
        Values::I64(values) | Values::Time(values) => values.len(),
        Values::F64(values) => values.len(),
        Values::Bool(values) if values.iter().any(|value| *value > 1) => {
            return Err("a boolean is neither 0 nor 1".into());
        }
        Values::Bool(values) => values.len(),
        Values::Text(text) => check_text(&text.offsets, &text.bytes)?,
        Values::Dictionary(dictionary) => {
            let count = check_text(&dictionary.values.offsets, &dictionary.values.bytes)?;
            let outside =
                |(row, code): (usize, &u32)| *code as usize >= count && is_valid(column, row);
            if dictionary.codes.iter().enumerate().any(outside) {
                return Err(format!("a code lies outside its dictionary of {count}"));
            }
            dictionary.codes.len()
        }
    };
    if values != rows {
        return Err(format!("{values} values for {rows} rows"));
    }
    Ok(())
}

/// Packs a field that was checked.
pub(super) fn pack(column: &Column) -> PackedField {
    let valid = |row| is_valid(column, row);
    let values = match &column.values {
        Values::I64(values) => PackedValues::I64(Integers::pack_valid(values, valid)),
        Values::Time(values) => PackedValues::Time(Integers::pack_valid(values, valid)),
        Values::F64(values) => PackedValues::F64(Integers::pack_bits(values, valid)),
        Values::Bool(values) => PackedValues::Bool(bits(values)),
        Values::Text(text) => PackedValues::Text(packed(text)),
        Values::Dictionary(dictionary) => PackedValues::Dictionary(PackedDictionary {
            codes: Integers::pack_codes(&dictionary.codes, valid),
            values: packed(&dictionary.values),
        }),
    };
    PackedField {
        name: column.name.clone(),
        kind: column.kind,
        unit: column.unit.clone(),
        validity: column.validity.clone(),
        values,
    }
}

/// Tells whether a row of a column has a value.
pub(super) fn is_valid(column: &Column, row: usize) -> bool {
    let bits = &column.validity;
    bits.is_empty()
        || bits
            .get(row / 8)
            .is_some_and(|byte| byte >> (row % 8) & 1 == 1)
}

fn bits(values: &[u8]) -> Vec<u8> {
    let byte = |eight: &[u8]| {
        let bits = eight.iter().zip(0..);
        bits.fold(0, |byte, (value, bit)| byte | value << bit)
    };
    values.chunks(8).map(byte).collect()
}
