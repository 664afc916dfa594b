//! Building a table of a batch column by column, value by value.
//!
//! For the doors and samplers, which have rows; values of one column are all of one type, tags and
//! texts that repeat are dictionary-coded as they come.

use std::collections::HashMap;

use schema::{ColumnDefinition, ColumnRole, FieldType, Kind};

use crate::v1::{Column, Dictionary, Table, Text, Values};

/// A table of a batch under construction.
#[derive(Debug)]
pub struct TableBuilder {
    name: String,
    append_only: bool,
    time: Vec<i64>,
    columns: Vec<ColumnBuilder>,
    by_name: HashMap<String, usize>,
}

impl TableBuilder {
    /// Returns an empty table.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            append_only: false,
            time: Vec::new(),
            columns: Vec::new(),
            by_name: HashMap::new(),
        }
    }

    /// Asks that the table, should it be new, keep every row.
    #[must_use]
    pub fn append_only(mut self) -> Self {
        self.append_only = true;
        self
    }

    /// Begins a row; values pushed from now on belong to it, columns not pushed are null in it.
    pub fn begin_row(&mut self, time_nanos: i64) {
        self.time.push(time_nanos);
    }

    /// Returns the number of rows begun.
    pub fn rows(&self) -> usize {
        self.time.len()
    }

    /// Returns the number of columns besides time.
    pub fn column_count(&self) -> usize {
        self.columns.len()
    }

    /// Returns the column, adding it (null in the rows before) when it is new, and readies it for the
    /// row that was begun last.
    pub fn column(&mut self, definition: &ColumnDefinition) -> &mut ColumnBuilder {
        self.column_or_insert_with(&definition.name, || definition.clone())
    }

    /// As [`Self::column`], asking for the definition only when there is no column of that name.
    ///
    /// A column that exists is returned whatever its role and type: see [`ColumnBuilder::role`].
    pub fn column_or_insert_with(
        &mut self,
        name: &str,
        define: impl FnOnce() -> ColumnDefinition,
    ) -> &mut ColumnBuilder {
        let index = match self.by_name.get(name) {
            Some(index) => *index,
            None => {
                self.by_name.insert(name.to_owned(), self.columns.len());
                self.columns.push(ColumnBuilder::new(&define()));
                self.columns.len() - 1
            }
        };
        let row = self.time.len().saturating_sub(1);
        let column = self
            .columns
            .get_mut(index)
            .expect("by_name holds indexes into columns");
        column.fill_nulls(row);
        column
    }

    /// Returns the table, columns padded with nulls to its last row.
    pub fn finish(mut self) -> Table {
        let rows = self.time.len();
        self.columns
            .iter_mut()
            .for_each(|column| column.fill_nulls(rows));
        Table {
            name: self.name,
            append_only: self.append_only,
            time: self.time,
            columns: self
                .columns
                .into_iter()
                .map(ColumnBuilder::finish)
                .collect(),
        }
    }
}

/// A column under construction.
#[derive(Debug)]
pub struct ColumnBuilder {
    definition: ColumnDefinition,
    rows: usize,
    nulls: usize,
    validity: Vec<u8>,
    values: Values,
    codes: HashMap<String, u32>,
}

impl ColumnBuilder {
    fn new(definition: &ColumnDefinition) -> Self {
        let empty_text = || Text {
            offsets: vec![0],
            bytes: Vec::new(),
        };
        let values = match definition.field_type {
            FieldType::I64 => Values::I64(Vec::new()),
            FieldType::F64 => Values::F64(Vec::new()),
            FieldType::Bool => Values::Bool(Vec::new()),
            FieldType::Time => Values::Time(Vec::new()),
            FieldType::Text => Values::Dictionary(Dictionary {
                codes: Vec::new(),
                values: empty_text(),
            }),
        };
        Self {
            definition: definition.clone(),
            rows: 0,
            nulls: 0,
            validity: Vec::new(),
            values,
            codes: HashMap::new(),
        }
    }

    /// Returns the type of the column.
    pub fn field_type(&self) -> FieldType {
        self.definition.field_type
    }

    /// Returns whether the column is a tag or a field.
    pub fn role(&self) -> ColumnRole {
        self.definition.role
    }

    /// Returns the number of rows that have a value or a null here; once the row begun last has its
    /// value, as many as the table has.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Pushes a `BIGINT` or, into a column of that type, a `TIMESTAMP`; false if the type is another.
    #[must_use]
    pub fn push_i64(&mut self, value: i64) -> bool {
        match &mut self.values {
            Values::I64(values) | Values::Time(values) => values.push(value),
            _ => return false,
        }
        self.mark(true);
        true
    }

    /// Pushes a `DOUBLE`; false if the type is another.
    #[must_use]
    pub fn push_f64(&mut self, value: f64) -> bool {
        let Values::F64(values) = &mut self.values else {
            return false;
        };
        values.push(value);
        self.mark(true);
        true
    }

    /// Pushes a `BOOLEAN`; false if the type is another.
    #[must_use]
    pub fn push_bool(&mut self, value: bool) -> bool {
        let Values::Bool(values) = &mut self.values else {
            return false;
        };
        values.push(u8::from(value));
        self.mark(true);
        true
    }

    /// Pushes a `TEXT`; false if the type is another or the distinct texts exceed 4 GiB.
    #[must_use]
    pub fn push_text(&mut self, value: &str) -> bool {
        let Values::Dictionary(dictionary) = &mut self.values else {
            return false;
        };
        let code = match self.codes.get(value) {
            Some(code) => *code,
            None => {
                let text = &mut dictionary.values;
                let Ok(end) = u32::try_from(text.bytes.len() + value.len()) else {
                    return false;
                };
                let Ok(code) = u32::try_from(self.codes.len()) else {
                    return false;
                };
                text.bytes.extend(value.as_bytes());
                text.offsets.push(end);
                self.codes.insert(value.to_owned(), code);
                code
            }
        };
        dictionary.codes.push(code);
        self.mark(true);
        true
    }

    fn fill_nulls(&mut self, rows: usize) {
        while self.rows < rows {
            match &mut self.values {
                Values::I64(values) | Values::Time(values) => values.push(0),
                Values::F64(values) => values.push(0.0),
                Values::Bool(values) => values.push(0),
                Values::Dictionary(dictionary) => dictionary.codes.push(0),
                Values::Text(text) => text.offsets.push(text.offsets.last().copied().unwrap_or(0)),
            }
            self.mark(false);
        }
    }

    fn mark(&mut self, valid: bool) {
        if self.rows.is_multiple_of(8) {
            self.validity.push(0);
        }
        if let Some(last) = self.validity.last_mut() {
            *last |= u8::from(valid) << (self.rows % 8);
        }
        self.nulls += usize::from(!valid);
        self.rows += 1;
    }

    fn finish(self) -> Column {
        Column {
            name: self.definition.name,
            role: u8::from(self.definition.role == ColumnRole::Field),
            kind: match self.definition.kind {
                Kind::Gauge => 0,
                Kind::Cumulative => 1,
                Kind::Increase => 2,
            },
            unit: self.definition.unit,
            validity: if self.nulls == 0 {
                Vec::new()
            } else {
                self.validity
            },
            values: self.values,
        }
    }
}

#[cfg(test)]
mod tests {
    use schema::{ColumnDefinition, ColumnRole, FieldType};

    use super::TableBuilder;
    use crate::v1::Batch;
    use crate::{BatchFrame, Limits};

    #[test]
    fn a_column_that_comes_late_or_stays_away_is_null() {
        let host = ColumnDefinition::tag("host");
        let late = ColumnDefinition::field("late", FieldType::I64);
        let mut table = TableBuilder::new("cpu");
        table.begin_row(1);
        assert!(table.column(&host).push_text("a"));
        table.begin_row(2);
        assert!(table.column(&late).push_i64(7));
        assert!(
            !table
                .column(&ColumnDefinition::field("x", FieldType::F64))
                .push_i64(1)
        );
        assert_eq!(table.column_count(), 3);
        let batch = Batch {
            tables: vec![table.finish()],
            ..Batch::default()
        };
        let frame = BatchFrame::encode(&batch, &Limits::default()).expect("the builder is sound");
        let table = frame.view().tables().next().unwrap();
        let host = table.tags().next().unwrap();
        assert_eq!((host.value(0), host.value(1)), (Some("a"), None));
        let late = table.fields().next().unwrap();
        assert!(!late.is_valid(0) && late.is_valid(1));
    }

    #[test]
    fn a_column_is_found_by_its_name_and_tells_whether_its_row_is_filled() {
        let mut table = TableBuilder::new("cpu");
        table.begin_row(1);
        let column = table.column_or_insert_with("host", || ColumnDefinition::tag("host"));
        assert_eq!((column.role(), column.rows()), (ColumnRole::Tag, 0));
        assert!(column.push_text("a"));
        let again = table.column_or_insert_with("host", || unreachable!("the column exists"));
        assert_eq!((again.rows(), again.field_type()), (1, FieldType::Text));
    }
}
