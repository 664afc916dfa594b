//! The buffers of a column, one kind for each field type.

use std::ops::Range;

use schema::FieldType;

use super::{Bitmap, TextValues};

/// A value for each row, in one buffer.
#[derive(Debug, Clone)]
pub enum Values {
    /// `BIGINT`.
    I64(Vec<i64>),
    /// `DOUBLE`.
    F64(Vec<f64>),
    /// `BOOLEAN`.
    Bool(Bitmap),
    /// `TIMESTAMP`, nanoseconds since the Unix epoch.
    Time(Vec<i64>),
    /// `TEXT`.
    Text(TextValues),
}

impl Values {
    /// Returns no values.
    pub const fn empty(field_type: FieldType) -> Self {
        match field_type {
            FieldType::I64 => Self::I64(Vec::new()),
            FieldType::F64 => Self::F64(Vec::new()),
            FieldType::Bool => Self::Bool(Bitmap::new()),
            FieldType::Time => Self::Time(Vec::new()),
            FieldType::Text => Self::Text(TextValues::new()),
        }
    }

    /// Returns the type of the values.
    pub const fn field_type(&self) -> FieldType {
        match self {
            Self::I64(_) => FieldType::I64,
            Self::F64(_) => FieldType::F64,
            Self::Bool(_) => FieldType::Bool,
            Self::Time(_) => FieldType::Time,
            Self::Text(_) => FieldType::Text,
        }
    }

    /// Returns the number of values.
    pub fn len(&self) -> usize {
        match self {
            Self::I64(values) | Self::Time(values) => values.len(),
            Self::F64(values) => values.len(),
            Self::Bool(bits) => bits.len(),
            Self::Text(texts) => texts.len(),
        }
    }

    /// Tells whether there are no values.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the bytes that the values take in memory.
    pub fn bytes(&self) -> usize {
        match self {
            Self::I64(values) | Self::Time(values) => values.len() * 8,
            Self::F64(values) => values.len() * 8,
            Self::Bool(bits) => bits.bytes(),
            Self::Text(texts) => texts.offsets.len() * 4 + texts.bytes.len(),
        }
    }

    /// Makes room for so many values.
    pub(super) fn reserve(&mut self, count: usize) {
        match self {
            Self::I64(values) | Self::Time(values) => values.reserve(count),
            Self::F64(values) => values.reserve(count),
            Self::Bool(_) => {}
            Self::Text(texts) => texts.offsets.reserve(count + 1),
        }
    }

    /// Forgets all values, keeping the memory.
    pub(super) fn clear(&mut self) {
        match self {
            Self::I64(values) | Self::Time(values) => values.clear(),
            Self::F64(values) => values.clear(),
            Self::Bool(bits) => bits.clear(),
            Self::Text(texts) => texts.clear(),
        }
    }

    /// Appends values that stand for nulls: zeros, falses, empty texts.
    pub(super) fn extend_default(&mut self, count: usize) {
        match self {
            Self::I64(values) | Self::Time(values) => values.resize(values.len() + count, 0),
            Self::F64(values) => values.resize(values.len() + count, 0.0),
            Self::Bool(bits) => bits.extend_with(count, false),
            Self::Text(texts) => texts.extend_empty(count),
        }
    }

    pub(super) fn extend_from(&mut self, source: &Self, rows: Range<usize>) {
        match (self, source) {
            (Self::I64(values), Self::I64(source)) | (Self::Time(values), Self::Time(source)) => {
                values.extend_from_slice(source.get(rows).expect(OUT_OF_RANGE));
            }
            (Self::F64(values), Self::F64(source)) => {
                values.extend_from_slice(source.get(rows).expect(OUT_OF_RANGE));
            }
            (Self::Bool(bits), Self::Bool(source)) => bits.extend_from(source, rows),
            (Self::Text(texts), Self::Text(source)) => texts.extend_from(source, rows),
            (values, source) => wrong_type(values.field_type(), source.field_type()),
        }
    }

    pub(super) fn extend_gathered(&mut self, source: &Self, rows: &[u32]) {
        match (self, source) {
            (Self::I64(values), Self::I64(source)) | (Self::Time(values), Self::Time(source)) => {
                values.extend(rows.iter().map(|row| *at(source, *row)));
            }
            (Self::F64(values), Self::F64(source)) => {
                values.extend(rows.iter().map(|row| *at(source, *row)));
            }
            (Self::Bool(bits), Self::Bool(source)) => {
                rows.iter()
                    .for_each(|row| bits.push(source.get(*row as usize)));
            }
            (Self::Text(texts), Self::Text(source)) => {
                rows.iter()
                    .for_each(|row| texts.push_bytes(source.value_bytes(*row as usize)));
            }
            (values, source) => wrong_type(values.field_type(), source.field_type()),
        }
    }

    /// Tells whether two values of one row are the same, doubles by their bits.
    pub(super) fn equal_at(&self, other: &Self, row: usize) -> bool {
        match (self, other) {
            (Self::I64(a), Self::I64(b)) | (Self::Time(a), Self::Time(b)) => {
                a.get(row) == b.get(row)
            }
            (Self::F64(a), Self::F64(b)) => {
                a.get(row).map(|v| v.to_bits()) == b.get(row).map(|v| v.to_bits())
            }
            (Self::Bool(a), Self::Bool(b)) => a.get(row) == b.get(row),
            (Self::Text(a), Self::Text(b)) => a.value_bytes(row) == b.value_bytes(row),
            _ => false,
        }
    }
}

fn at<T>(values: &[T], row: u32) -> &T {
    values.get(row as usize).expect(OUT_OF_RANGE)
}

pub(super) fn wrong_type(expected: FieldType, actual: FieldType) -> ! {
    panic!("a column of {expected} was given {actual}: admission checks types before anything else")
}

const OUT_OF_RANGE: &str = "the caller asks for rows that exist";
