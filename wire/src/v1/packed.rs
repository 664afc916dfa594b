//! A batch as it travels and as the log stores it: tag tuples once, integers in few bytes.
//!
//! ```text
//!  table ─┬─ time            Integers
//!         ├─ series_of_row   Integers, 0 .. series
//!         ├─ tag, tag, …     values once each; Integers: for each series 0 (null) or 1 + its value
//!         └─ field, field, … Integers, bits or texts
//! ```
//!
//! A row of a batch names its tuple of tags by one number, and integers that lie close together take
//! a byte or two each, so that what is sealed, sent, synced and kept in memory is a fraction of the
//! plain values, and a column is unpacked by one multiplication and one addition a value.

use rkyv::{Archive, Deserialize, Serialize};

/// Rows of some tables, to be made durable as one.
#[derive(Debug, Clone, Default, PartialEq, Archive, Serialize, Deserialize)]
#[rkyv(derive(Debug))]
pub(crate) struct PackedBatch {
    /// Who sends it.
    pub(crate) collector: String,
    /// The incarnation of the collector's spool.
    pub(crate) epoch: u64,
    /// The number within the epoch.
    pub(crate) sequence: u64,
    /// The rows.
    pub(crate) tables: Vec<PackedTable>,
}

/// Rows of one table.
#[derive(Debug, Clone, Default, PartialEq, Archive, Serialize, Deserialize)]
#[rkyv(derive(Debug))]
pub(crate) struct PackedTable {
    /// The table's name.
    pub(crate) name: String,
    /// Whether the table, if it is new, keeps every row of equal series and time.
    pub(crate) append_only: bool,
    /// The number of rows.
    pub(crate) rows: u32,
    /// The time of each row, nanoseconds since the Unix epoch.
    pub(crate) time: Integers,
    /// The number of tag tuples; at least one where there are rows.
    pub(crate) series: u32,
    /// The tuple of each row.
    pub(crate) series_of_row: Integers,
    /// The tags.
    pub(crate) tags: Vec<PackedTag>,
    /// The fields.
    pub(crate) fields: Vec<PackedField>,
}

/// One tag of each tuple.
#[derive(Debug, Clone, Default, PartialEq, Archive, Serialize, Deserialize)]
#[rkyv(derive(Debug))]
pub(crate) struct PackedTag {
    /// The name.
    pub(crate) name: String,
    /// The values that tuples have.
    pub(crate) values: PackedText,
    /// For each tuple 0 where the tag is null, else 1 + the position of its value.
    pub(crate) code_of_series: Integers,
}

/// One field.
#[derive(Debug, Clone, PartialEq, Archive, Serialize, Deserialize)]
#[rkyv(derive(Debug))]
pub(crate) struct PackedField {
    /// The name.
    pub(crate) name: String,
    /// 0 gauge, 1 cumulative, 2 increase.
    pub(crate) kind: u8,
    /// The unit, or empty.
    pub(crate) unit: String,
    /// A bit a row, least significant first, 1 = not null; empty when no value is null.
    pub(crate) validity: Vec<u8>,
    /// The values; those of null rows are ignored.
    pub(crate) values: PackedValues,
}

/// The values of a field.
#[derive(Debug, Clone, PartialEq, Archive, Serialize, Deserialize)]
#[rkyv(derive(Debug))]
pub(crate) enum PackedValues {
    /// `BIGINT`.
    I64(Integers),
    /// `DOUBLE`, the bits of each as an integer.
    F64(Integers),
    /// `BOOLEAN`, a bit each, least significant first.
    Bool(Vec<u8>),
    /// `TIMESTAMP`, nanoseconds since the Unix epoch.
    Time(Integers),
    /// `TEXT`, each value for itself.
    Text(PackedText),
    /// `TEXT`, codes into distinct values.
    Dictionary(PackedDictionary),
}

/// Codes into distinct texts.
#[derive(Debug, Clone, Default, PartialEq, Archive, Serialize, Deserialize)]
#[rkyv(derive(Debug))]
pub(crate) struct PackedDictionary {
    /// A code for each row; of a null row any number.
    pub(crate) codes: Integers,
    /// The distinct values.
    pub(crate) values: PackedText,
}

/// Texts in one buffer.
#[derive(Debug, Clone, Default, PartialEq, Archive, Serialize, Deserialize)]
#[rkyv(derive(Debug))]
pub(crate) struct PackedText {
    /// One more than there are values; value `i` is `bytes[offsets[i]..offsets[i + 1]]`.
    pub(crate) offsets: Vec<u32>,
    /// UTF-8.
    pub(crate) bytes: Vec<u8>,
}

/// Integers at even distances from the least one: value `i` is `base + step · code[i]`.
#[derive(Debug, Clone, Default, PartialEq, Archive, Serialize, Deserialize)]
#[rkyv(derive(Debug))]
pub(crate) struct Integers {
    /// The least value.
    pub(crate) base: i64,
    /// What one more in the code adds.
    pub(crate) step: u64,
    /// Bytes of a code: 0 (every code is 0), 1, 2, 4 or 8.
    pub(crate) width: u8,
    /// The codes, little-endian.
    pub(crate) codes: Vec<u8>,
}
