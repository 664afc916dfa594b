//! Integers that repeat: values, and how often each comes.
//!
//! ```text
//!  offset bytes
//!       0     4  number of runs
//!       4     ?  the value of each run, as encoded integers
//!       ?     ?  the length of each run, likewise; from 1, together the number of rows
//! ```

use super::effort::Nesting;
use super::integers::{self, Depth};
use super::{Damage, Input, push_count};

pub(super) fn encode(values: &[i64], nesting: Nesting, out: &mut Vec<u8>) {
    let (mut heads, mut lengths) = (Vec::new(), Vec::new());
    for run in values.chunk_by(|a, b| a == b) {
        heads.extend(run.first());
        lengths.push(i64::try_from(run.len()).expect("a page has fewer rows than 2^63"));
    }
    push_count(out, heads.len());
    integers::encode_nested(&heads, nesting.below(), out);
    integers::encode_nested(&lengths, nesting.below(), out);
}

pub(super) fn decode(
    input: &mut Input<'_>,
    rows: usize,
    depth: Depth,
    out: &mut Vec<i64>,
) -> Result<(), Damage> {
    let runs = input.count(rows)?;
    let heads = integers::decode_nested(input, runs, depth.below())?;
    let lengths = integers::decode_nested(input, runs, depth.below())?;
    let mut left = rows;
    for (head, length) in heads.iter().zip(&lengths) {
        let length = usize::try_from(*length).ok().filter(|length| *length > 0);
        let length = length.ok_or(MISFIT)?;
        left = left.checked_sub(length).ok_or(MISFIT)?;
        out.resize(out.len() + length, *head);
    }
    if left > 0 {
        return Err(MISFIT);
    }
    Ok(())
}

const MISFIT: Damage = Damage("the runs do not add up to the rows");
