//! A batch as a sender makes it: columns of some tables, with its number.
//!
//! It travels packed (`v1/packed.rs`); whoever takes it reads the packed columns where they lie.

/// Rows of some tables, to be made durable as one.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Batch {
    /// Who sends it; empty for a door that has no collector (HTTP without an idempotency key).
    pub collector: String,
    /// The incarnation of the collector's spool; 0 where batches are not numbered.
    pub epoch: u64,
    /// The number within the epoch, from 1; 0 where batches are not numbered.
    pub sequence: u64,
    /// The rows.
    pub tables: Vec<Table>,
}

/// Rows of one table, column by column.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Table {
    /// The table's name.
    pub name: String,
    /// Whether the table, if it is new, keeps every row of equal series and time.
    pub append_only: bool,
    /// The time of each row, nanoseconds since the Unix epoch.
    pub time: Vec<i64>,
    /// The other columns, each as long as `time`.
    pub columns: Vec<Column>,
}

/// One column.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// The name.
    pub name: String,
    /// 0 tag, 1 field.
    pub role: u8,
    /// 0 gauge, 1 cumulative, 2 increase.
    pub kind: u8,
    /// The unit, or empty.
    pub unit: String,
    /// A bit a row, least significant first, 1 = not null; empty when no value is null.
    pub validity: Vec<u8>,
    /// The values; those of null rows are ignored.
    pub values: Values,
}

/// The values of a column.
#[derive(Debug, Clone, PartialEq)]
pub enum Values {
    /// `BIGINT`.
    I64(Vec<i64>),
    /// `DOUBLE`.
    F64(Vec<f64>),
    /// `BOOLEAN`, a byte each, 0 or 1.
    Bool(Vec<u8>),
    /// `TIMESTAMP`, nanoseconds since the Unix epoch.
    Time(Vec<i64>),
    /// `TEXT`, each value for itself.
    Text(Text),
    /// `TEXT`, codes into distinct values; how tags should travel.
    Dictionary(Dictionary),
}

/// Texts in one buffer.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Text {
    /// One more than there are values; value `i` is `bytes[offsets[i]..offsets[i + 1]]`.
    pub offsets: Vec<u32>,
    /// UTF-8.
    pub bytes: Vec<u8>,
}

/// Codes into distinct texts.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Dictionary {
    /// A code for each row; of a null row any number.
    pub codes: Vec<u32>,
    /// The distinct values.
    pub values: Text,
}
