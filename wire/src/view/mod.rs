//! Borrowed access to a validated batch: columns as they lie in the frame.
//!
//! Nothing is unpacked before somebody asks for rows, and then by the column, so that a batch goes
//! into a memtable without being decoded value by value.

mod integers;
mod text;

use schema::{FieldType, Kind};

pub use integers::IntegersView;
pub use text::{DictionaryView, TextView};

use crate::v1::packed::{
    ArchivedPackedBatch, ArchivedPackedField, ArchivedPackedTable, ArchivedPackedTag,
    ArchivedPackedValues,
};

/// A batch, by reference into its frame.
#[derive(Debug, Clone, Copy)]
pub struct BatchView<'a>(pub(crate) &'a ArchivedPackedBatch);

impl<'a> BatchView<'a> {
    /// Returns who sent it; empty where there is no collector.
    pub fn collector(&self) -> &'a str {
        self.0.collector.as_str()
    }

    /// Returns the epoch; 0 where batches are not numbered.
    pub fn epoch(&self) -> u64 {
        self.0.epoch.to_native()
    }

    /// Returns the sequence; 0 where batches are not numbered.
    pub fn sequence(&self) -> u64 {
        self.0.sequence.to_native()
    }

    /// Returns the tables in the order in which they were sent.
    pub fn tables(&self) -> impl ExactSizeIterator<Item = TableView<'a>> + use<'a> {
        self.0.tables.iter().map(TableView)
    }

    /// Returns the number of rows over all tables.
    pub fn rows(&self) -> usize {
        self.tables().map(|table| table.rows()).sum()
    }
}

/// Rows of one table.
#[derive(Debug, Clone, Copy)]
pub struct TableView<'a>(&'a ArchivedPackedTable);

impl<'a> TableView<'a> {
    /// Returns the table's name.
    pub fn name(&self) -> &'a str {
        self.0.name.as_str()
    }

    /// Tells whether the table, if it is new, keeps every row.
    pub fn append_only(&self) -> bool {
        self.0.append_only
    }

    /// Returns the number of rows.
    pub fn rows(&self) -> usize {
        self.0.rows.to_native() as usize
    }

    /// Returns the times, nanoseconds since the Unix epoch.
    pub fn time(&self) -> IntegersView<'a> {
        IntegersView::new(&self.0.time, self.rows())
    }

    /// Returns the number of tag tuples; two may be equal, and one may have no rows.
    pub fn series(&self) -> usize {
        self.0.series.to_native() as usize
    }

    /// Returns the tuple of each row, from 0.
    pub fn series_of_row(&self) -> IntegersView<'a> {
        IntegersView::new(&self.0.series_of_row, self.rows())
    }

    /// Returns the tags in the order in which they were sent.
    pub fn tags(&self) -> impl ExactSizeIterator<Item = TagView<'a>> + use<'a> {
        let series = self.series();
        self.0.tags.iter().map(move |tag| TagView { tag, series })
    }

    /// Returns the fields in the order in which they were sent.
    pub fn fields(&self) -> impl ExactSizeIterator<Item = FieldView<'a>> + use<'a> {
        let rows = self.rows();
        self.0
            .fields
            .iter()
            .map(move |field| FieldView { field, rows })
    }
}

/// One tag of a table's tuples.
#[derive(Debug, Clone, Copy)]
pub struct TagView<'a> {
    tag: &'a ArchivedPackedTag,
    series: usize,
}

impl<'a> TagView<'a> {
    /// Returns the name.
    pub fn name(&self) -> &'a str {
        self.tag.name.as_str()
    }

    /// Returns the values.
    pub fn values(&self) -> TextView<'a> {
        TextView::new(&self.tag.values)
    }

    /// Returns for each tuple 0 where the tag is null, else 1 + the position of its value.
    pub fn codes(&self) -> IntegersView<'a> {
        IntegersView::new(&self.tag.code_of_series, self.series)
    }

    /// Returns the value that a tuple has; nothing where it is null.
    pub fn value(&self, series: usize) -> Option<&'a str> {
        let code = self.codes().code(series).checked_sub(1)?;
        Some(self.values().value(usize::try_from(code).ok()?))
    }
}

/// One field.
#[derive(Debug, Clone, Copy)]
pub struct FieldView<'a> {
    field: &'a ArchivedPackedField,
    rows: usize,
}

impl<'a> FieldView<'a> {
    /// Returns the name.
    pub fn name(&self) -> &'a str {
        self.field.name.as_str()
    }

    /// Returns how it develops over time.
    pub fn kind(&self) -> Kind {
        match self.field.kind {
            0 => Kind::Gauge,
            1 => Kind::Cumulative,
            _ => Kind::Increase,
        }
    }

    /// Returns the unit, or an empty text.
    pub fn unit(&self) -> &'a str {
        self.field.unit.as_str()
    }

    /// Returns the type of the values.
    pub fn field_type(&self) -> FieldType {
        match self.field.values {
            ArchivedPackedValues::I64(_) => FieldType::I64,
            ArchivedPackedValues::F64(_) => FieldType::F64,
            ArchivedPackedValues::Bool(_) => FieldType::Bool,
            ArchivedPackedValues::Time(_) => FieldType::Time,
            ArchivedPackedValues::Text(_) | ArchivedPackedValues::Dictionary(_) => FieldType::Text,
        }
    }

    /// Returns the bits that tell values from nulls (1 = a value), or `None` when nothing is null.
    pub fn validity(&self) -> Option<&'a [u8]> {
        let bits = self.field.validity.as_slice();
        (!bits.is_empty()).then_some(bits)
    }

    /// Tells whether the row has a value; a row out of range has none.
    pub fn is_valid(&self, row: usize) -> bool {
        match self.validity() {
            None => row < self.rows,
            Some(bits) => bits
                .get(row / 8)
                .is_some_and(|byte| byte >> (row % 8) & 1 == 1),
        }
    }

    /// Returns the values, those of null rows included.
    pub fn values(&self) -> ValuesView<'a> {
        let integers = |values| IntegersView::new(values, self.rows);
        match &self.field.values {
            ArchivedPackedValues::I64(values) => ValuesView::I64(integers(values)),
            ArchivedPackedValues::F64(values) => ValuesView::F64(integers(values)),
            ArchivedPackedValues::Bool(bits) => ValuesView::Bool(bits.as_slice()),
            ArchivedPackedValues::Time(values) => ValuesView::Time(integers(values)),
            ArchivedPackedValues::Text(text) => ValuesView::Text(TextView::new(text)),
            ArchivedPackedValues::Dictionary(dictionary) => {
                ValuesView::Dictionary(DictionaryView {
                    codes: integers(&dictionary.codes),
                    values: TextView::new(&dictionary.values),
                })
            }
        }
    }

    pub(crate) fn kind_number(&self) -> u8 {
        self.field.kind
    }
}

/// The values of a field.
#[derive(Debug, Clone, Copy)]
pub enum ValuesView<'a> {
    /// `BIGINT`.
    I64(IntegersView<'a>),
    /// `DOUBLE`, the bits of each as an integer.
    F64(IntegersView<'a>),
    /// `BOOLEAN`, a bit each, least significant first.
    Bool(&'a [u8]),
    /// `TIMESTAMP`, nanoseconds since the Unix epoch.
    Time(IntegersView<'a>),
    /// `TEXT`.
    Text(TextView<'a>),
    /// `TEXT` by codes.
    Dictionary(DictionaryView<'a>),
}
