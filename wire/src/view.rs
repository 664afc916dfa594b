//! Borrowed access to a validated batch, as slices of plain numbers.
//!
//! Archived integers are little-endian wrappers; on the little-endian machines that we build for they
//! are cast in place, so that a column goes into a memtable without being decoded value by value.

use schema::{ColumnRole, FieldType, Kind};

use crate::v1::{ArchivedBatch, ArchivedColumn, ArchivedTable, ArchivedValues};

/// A batch, by reference into its frame.
#[derive(Debug, Clone, Copy)]
pub struct BatchView<'a>(pub(crate) &'a ArchivedBatch);

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
        self.0.tables.iter().map(|table| table.time.len()).sum()
    }
}

/// Rows of one table.
#[derive(Debug, Clone, Copy)]
pub struct TableView<'a>(&'a ArchivedTable);

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
        self.0.time.len()
    }

    /// Returns the times, nanoseconds since the Unix epoch.
    pub fn time(&self) -> &'a [i64] {
        bytemuck::cast_slice(self.0.time.as_slice())
    }

    /// Returns the columns in the order in which they were sent.
    pub fn columns(&self) -> impl ExactSizeIterator<Item = ColumnView<'a>> + use<'a> {
        self.0.columns.iter().map(ColumnView)
    }
}

/// One column.
#[derive(Debug, Clone, Copy)]
pub struct ColumnView<'a>(&'a ArchivedColumn);

impl<'a> ColumnView<'a> {
    /// Returns the name.
    pub fn name(&self) -> &'a str {
        self.0.name.as_str()
    }

    /// Returns tag or field.
    pub fn role(&self) -> ColumnRole {
        if self.0.role == 0 {
            ColumnRole::Tag
        } else {
            ColumnRole::Field
        }
    }

    /// Returns how it develops over time.
    pub fn kind(&self) -> Kind {
        match self.0.kind {
            0 => Kind::Gauge,
            1 => Kind::Cumulative,
            _ => Kind::Increase,
        }
    }

    /// Returns the unit, or an empty text.
    pub fn unit(&self) -> &'a str {
        self.0.unit.as_str()
    }

    /// Returns the type of the values.
    pub fn field_type(&self) -> FieldType {
        match self.0.values {
            ArchivedValues::I64(_) => FieldType::I64,
            ArchivedValues::F64(_) => FieldType::F64,
            ArchivedValues::Bool(_) => FieldType::Bool,
            ArchivedValues::Time(_) => FieldType::Time,
            ArchivedValues::Text(_) | ArchivedValues::Dictionary(_) => FieldType::Text,
        }
    }

    /// Returns the bits that tell values from nulls (1 = a value), or `None` when nothing is null.
    pub fn validity(&self) -> Option<&'a [u8]> {
        let bits = self.0.validity.as_slice();
        (!bits.is_empty()).then_some(bits)
    }

    /// Tells whether the row has a value; a row out of range has none.
    pub fn is_valid(&self, row: usize) -> bool {
        match self.validity() {
            None => row < self.rows(),
            Some(bits) => bits
                .get(row / 8)
                .is_some_and(|byte| byte >> (row % 8) & 1 == 1),
        }
    }

    /// Returns the values, those of null rows included.
    pub fn values(&self) -> ValuesView<'a> {
        match &self.0.values {
            ArchivedValues::I64(values) => ValuesView::I64(bytemuck::cast_slice(values.as_slice())),
            ArchivedValues::F64(values) => ValuesView::F64(bytemuck::cast_slice(values.as_slice())),
            ArchivedValues::Bool(values) => ValuesView::Bool(values.as_slice()),
            ArchivedValues::Time(values) => {
                ValuesView::Time(bytemuck::cast_slice(values.as_slice()))
            }
            ArchivedValues::Text(text) => ValuesView::Text(TextView::new(text)),
            ArchivedValues::Dictionary(dictionary) => ValuesView::Dictionary(DictionaryView {
                codes: bytemuck::cast_slice(dictionary.codes.as_slice()),
                values: TextView::new(&dictionary.values),
            }),
        }
    }

    fn rows(&self) -> usize {
        match self.values() {
            ValuesView::I64(values) | ValuesView::Time(values) => values.len(),
            ValuesView::F64(values) => values.len(),
            ValuesView::Bool(values) => values.len(),
            ValuesView::Text(text) => text.len(),
            ValuesView::Dictionary(dictionary) => dictionary.codes.len(),
        }
    }
}

/// The values of a column.
#[derive(Debug, Clone, Copy)]
pub enum ValuesView<'a> {
    /// `BIGINT`.
    I64(&'a [i64]),
    /// `DOUBLE`.
    F64(&'a [f64]),
    /// `BOOLEAN`, 0 or 1.
    Bool(&'a [u8]),
    /// `TIMESTAMP`, nanoseconds since the Unix epoch.
    Time(&'a [i64]),
    /// `TEXT`.
    Text(TextView<'a>),
    /// `TEXT` by codes.
    Dictionary(DictionaryView<'a>),
}

/// Texts in one buffer.
#[derive(Debug, Clone, Copy)]
pub struct TextView<'a> {
    offsets: &'a [u32],
    text: &'a [u8],
}

impl<'a> TextView<'a> {
    fn new(text: &'a crate::v1::batch::ArchivedText) -> Self {
        Self {
            offsets: bytemuck::cast_slice(text.offsets.as_slice()),
            text: text.bytes.as_slice(),
        }
    }

    /// Returns the number of values.
    pub fn len(&self) -> usize {
        self.offsets.len().saturating_sub(1)
    }

    /// Tells whether there are no values.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the offsets: one more than there are values.
    pub fn offsets(&self) -> &'a [u32] {
        self.offsets
    }

    /// Returns all values one after the other.
    pub fn bytes(&self) -> &'a [u8] {
        self.text
    }

    /// Returns one value; an empty text for an index out of range or bytes that were not validated.
    pub fn value(&self, index: usize) -> &'a str {
        let bounds = self.offsets.get(index).zip(self.offsets.get(index + 1));
        let bytes = bounds.and_then(|(start, end)| self.text.get(*start as usize..*end as usize));
        bytes
            .and_then(|bytes| std::str::from_utf8(bytes).ok())
            .unwrap_or_default()
    }
}

/// Codes into distinct texts.
#[derive(Debug, Clone, Copy)]
pub struct DictionaryView<'a> {
    /// A code for each row; of a null row any number.
    pub codes: &'a [u32],
    /// The distinct values.
    pub values: TextView<'a>,
}

/// The numbers of a column's role and kind as they came, for validation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Numbers {
    pub(crate) role: u8,
    pub(crate) kind: u8,
}

impl ColumnView<'_> {
    pub(crate) fn numbers(&self) -> Numbers {
        Numbers {
            role: self.0.role,
            kind: self.0.kind,
        }
    }
}
