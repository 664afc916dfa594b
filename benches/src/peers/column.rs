//! The cells of a generated table, row by row, for the formats of others.

use wire::v1::{Column, Table, Text, Values};

/// What one row has in one column.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Cell<'a> {
    Null,
    Integer(i64),
    Number(f64),
    Text(&'a str),
}

/// A column that can be asked for any row.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cells<'a>(pub(super) &'a Column);

impl<'a> Cells<'a> {
    /// Returns the cell of a row; null where there is none.
    pub(super) fn at(self, row: usize) -> Cell<'a> {
        let bits = &self.0.validity;
        let is_valid = bits
            .get(row / 8)
            .is_none_or(|byte| byte >> (row % 8) & 1 == 1);
        if !is_valid {
            return Cell::Null;
        }
        self.value(row).unwrap_or(Cell::Null)
    }

    /// Tells whether this is a tag.
    pub(super) fn is_tag(self) -> bool {
        self.0.role == 0
    }

    fn value(self, row: usize) -> Option<Cell<'a>> {
        Some(match &self.0.values {
            Values::I64(values) | Values::Time(values) => Cell::Integer(*values.get(row)?),
            Values::F64(values) => Cell::Number(*values.get(row)?),
            Values::Bool(values) => Cell::Integer((*values.get(row)?).into()),
            Values::Text(text) => Cell::Text(slice(text, row)?),
            Values::Dictionary(dictionary) => {
                let code = *dictionary.codes.get(row)?;
                Cell::Text(slice(&dictionary.values, code as usize)?)
            }
        })
    }
}

/// Returns the columns of a table.
pub(super) fn cells(table: &Table) -> impl Iterator<Item = Cells<'_>> + Clone {
    table.columns.iter().map(Cells)
}

fn slice(text: &Text, index: usize) -> Option<&str> {
    let from = *text.offsets.get(index)? as usize;
    let to = *text.offsets.get(index + 1)? as usize;
    std::str::from_utf8(text.bytes.get(from..to)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate::{DataSet, Share, StatementShape, WaitShape};

    #[test]
    fn every_cell_of_a_statement_is_there() {
        let data_set = DataSet::Statements(StatementShape::of_minutes(1, 1));
        let table = data_set.rows(Share::WHOLE).next_table(3).unwrap();
        let row: Vec<_> = cells(&table).map(|column| column.at(1)).collect();
        assert_eq!(row[0], Cell::Text("pg-00"));
        assert!(matches!(row[3], Cell::Text(id) if id.parse::<i64>().is_ok()));
        assert!(
            row[4..10]
                .iter()
                .all(|cell| matches!(cell, Cell::Integer(_)))
        );
        assert!(row[10..].iter().all(|cell| matches!(cell, Cell::Number(_))));
        assert_eq!(cells(&table).next().unwrap().at(3), Cell::Null);
    }

    #[test]
    fn what_a_backend_on_a_processor_waits_for_is_null() {
        let data_set = DataSet::Waits(WaitShape::of_minutes(1, 1));
        let table = data_set.rows(Share::WHOLE).next_table(200).unwrap();
        let event = cells(&table).last().unwrap();
        let nulls = (0..200).filter(|row| event.at(*row) == Cell::Null).count();
        assert!((60..120).contains(&nulls), "{nulls}");
    }
}
