//! Rows as InfluxDB's line protocol: `table,tag=value… field=value… nanoseconds`.
//!
//! The generators' names and tags hold nothing that would need escaping; null fields are left out.

use std::io::Write;

use wire::v1::Table;

use super::{Cell, cells};

/// Appends all rows of a table.
pub(super) fn write(table: &Table, out: &mut Vec<u8>) {
    for (row, time) in table.time.iter().enumerate() {
        out.extend(table.name.as_bytes());
        for tag in cells(table).filter(|column| column.is_tag()) {
            write_pair(out, b',', &tag.0.name, tag.at(row), false);
        }
        let mut before = b' ';
        for field in cells(table).filter(|column| !column.is_tag()) {
            let cell = field.at(row);
            if cell != Cell::Null {
                write_pair(out, before, &field.0.name, cell, true);
                before = b',';
            }
        }
        push(out, format_args!(" {time}\n"));
    }
}

fn write_pair(out: &mut Vec<u8>, before: u8, name: &str, cell: Cell<'_>, is_field: bool) {
    out.push(before);
    out.extend(name.as_bytes());
    out.push(b'=');
    match cell {
        Cell::Null => {}
        Cell::Integer(value) => push(out, format_args!("{value}i")),
        Cell::Number(value) => push(out, format_args!("{value}")),
        Cell::Text(text) if is_field => push(out, format_args!("{text:?}")),
        Cell::Text(text) => out.extend(text.as_bytes()),
    }
}

fn push(out: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    out.write_fmt(text)
        .expect("a vector takes whatever fits into memory");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate::{CpuShape, DataSet, Share, WaitShape};

    fn first_line(data_set: DataSet) -> String {
        let table = data_set.rows(Share::WHOLE).next_table(1).unwrap();
        let mut out = Vec::new();
        write(&table, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_row_has_tags_fields_and_time() {
        let line = first_line(DataSet::Cpu(CpuShape::of_hours(42, 1, 1)));
        assert!(line.starts_with("cpu,hostname=host_0,region="), "{line}");
        assert!(line.contains(" usage_user=") && line.contains("i,usage_system="));
        assert!(line.ends_with("i 1735689600000000000\n"), "{line}");
        assert_eq!(line.matches(' ').count(), 2);
    }

    #[test]
    fn texts_are_quoted_in_fields() {
        let line = first_line(DataSet::Waits(WaitShape::of_minutes(42, 1)));
        assert!(line.contains(",backend_type=\"client backend\","), "{line}");
    }
}
