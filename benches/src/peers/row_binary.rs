//! Rows as ClickHouse's `RowBinary`: values one after the other, without names.
//!
//! ```text
//!   row     time  column  column …
//!   time    i64, milliseconds since the epoch (DateTime64(3))
//!   BIGINT  i64     DOUBLE  f64     tag  length (LEB128), bytes
//!   TEXT    1 when null, else 0, length, bytes: fields of text are nullable
//! ```
//! All numbers are little-endian. **Source:** ClickHouse documentation, "RowBinary".

use wire::v1::{Table, Values};

use super::{Cell, Cells, cells};

/// Appends all rows of a table.
pub(super) fn write(table: &Table, out: &mut Vec<u8>) {
    for (row, time) in table.time.iter().enumerate() {
        out.extend((time / NANOS_PER_MILLISECOND).to_le_bytes());
        for column in cells(table) {
            if is_nullable(column) {
                out.push(u8::from(column.at(row) == Cell::Null));
            }
            match column.at(row) {
                Cell::Null => {}
                Cell::Integer(value) => out.extend(value.to_le_bytes()),
                Cell::Number(value) => out.extend(value.to_le_bytes()),
                Cell::Text(text) => write_text(text, out),
            }
        }
    }
}

/// Returns name and type of each column, `time` first.
pub(super) fn structure(table: &Table) -> Vec<(String, &'static str)> {
    let time = ("time".to_owned(), "DateTime64(3)");
    let type_of = |column: Cells<'_>| match &column.0.values {
        Values::F64(_) => "Float64",
        Values::Text(_) | Values::Dictionary(_) if is_nullable(column) => {
            "LowCardinality(Nullable(String))"
        }
        Values::Text(_) | Values::Dictionary(_) => "LowCardinality(String)",
        Values::I64(_) | Values::Time(_) | Values::Bool(_) => "Int64",
    };
    let columns = cells(table).map(|column| (column.0.name.clone(), type_of(column)));
    std::iter::once(time).chain(columns).collect()
}

fn is_nullable(column: Cells<'_>) -> bool {
    let is_text = matches!(column.0.values, Values::Text(_) | Values::Dictionary(_));
    is_text && !column.is_tag()
}

fn write_text(text: &str, out: &mut Vec<u8>) {
    let mut length = text.len();
    while length >= 0x80 {
        out.push(0x80 | u8::try_from(length & 0x7F).unwrap_or(0));
        length >>= 7;
    }
    out.push(u8::try_from(length).unwrap_or(0));
    out.extend(text.as_bytes());
}

const NANOS_PER_MILLISECOND: i64 = 1_000_000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate::{DataSet, Share, WaitShape};

    #[test]
    fn a_row_of_waits_is_written_as_its_structure_says() {
        let data_set = DataSet::Waits(WaitShape::of_minutes(42, 1));
        let table = data_set.rows(Share::WHOLE).next_table(1).unwrap();
        let types: Vec<_> = structure(&table).iter().map(|(_, name)| *name).collect();
        let (tag, text) = ("LowCardinality(String)", "LowCardinality(Nullable(String))");
        let mut expected = vec!["DateTime64(3)", tag, tag, tag, "Int64", "Int64"];
        expected.extend([text; 6]);
        assert_eq!(types, expected);
        let mut out = Vec::new();
        write(&table, &mut out);
        assert_eq!(out[..8], (table.time[0] / 1_000_000).to_le_bytes());
        assert_eq!((out[8], &out[9..14]), (5, b"pg-00".as_slice()));
    }

    #[test]
    fn long_texts_have_a_length_of_two_bytes() {
        let mut out = Vec::new();
        write_text(&"x".repeat(300), &mut out);
        assert_eq!((out[0], out[1], out.len()), (0xAC, 0x02, 302));
    }
}
