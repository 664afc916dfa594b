//! Rows of a batch, appended to a column.

use std::ops::Range;

use ::wire::{DictionaryView, FieldView, IntegersView, TextView, ValuesView};

use super::values::wrong_type;
use super::{Bitmap, Column, TextValues, Values};

impl Column {
    /// Appends rows of a batch's field.
    ///
    /// # Panics
    /// When the types differ or the range reaches past the end.
    pub fn extend_from_wire(&mut self, source: &FieldView<'_>, rows: Range<usize>) {
        let validity = source.validity().map(|bytes| {
            let mut bits = Bitmap::new();
            bits.extend_from_bytes(bytes, rows.clone());
            bits
        });
        self.extend_validity(validity.as_ref(), 0..rows.len());
        let validity = validity.filter(|bits| !bits.is_all_ones(0..rows.len()));
        match (&mut self.values, source.values()) {
            (Values::I64(values), ValuesView::I64(source))
            | (Values::Time(values), ValuesView::Time(source)) => source.extend_into(rows, values),
            (Values::F64(values), ValuesView::F64(source)) => {
                let mut bits = Vec::with_capacity(rows.len());
                source.extend_into(rows, &mut bits);
                values.extend(bits.into_iter().map(double));
            }
            (Values::Bool(bits), ValuesView::Bool(source)) => bits.extend_from_bytes(source, rows),
            (Values::Text(texts), ValuesView::Text(source)) => match validity {
                None => extend_texts(texts, source, rows),
                Some(valid) => rows.zip(valid.iter()).for_each(|(row, valid)| {
                    texts.push_bytes(if valid { text_at(source, row) } else { b"" });
                }),
            },
            (Values::Text(texts), ValuesView::Dictionary(source)) => {
                // A null row's code may be any number, and then finds an empty text.
                rows.for_each(|row| texts.push_bytes(coded_at(source, row)));
            }
            (values, _) => wrong_type(values.field_type(), source.field_type()),
        }
    }

    /// Appends the rows of a batch's field that `rows` names, in that order.
    ///
    /// # Panics
    /// When the types differ or a row does not exist.
    pub fn extend_gathered_from_wire(&mut self, source: &FieldView<'_>, rows: &[u32]) {
        match source.validity() {
            None => self.extend_validity(None, 0..rows.len()),
            Some(_) => {
                let bits: Bitmap = rows
                    .iter()
                    .map(|row| source.is_valid(*row as usize))
                    .collect();
                self.extend_validity(Some(&bits), 0..rows.len());
            }
        }
        match (&mut self.values, source.values()) {
            (Values::I64(values), ValuesView::I64(source))
            | (Values::Time(values), ValuesView::Time(source)) => source.gather_into(rows, values),
            (Values::F64(values), ValuesView::F64(source)) => {
                let mut bits = Vec::with_capacity(rows.len());
                source.gather_into(rows, &mut bits);
                values.extend(bits.into_iter().map(double));
            }
            (Values::Bool(bits), ValuesView::Bool(source)) => {
                rows.iter().for_each(|row| bits.push(bit(source, *row)));
            }
            (Values::Text(texts), ValuesView::Text(source)) => {
                rows.iter()
                    .for_each(|row| texts.push_bytes(text_at(source, *row as usize)));
            }
            (Values::Text(texts), ValuesView::Dictionary(source)) => {
                rows.iter()
                    .for_each(|row| texts.push_bytes(coded_at(source, *row as usize)));
            }
            (values, _) => wrong_type(values.field_type(), source.field_type()),
        }
    }
}

const fn double(bits: i64) -> f64 {
    f64::from_bits(bits.cast_unsigned())
}

fn bit(bits: &[u8], row: u32) -> bool {
    let byte = bits.get(row as usize / 8).expect(OUT_OF_RANGE);
    byte >> (row % 8) & 1 == 1
}

fn extend_texts(texts: &mut TextValues, source: TextView<'_>, rows: Range<usize>) {
    if !rows.is_empty() {
        let offsets = source
            .offsets()
            .get(rows.start..=rows.end)
            .expect(OUT_OF_RANGE);
        texts.extend_from_slices(offsets, source.bytes());
    }
}

/// Returns the text that a row's code stands for.
fn coded_at<'a>(DictionaryView { codes, values }: DictionaryView<'a>, row: usize) -> &'a [u8] {
    text_at(values, code_at(codes, row))
}

fn code_at(codes: IntegersView<'_>, row: usize) -> usize {
    usize::try_from(codes.code(row)).unwrap_or(usize::MAX)
}

/// Returns a text without checking again that it is UTF-8; none out of range.
fn text_at(texts: TextView<'_>, index: usize) -> &[u8] {
    let bounds = texts
        .offsets()
        .get(index)
        .zip(texts.offsets().get(index.saturating_add(1)));
    bounds
        .and_then(|(start, end)| texts.bytes().get(*start as usize..*end as usize))
        .unwrap_or_default()
}

const OUT_OF_RANGE: &str = "a validated batch has all rows in all columns";
