//! Columns in memory: what a memtable holds, a page decodes to and a merge writes from.
//!
//! A [`Column`] is [`Values`] in one contiguous buffer and, where a row is null, a [`Bitmap`] that
//! tells which. It grows by slices of other columns and of batches, so that rows are copied by the
//! thousand and never looked at one by one unless they are picked one by one.
//!
//! It is not an Arrow array: it grows in place. Its buffers have Arrow's shapes, though, so that a
//! scan hands them over without converting values.

mod bitmap;
mod text;
mod values;
mod wire;

use std::ops::Range;

pub use bitmap::Bitmap;
use schema::FieldType;
pub use text::TextValues;
pub use values::Values;

/// Values of one type, some of which may be null.
///
/// **Invariant:** `validity`, where present, is as long as `values`; the value of a null row is of
/// no meaning.
#[derive(Debug, Clone)]
pub struct Column {
    /// A value for each row.
    pub values: Values,
    /// A bit for each row, 1 = not null; absent when no row is null.
    pub validity: Option<Bitmap>,
}

impl Column {
    /// Returns a column without rows.
    pub const fn empty(field_type: FieldType) -> Self {
        Self {
            values: Values::empty(field_type),
            validity: None,
        }
    }

    /// Returns a column whose rows are all null.
    pub fn nulls(field_type: FieldType, rows: usize) -> Self {
        let mut column = Self::empty(field_type);
        column.extend_nulls(rows);
        column
    }

    /// Returns a column whose rows all have a value.
    pub const fn from_values(values: Values) -> Self {
        Self {
            values,
            validity: None,
        }
    }

    /// Returns the type of the values.
    pub const fn field_type(&self) -> FieldType {
        self.values.field_type()
    }

    /// Returns the number of rows.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Tells whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Tells whether the row has a value; a row out of range has none.
    pub fn is_valid(&self, row: usize) -> bool {
        self.validity
            .as_ref()
            .map_or_else(|| row < self.len(), |bits| bits.get(row))
    }

    /// Returns the number of rows that are null.
    pub fn null_count(&self) -> usize {
        self.validity
            .as_ref()
            .map_or(0, |bits| bits.len() - bits.count_ones())
    }

    /// Returns the bytes that the rows take in memory.
    pub fn bytes(&self) -> usize {
        self.values.bytes() + self.validity.as_ref().map_or(0, Bitmap::bytes)
    }

    /// Makes room for so many rows more; of texts for their offsets.
    pub fn reserve(&mut self, rows: usize) {
        self.values.reserve(rows);
    }

    /// Forgets all rows, keeping the memory.
    pub fn clear(&mut self) {
        self.values.clear();
        self.validity = None;
    }

    /// Appends a row that is null.
    pub fn push_null(&mut self) {
        self.extend_nulls(1);
    }

    /// Appends rows that are null.
    pub fn extend_nulls(&mut self, rows: usize) {
        if rows == 0 {
            return;
        }
        self.validity_mut().extend_with(rows, false);
        self.values.extend_default(rows);
    }

    /// Appends rows of another column.
    ///
    /// # Panics
    /// When the columns have different types or the range reaches past the end.
    pub fn extend_from(&mut self, source: &Self, rows: Range<usize>) {
        self.extend_validity(source.validity.as_ref(), rows.clone());
        self.values.extend_from(&source.values, rows);
    }

    /// Appends the rows of another column that `rows` names, in that order.
    ///
    /// # Panics
    /// When the columns have different types or a row does not exist.
    pub fn extend_gathered(&mut self, source: &Self, rows: &[u32]) {
        match &source.validity {
            Some(bits) => {
                let validity = self.validity_mut();
                rows.iter()
                    .for_each(|row| validity.push(bits.get(*row as usize)));
            }
            None => self.extend_validity(None, 0..rows.len()),
        }
        self.values.extend_gathered(&source.values, rows);
    }

    /// Returns the rows that `rows` names, in that order.
    ///
    /// # Panics
    /// When a row does not exist.
    #[must_use]
    pub fn gather(&self, rows: &[u32]) -> Self {
        let mut gathered = Self::empty(self.field_type());
        gathered.extend_gathered(self, rows);
        gathered
    }

    /// Returns the validity, made of ones when there was none.
    fn validity_mut(&mut self) -> &mut Bitmap {
        let rows = self.len();
        self.validity
            .get_or_insert_with(|| Bitmap::with_len(rows, true))
    }

    /// Appends validity for rows whose values are appended next.
    pub(crate) fn extend_validity(&mut self, source: Option<&Bitmap>, rows: Range<usize>) {
        match source.filter(|bits| !bits.is_all_ones(rows.clone())) {
            Some(bits) => self.validity_mut().extend_from(bits, rows),
            None => {
                if let Some(validity) = &mut self.validity {
                    validity.extend_with(rows.len(), true);
                }
            }
        }
    }
}

impl PartialEq for Column {
    /// Compares type, nulls and the values that are not null; doubles by their bits.
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len()
            && self.field_type() == other.field_type()
            && (0..self.len()).all(|row| {
                let valid = self.is_valid(row);
                valid == other.is_valid(row) && (!valid || self.values.equal_at(&other.values, row))
            })
    }
}

#[cfg(test)]
mod tests;
