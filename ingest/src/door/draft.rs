//! A batch under construction, row by row, that never grows past the limits of a frame.
//!
//! Columns are dense, so a few bytes of text can ask for a long column of nulls: what the columns
//! would weigh is counted before they are filled (E-3).

use std::collections::HashMap;

use schema::{ColumnDefinition, ColumnRole, FieldType, TIME_COLUMN, validate_name};
use wire::{ColumnBuilder, Limits, TableBuilder, v1};

/// One value of a row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Value<'a> {
    /// `BIGINT`.
    I64(i64),
    /// `DOUBLE`.
    F64(f64),
    /// `BOOLEAN`.
    Bool(bool),
    /// `TEXT`.
    Text(&'a str),
    /// `TIMESTAMP`, nanoseconds since the Unix epoch.
    Time(i64),
}

impl Value<'_> {
    /// Returns the type of the column that takes this value.
    pub(crate) fn field_type(self) -> FieldType {
        match self {
            Self::I64(_) => FieldType::I64,
            Self::F64(_) => FieldType::F64,
            Self::Bool(_) => FieldType::Bool,
            Self::Text(_) => FieldType::Text,
            Self::Time(_) => FieldType::Time,
        }
    }
}

/// Tables under construction.
///
/// A refusal is words without a place: the door knows where in its body it stands.
#[derive(Debug)]
pub(crate) struct Draft {
    limits: Limits,
    tables: Vec<DraftTable>,
    by_name: HashMap<String, usize>,
    rows: usize,
    bytes: u64,
}

#[derive(Debug)]
struct DraftTable {
    name: String,
    builder: TableBuilder,
    row_bytes: u64,
}

impl Draft {
    /// Returns a draft without tables.
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            limits: *limits,
            tables: Vec::new(),
            by_name: HashMap::new(),
            rows: 0,
            bytes: 0,
        }
    }

    /// Begins a row of a table, which is added when it is new.
    pub(crate) fn begin_row(
        &mut self,
        table: &str,
        append_only: bool,
        time_nanos: i64,
    ) -> Result<Row<'_>, String> {
        let index = match self.by_name.get(table) {
            Some(index) => *index,
            None => self.add_table(table, append_only)?,
        };
        self.rows += 1;
        if self.rows > self.limits.rows_max {
            return Err(format!(
                "more than {} rows: send smaller batches",
                self.limits.rows_max
            ));
        }
        let table = self
            .tables
            .get_mut(index)
            .expect("by_name holds indexes into tables");
        table.builder.begin_row(time_nanos);
        grow(&mut self.bytes, table.row_bytes, &self.limits)?;
        Ok(Row {
            table,
            bytes: &mut self.bytes,
            limits: &self.limits,
        })
    }

    /// Returns the tables, columns filled up with nulls.
    pub(crate) fn finish(self) -> Vec<v1::Table> {
        self.tables
            .into_iter()
            .map(|table| table.builder.finish())
            .collect()
    }

    fn add_table(&mut self, name: &str, append_only: bool) -> Result<usize, String> {
        validate_name(name).map_err(|error| error.to_string())?;
        if self.tables.len() == self.limits.tables_max {
            return Err(format!(
                "more than {} tables: send smaller batches",
                self.limits.tables_max
            ));
        }
        let builder = TableBuilder::new(name);
        self.by_name.insert(name.to_owned(), self.tables.len());
        self.tables.push(DraftTable {
            name: name.to_owned(),
            builder: if append_only {
                builder.append_only()
            } else {
                builder
            },
            row_bytes: TIME_BYTES,
        });
        Ok(self.tables.len() - 1)
    }
}

/// The row that was begun last.
#[derive(Debug)]
pub(crate) struct Row<'a> {
    table: &'a mut DraftTable,
    bytes: &'a mut u64,
    limits: &'a Limits,
}

impl Row<'_> {
    /// Sets a tag.
    pub(crate) fn tag(&mut self, name: &str, value: &str) -> Result<(), String> {
        let define = || ColumnDefinition::tag(name);
        self.push(name, ColumnRole::Tag, Value::Text(value), define)
    }

    /// Sets a field that is a gauge without a unit.
    pub(crate) fn field(&mut self, name: &str, value: Value<'_>) -> Result<(), String> {
        let define = || ColumnDefinition::field(name, value.field_type());
        self.push(name, ColumnRole::Field, value, define)
    }

    /// Sets a column that the sender has declared; the value is of its type.
    pub(crate) fn declared(
        &mut self,
        column: &ColumnDefinition,
        value: Value<'_>,
    ) -> Result<(), String> {
        self.push(&column.name, column.role, value, || column.clone())
    }

    fn push(
        &mut self,
        name: &str,
        role: ColumnRole,
        value: Value<'_>,
        define: impl FnOnce() -> ColumnDefinition,
    ) -> Result<(), String> {
        let rows = self.table.builder.rows();
        let columns = self.table.builder.column_count();
        let column = self.table.builder.column_or_insert_with(name, define);
        let (is_new, is_filled) = (column.rows() + 1 == rows, column.rows() == rows);
        if column.role() != role {
            return Err(format!(
                "{name:?} is a {} and a {role} of table {:?}",
                column.role(),
                self.table.name
            ));
        }
        if is_filled {
            return Err(format!("the {role} {name:?} appears twice in one row"));
        }
        debug_assert!(is_new, "a column is readied for the row begun last");
        put(column, name, &self.table.name, value)?;
        if self.table.builder.column_count() > columns {
            self.added(name, rows, value.field_type())?;
        }
        Ok(())
    }

    fn added(&mut self, name: &str, rows: usize, field_type: FieldType) -> Result<(), String> {
        validate_name(name).map_err(|error| error.to_string())?;
        if name == TIME_COLUMN {
            return Err(format!(
                "{name:?} is the time column's name: use another for a tag or field"
            ));
        }
        if self.table.builder.column_count() > self.limits.columns_max {
            return Err(format!(
                "table {:?} has more than {} columns",
                self.table.name, self.limits.columns_max
            ));
        }
        let value_bytes = value_bytes(field_type);
        self.table.row_bytes += value_bytes;
        grow(self.bytes, value_bytes * rows as u64, self.limits)
    }
}

fn put(
    column: &mut ColumnBuilder,
    name: &str,
    table: &str,
    value: Value<'_>,
) -> Result<(), String> {
    let (expected, actual) = (column.field_type(), value.field_type());
    let taken = expected == actual
        && match value {
            Value::I64(value) | Value::Time(value) => column.push_i64(value),
            Value::F64(value) => column.push_f64(value),
            Value::Bool(value) => column.push_bool(value),
            Value::Text(value) => column.push_text(value),
        };
    if taken {
        return Ok(());
    }
    Err(format!(
        "column {name:?} of table {table:?} is {expected} further up, {actual} here"
    ))
}

fn grow(bytes: &mut u64, by: u64, limits: &Limits) -> Result<(), String> {
    *bytes += by;
    if *bytes > u64::from(limits.batch_bytes_max) {
        return Err(format!(
            "the columns would fill more than {} bytes: send smaller batches",
            limits.batch_bytes_max
        ));
    }
    Ok(())
}

/// Returns the bytes that a value, or a null in its place, takes in a frame.
fn value_bytes(field_type: FieldType) -> u64 {
    match field_type {
        FieldType::I64 | FieldType::F64 | FieldType::Time => 8,
        FieldType::Text => 4,
        FieldType::Bool => 1,
    }
}

const TIME_BYTES: u64 = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sparse_batch_is_refused_before_it_is_filled() {
        let limits = Limits {
            batch_bytes_max: 100_000,
            ..Limits::default()
        };
        let mut draft = Draft::new(&limits);
        let refused = (0..1_000).find_map(|row| {
            let name = format!("f{row}");
            let mut begun = draft
                .begin_row("t", false, row)
                .err()
                .map_or_else(|| Ok(()), Err);
            if begun.is_ok() {
                begun = draft
                    .begin_row("t", false, row)
                    .and_then(|mut r| r.field(&name, Value::I64(row)));
            }
            begun.err()
        });
        assert!(refused.expect("a million nulls").contains("100000 bytes"));
    }

    #[test]
    fn rows_tables_and_columns_are_bounded() {
        let limits = Limits {
            rows_max: 2,
            tables_max: 1,
            columns_max: 1,
            ..Limits::default()
        };
        let mut draft = Draft::new(&limits);
        let mut row = draft.begin_row("a", false, 1).unwrap();
        row.tag("x", "1").unwrap();
        assert!(row.tag("y", "1").unwrap_err().contains("1 columns"));
        let refusal = draft.begin_row("b", false, 1).unwrap_err();
        assert!(refusal.contains("1 tables"), "{refusal}");
        assert!(draft.begin_row("a", false, 1).is_ok());
        let refusal = draft.begin_row("a", false, 1).unwrap_err();
        assert!(refusal.contains("2 rows"), "{refusal}");
    }

    #[test]
    fn a_column_keeps_its_role_its_type_and_one_value_a_row() {
        let mut draft = Draft::new(&Limits::default());
        let mut row = draft.begin_row("cpu", false, 1).unwrap();
        row.tag("host", "a").unwrap();
        assert!(row.tag("host", "b").unwrap_err().contains("twice"));
        assert!(
            row.field("host", Value::Text("b"))
                .unwrap_err()
                .contains("a tag and a field")
        );
        row.field("v", Value::F64(1.0)).unwrap();
        let mut row = draft.begin_row("cpu", false, 2).unwrap();
        let refusal = row.field("v", Value::I64(1)).unwrap_err();
        assert!(
            refusal.contains("DOUBLE") && refusal.contains("BIGINT"),
            "{refusal}"
        );
        assert!(
            row.field("time", Value::I64(1))
                .unwrap_err()
                .contains("time column")
        );
    }
}
