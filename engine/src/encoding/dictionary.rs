//! Integers of which few are distinct: those in order of appearance, and a code for each row.
//!
//! ```text
//!  offset bytes
//!       0     4  number of distinct values
//!       4     ?  the distinct values, as encoded integers
//!       ?     ?  the code of each row, likewise; an index into the values
//! ```

use super::effort::Nesting;
use super::integers::{self, Depth};
use super::lookup::{Lookup, hash};
use super::{Damage, Input, push_count};

/// Distinct values in order of appearance, and the code of each row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Coded {
    pub(super) distinct: Vec<i64>,
    pub(super) codes: Vec<i64>,
}

impl Coded {
    /// Numbers the values, unless more than `most` are distinct.
    pub(super) fn of(values: &[i64], most: usize) -> Option<Self> {
        let mut lookup = Lookup::for_at_most(most + 1);
        let mut distinct: Vec<i64> = Vec::new();
        let mut codes = Vec::with_capacity(values.len());
        let (mut last, mut code) = (None, 0u32);
        for value in values {
            if last != Some(*value) {
                let next = u32::try_from(distinct.len()).ok()?;
                let is_it = |number: u32| distinct.get(number as usize) == Some(value);
                code = lookup.number(hash(*value), next, is_it)?;
                if code == next {
                    distinct.push(*value);
                }
                if distinct.len() > most {
                    return None;
                }
                last = Some(*value);
            }
            codes.push(i64::from(code));
        }
        Some(Self { distinct, codes })
    }
}

pub(super) fn encode(coded: &Coded, nesting: Nesting, out: &mut Vec<u8>) {
    push_count(out, coded.distinct.len());
    integers::encode_nested(&coded.distinct, nesting.below(), out);
    integers::encode_nested(&coded.codes, nesting.below(), out);
}

pub(super) fn decode(
    input: &mut Input<'_>,
    rows: usize,
    depth: Depth,
    out: &mut Vec<i64>,
) -> Result<(), Damage> {
    let count = input.count(rows)?;
    let distinct = integers::decode_nested(input, count, depth.below())?;
    let start = out.len();
    integers::decode_into(input, rows, depth.below(), out)?;
    for code in out.iter_mut().skip(start) {
        let value = usize::try_from(*code)
            .ok()
            .and_then(|code| distinct.get(code));
        *code = *value.ok_or(Damage("a code lies outside its dictionary"))?;
    }
    Ok(())
}
