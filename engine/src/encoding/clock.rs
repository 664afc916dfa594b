//! Times of series that are sampled together: each stretch of rising values once, however many
//! series share it.
//!
//! ```text
//!  offset bytes
//!       0     4  number of values in the pool
//!       4     4  number of stretches
//!       8     ?  the pool, as encoded integers
//!       ?     ?  where in the pool each stretch begins, likewise
//!       ?     ?  the length of each stretch, likewise; from 1, together the number of rows
//! ```
//!
//! ```text
//!  rows   10 20 30 40 │ 10 20 30 40 │ 20 30      pool  10 20 30 40
//!                                                begin 0 0 1    length 4 4 2
//! ```

use super::effort::Nesting;
use super::integers::{self, Depth};
use super::lookup::{Lookup, hash};
use super::{Damage, Input, push_count};

/// Distinct stretches of values, and which of them come after each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Clock {
    pool: Vec<i64>,
    begins: Vec<i64>,
    lengths: Vec<i64>,
}

impl Clock {
    /// Finds stretches that repeat; nothing when the pool would be half as long as the values.
    pub(super) fn of(values: &[i64]) -> Option<Self> {
        let most = values.len() / 2;
        let mut clock = Self {
            pool: Vec::new(),
            begins: Vec::new(),
            lengths: Vec::new(),
        };
        let mut known = Lookup::for_at_most(most + 1);
        for stretch in values.chunk_by(|a, b| a < b) {
            let begin = clock.place(stretch, &mut known, most)?;
            clock.begins.push(i64::try_from(begin).ok()?);
            clock.lengths.push(i64::try_from(stretch.len()).ok()?);
        }
        (clock.begins.len() <= values.len() / 4).then_some(clock)
    }

    /// Returns where the pool has a stretch, which is appended if it is new.
    fn place(&mut self, stretch: &[i64], known: &mut Lookup, most: usize) -> Option<usize> {
        let first = *stretch.first()?;
        let at_end = u32::try_from(self.pool.len()).ok()?;
        let pool = &self.pool;
        let same = |at: u32| pool.get(at as usize) == Some(&first);
        let begin = known.number(hash(first), at_end, same)? as usize;
        if self.pool.get(begin..begin + stretch.len()) == Some(stretch) {
            return Some(begin);
        }
        if self.pool.len() + stretch.len() > most {
            return None;
        }
        let new = self.pool.len();
        self.pool.extend_from_slice(stretch);
        for (at, value) in (at_end..).zip(stretch) {
            let pool = &self.pool;
            // The newest stretch with a value is the likeliest to come again.
            let is_it = |at: u32| pool.get(at as usize) == Some(value);
            if !known.renumber(hash(*value), at, is_it) {
                return None;
            }
        }
        Some(new)
    }
}

pub(super) fn encode(clock: &Clock, nesting: Nesting, out: &mut Vec<u8>) {
    push_count(out, clock.pool.len());
    push_count(out, clock.begins.len());
    for values in [&clock.pool, &clock.begins, &clock.lengths] {
        integers::encode_nested(values, nesting.below(), out);
    }
}

pub(super) fn decode(
    input: &mut Input<'_>,
    rows: usize,
    depth: Depth,
    out: &mut Vec<i64>,
) -> Result<(), Damage> {
    let (pooled, stretches) = (input.count(rows)?, input.count(rows)?);
    let pool = integers::decode_nested(input, pooled, depth.below())?;
    let begins = integers::decode_nested(input, stretches, depth.below())?;
    let lengths = integers::decode_nested(input, stretches, depth.below())?;
    let mut left = rows;
    for (begin, length) in begins.iter().zip(&lengths) {
        let begin = usize::try_from(*begin).map_err(|_| MISFIT)?;
        let length = usize::try_from(*length).map_err(|_| MISFIT)?;
        left = left.checked_sub(length).ok_or(MISFIT)?;
        let stretch = pool.get(begin..).and_then(|rest| rest.get(..length));
        out.extend_from_slice(stretch.ok_or(MISFIT)?);
    }
    if left > 0 {
        return Err(MISFIT);
    }
    Ok(())
}

const MISFIT: Damage = Damage("the stretches do not add up to the rows");
