//! Printing: listings as tables for people, JSON for machines.

use comfy_table::presets::UTF8_BORDERS_ONLY;
use comfy_table::{ContentArrangement, Table};
use serde_json::Value;

use crate::failure::{Failure, Outcome};

/// Prints rows as JSON, or as a table of these columns.
pub(crate) fn listing(rows: &[Value], json: bool, columns: &[&str]) -> Outcome {
    if json {
        let text = serde_json::to_string_pretty(rows)
            .map_err(|error| Failure::new(error, "this is a defect: please report it"))?;
        println!("{text}");
        return Ok(());
    }
    let mut table = empty_table();
    table.set_header(columns);
    for row in rows {
        table.add_row(
            columns
                .iter()
                .map(|column| cell(row.get(column).unwrap_or(&Value::Null))),
        );
    }
    println!("{table}");
    println!("({} rows)", rows.len());
    Ok(())
}

/// Prints CSV with a header as a table.
pub(crate) fn csv_as_table(text: &[u8]) -> Outcome {
    let broken = |error: csv::Error| Failure::new(error, "this is a defect: please report it");
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(true)
        .from_reader(text);
    let mut table = empty_table();
    table.set_header(reader.headers().map_err(broken)?.iter());
    let mut rows = 0_u64;
    for record in reader.records() {
        table.add_row(record.map_err(broken)?.iter());
        rows += 1;
    }
    println!("{table}");
    println!("({rows} {})", if rows == 1 { "row" } else { "rows" });
    Ok(())
}

/// Returns a table in the style that every command prints.
pub(crate) fn empty_table() -> Table {
    let mut table = Table::new();
    table
        .load_preset(UTF8_BORDERS_ONLY)
        .set_content_arrangement(ContentArrangement::Disabled);
    table
}

/// Returns a value as a cell shows it: texts without quotes, null as nothing.
pub(crate) fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(values) => values.iter().map(cell).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

/// Returns a name as one segment of a URL's path.
pub(crate) fn path_segment(name: &str) -> String {
    let mut segment = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            segment.push(char::from(byte));
        } else {
            segment.push_str(&format!("%{byte:02X}"));
        }
    }
    segment
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{cell, path_segment};

    #[test]
    fn cells_are_plain_text() {
        assert_eq!(cell(&json!(["a", "b*"])), "a, b*");
        assert_eq!(cell(&json!(1.5)), "1.5");
        assert_eq!(cell(&Value::Null), "");
    }

    #[test]
    fn names_stay_inside_their_segment() {
        assert_eq!(path_segment("a/b c"), "a%2Fb%20c");
    }
}
