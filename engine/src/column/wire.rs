//! Rows of a batch, appended to a column.

use std::ops::Range;

use ::wire::{ColumnView, DictionaryView, TextView, ValuesView};

use super::values::wrong_type;
use super::{Bitmap, Column, TextValues, Values};

impl Column {
    /// Appends rows of a batch's column.
    ///
    /// # Panics
    /// When the types differ or the range reaches past the end.
    pub fn extend_from_wire(&mut self, source: &ColumnView<'_>, rows: Range<usize>) {
        let validity = source.validity().map(|bytes| {
            let mut bits = Bitmap::new();
            bits.extend_from_bytes(bytes, rows.clone());
            bits
        });
        self.extend_validity(validity.as_ref(), 0..rows.len());
        let validity = validity.filter(|bits| !bits.is_all_ones(0..rows.len()));
        match (&mut self.values, source.values()) {
            (Values::I64(values), ValuesView::I64(source))
            | (Values::Time(values), ValuesView::Time(source)) => {
                values.extend_from_slice(source.get(rows).expect(OUT_OF_RANGE));
            }
            (Values::F64(values), ValuesView::F64(source)) => {
                values.extend_from_slice(source.get(rows).expect(OUT_OF_RANGE));
            }
            (Values::Bool(bits), ValuesView::Bool(source)) => {
                bits.extend_from_flags(source.get(rows).expect(OUT_OF_RANGE));
            }
            (Values::Text(texts), ValuesView::Text(source)) => match validity {
                None => extend_texts(texts, source, rows),
                Some(valid) => rows.zip(valid.iter()).for_each(|(row, valid)| {
                    texts.push_bytes(if valid { text_at(source, row) } else { b"" });
                }),
            },
            (Values::Text(texts), ValuesView::Dictionary(source)) => {
                // A null row's code may be any number, and then finds an empty text.
                let codes = source.codes.get(rows).expect(OUT_OF_RANGE);
                codes
                    .iter()
                    .for_each(|code| texts.push_bytes(text_at(source.values, *code as usize)));
            }
            (values, _) => wrong_type(values.field_type(), source.field_type()),
        }
    }

    /// Appends the rows of a batch's column that `rows` names, in that order.
    ///
    /// # Panics
    /// When the types differ or a row does not exist.
    pub fn extend_gathered_from_wire(&mut self, source: &ColumnView<'_>, rows: &[u32]) {
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
            | (Values::Time(values), ValuesView::Time(source)) => {
                values.extend(rows.iter().map(|row| *at(source, *row)));
            }
            (Values::F64(values), ValuesView::F64(source)) => {
                values.extend(rows.iter().map(|row| *at(source, *row)));
            }
            (Values::Bool(bits), ValuesView::Bool(source)) => {
                rows.iter()
                    .for_each(|row| bits.push(*at(source, *row) != 0));
            }
            (Values::Text(texts), ValuesView::Text(source)) => {
                rows.iter()
                    .for_each(|row| texts.push_bytes(text_at(source, *row as usize)));
            }
            (Values::Text(texts), ValuesView::Dictionary(DictionaryView { codes, values })) => {
                for row in rows {
                    texts.push_bytes(text_at(values, *at(codes, *row) as usize));
                }
            }
            (values, _) => wrong_type(values.field_type(), source.field_type()),
        }
    }
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

/// Returns a text without checking again that it is UTF-8; none out of range.
fn text_at(texts: TextView<'_>, index: usize) -> &[u8] {
    let bounds = texts
        .offsets()
        .get(index)
        .zip(texts.offsets().get(index + 1));
    bounds
        .and_then(|(start, end)| texts.bytes().get(*start as usize..*end as usize))
        .unwrap_or_default()
}

fn at<T>(values: &[T], row: u32) -> &T {
    values.get(row as usize).expect(OUT_OF_RANGE)
}

const OUT_OF_RANGE: &str = "a validated batch has all rows in all columns";
