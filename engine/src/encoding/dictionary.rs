//! Integers of which few are distinct: those in rising order, and a code for each row.
//!
//! ```text
//!  offset bytes
//!       0     4  number of distinct values
//!       4     ?  the distinct values, as encoded integers
//!       ?     ?  the code of each row, likewise; an index into the values
//! ```

use super::integers::{self, Depth};
use super::{Damage, Input, push_count};

/// Returns the distinct values in rising order, unless there are more than `most`.
pub(super) fn distinct(values: &[i64], most: usize) -> Option<Vec<i64>> {
    let mut distinct = values.to_vec();
    distinct.sort_unstable();
    distinct.dedup();
    (distinct.len() <= most).then_some(distinct)
}

pub(super) fn encode(values: &[i64], distinct: &[i64], depth: Depth, out: &mut Vec<u8>) {
    let code = |value: &i64| distinct.partition_point(|known| known < value);
    let codes = values
        .iter()
        .map(|value| i64::try_from(code(value)).unwrap_or(0));
    push_count(out, distinct.len());
    integers::encode_nested(distinct, depth.below(), out);
    integers::encode_nested(&codes.collect::<Vec<_>>(), depth.below(), out);
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
