//! Numbers the distinct values of any column; what one column tells of another is asked by number.

use super::lookup::{Lookup, hash, hash_bytes};
use crate::column::{Column, Values};

/// For each row the number of its value, in order of appearance; a null is a value like others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Numbering {
    pub(crate) numbers: Vec<u32>,
    pub(crate) distinct: usize,
}

impl Numbering {
    /// Numbers the values of a column; nothing when too many collide in the table.
    pub(crate) fn of(column: &Column) -> Option<Self> {
        match &column.values {
            Values::I64(values) | Values::Time(values) => {
                let value = |row: usize| values.get(row).copied().unwrap_or(0);
                number(column, |row| hash(value(row)), |a, b| value(a) == value(b))
            }
            Values::F64(values) => {
                let bits = |row: usize| values.get(row).map_or(0, |value| value.to_bits());
                let of_row = |row| hash(bits(row).cast_signed());
                number(column, of_row, |a, b| bits(a) == bits(b))
            }
            Values::Bool(bits) => {
                let of_row = |row| hash(i64::from(bits.get(row)));
                number(column, of_row, |a, b| bits.get(a) == bits.get(b))
            }
            Values::Text(texts) => {
                let text = |row| texts.value_bytes(row);
                number(
                    column,
                    |row| hash_bytes(text(row)),
                    |a, b| text(a) == text(b),
                )
            }
        }
    }
}

fn number(
    column: &Column,
    hash_of: impl Fn(usize) -> u64,
    is_same: impl Fn(usize, usize) -> bool,
) -> Option<Numbering> {
    let rows = column.len();
    let mut lookup = Lookup::for_at_most(rows);
    // For each number the first row that has it.
    let mut firsts: Vec<usize> = Vec::new();
    let mut numbers: Vec<u32> = Vec::with_capacity(rows);
    let mut of_null = None;
    for row in 0..rows {
        let next = u32::try_from(firsts.len()).ok()?;
        let number = if !column.is_valid(row) {
            *of_null.get_or_insert(next)
        } else if row > 0 && column.is_valid(row - 1) && is_same(row - 1, row) {
            numbers.last().copied()?
        } else {
            let is_it = |number: u32| {
                let first = firsts.get(number as usize);
                first.is_some_and(|first| column.is_valid(*first) && is_same(*first, row))
            };
            lookup.number(hash_of(row), next, is_it)?
        };
        if number == next {
            firsts.push(row);
        }
        numbers.push(number);
    }
    Some(Numbering {
        numbers,
        distinct: firsts.len(),
    })
}
