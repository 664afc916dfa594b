//! A column by what another column of the same rows tells of it.
//!
//! ```text
//!  offset bytes
//!       0     ?  for each distinct value of the other column a bit: 1 where this column has one and
//!                the same value in all its rows; as encoded bits
//!       ?     1  0: the rows of all other values are kept; 1: only those that differ from the row
//!                before that has the same value of the other column
//!       ?     ?  with 1: for each row that is not the first of its value, and whose bit is 0,
//!                whether it differs; as encoded bits
//!       ?     4  number of rows that are kept
//!       ?     ?  those, and the first row of each distinct value, as a column
//! ```
//!
//! ```text
//!  other   7 7 9 7 9 9 0 0 0                 of 7: one value, of 9: not, of 0: one value
//!  this    a a b a b c . . .    kept: a (first of 7), b (first of 9), c (differs), . (first of 0)
//! ```
//!
//! The address of a client follows from the process that serves it, the type of a wait from the
//! wait; a statement that was not called did nothing else either; and where the rows of several
//! processes alternate, each goes on with what it did before.

use schema::FieldType;

use super::effort::Effort;
use super::numbering::Numbering;
use super::{Damage, Input, bits, decode_column, encode_column, push_count, texts};
use crate::column::{Bitmap, Column};

/// Encodes a column by the numbers of another; both have the same rows.
pub(super) fn encode(column: &Column, own: &Numbering, other: &Numbering, out: &mut Vec<u8>) {
    let same = find_same(own, other);
    bits::encode(&same, Effort::Cold, out);
    let differs = changes(own, other, &same);
    // Telling where rows differ costs up to a bit each, which must leave enough of them out.
    let only_changes = differs.count_ones() * 10 < differs.len() * 7;
    out.push(u8::from(only_changes));
    if only_changes {
        bits::encode(&differs, Effort::Cold, out);
    }
    let rows = kept(&differs, other, &same, only_changes);
    push_count(out, rows.len());
    encode_column(&column.gather(&rows), Effort::Cold, out);
}

/// Decodes a column of as many rows as the other has.
pub(super) fn decode(
    field_type: FieldType,
    other: &Column,
    input: &mut Input<'_>,
) -> Result<Column, Damage> {
    let other = Numbering::of(other).ok_or(Damage("the column that it follows has no numbers"))?;
    let same = bits::decode(input, other.distinct)?;
    let differs = match input.u8()? {
        0 => None,
        1 => Some(bits::decode(input, count_undecided(&other, &same))?),
        _ => return Err(Damage("it follows another column in no known way")),
    };
    let kept = input.count(other.numbers.len())?;
    let values = decode_column(field_type, kept, input)?;
    let mut walk = Walk::new(&other, &same);
    let (mut next, mut undecided) = (0u32, 0);
    let mut rows = Vec::with_capacity(other.numbers.len());
    for number in &other.numbers {
        let is_kept = match walk.step(*number) {
            Step::First => true,
            Step::Same => false,
            Step::Undecided => {
                let is_kept = differs.as_ref().is_none_or(|bits| bits.get(undecided));
                undecided += 1;
                is_kept
            }
        };
        if is_kept {
            walk.remember(*number, next);
            next += 1;
        }
        rows.push(walk.last(*number));
    }
    if next as usize != kept {
        return Err(Damage("it has other rows than the column that it follows"));
    }
    texts::check_gathered(&values, &rows)?;
    Ok(values.gather(&rows))
}

/// Returns for each row that is undecided whether it differs from the one before of its value.
fn changes(own: &Numbering, other: &Numbering, same: &Bitmap) -> Bitmap {
    let mut walk = Walk::new(other, same);
    let mut differs = Bitmap::new();
    for (number, value) in other.numbers.iter().zip(&own.numbers) {
        if matches!(walk.step(*number), Step::Undecided) {
            differs.push(walk.last(*number) != *value);
        }
        walk.remember(*number, *value);
    }
    differs
}

/// Returns the rows that are kept.
fn kept(differs: &Bitmap, other: &Numbering, same: &Bitmap, only_changes: bool) -> Vec<u32> {
    let mut walk = Walk::new(other, same);
    let mut differs = differs.iter();
    let mut rows = Vec::new();
    for (row, number) in (0u32..).zip(&other.numbers) {
        let is_kept = match walk.step(*number) {
            Step::First => true,
            Step::Same => false,
            Step::Undecided => differs.next() == Some(true) || !only_changes,
        };
        walk.remember(*number, 0);
        if is_kept {
            rows.push(row);
        }
    }
    rows
}

/// Returns for each value of the other column whether this one has one value in all its rows.
fn find_same(own: &Numbering, other: &Numbering) -> Bitmap {
    let mut values = vec![None; other.distinct];
    let mut same = vec![true; other.distinct];
    for (number, value) in other.numbers.iter().zip(&own.numbers) {
        let known = values.get_mut(*number as usize);
        let is_same = known.is_none_or(|known| *known.get_or_insert(*value) == *value);
        if let Some(flag) = same.get_mut(*number as usize) {
            *flag &= is_same;
        }
    }
    same.into_iter().collect()
}

fn count_undecided(other: &Numbering, same: &Bitmap) -> usize {
    let mut walk = Walk::new(other, same);
    let undecided = other.numbers.iter().filter(|number| {
        let step = walk.step(**number);
        if matches!(step, Step::First) {
            walk.remember(**number, 0);
        }
        matches!(step, Step::Undecided)
    });
    undecided.count()
}

/// Goes over the rows of the other column.
struct Walk<'a> {
    same: &'a Bitmap,
    /// For each of its values what was remembered last.
    last: Vec<Option<u32>>,
}

/// What is known of a row before it is looked at.
enum Step {
    /// It is the first of its value.
    First,
    /// It is as the one before of its value.
    Same,
    /// It may be as the one before, or not.
    Undecided,
}

impl<'a> Walk<'a> {
    fn new(other: &Numbering, same: &'a Bitmap) -> Self {
        Self {
            same,
            last: vec![None; other.distinct],
        }
    }

    fn step(&self, number: u32) -> Step {
        match self.last.get(number as usize) {
            Some(Some(_)) if self.same.get(number as usize) => Step::Same,
            Some(Some(_)) => Step::Undecided,
            _ => Step::First,
        }
    }

    fn remember(&mut self, number: u32, what: u32) {
        if let Some(last) = self.last.get_mut(number as usize) {
            *last = Some(what);
        }
    }

    fn last(&self, number: u32) -> u32 {
        let last = self.last.get(number as usize).copied().flatten();
        last.unwrap_or(0)
    }
}
