//! One integer for all rows.
//!
//! ```text
//!  offset bytes
//!       0     8  the value
//! ```
//!
//! A whole page of one value without nulls has no bytes at all: its value is in the footer.

use super::{Damage, Input};

pub(super) fn encode(value: i64, out: &mut Vec<u8>) {
    out.extend_from_slice(&value.to_le_bytes());
}

pub(super) fn decode(input: &mut Input<'_>, rows: usize, out: &mut Vec<i64>) -> Result<(), Damage> {
    let value = input.i64()?;
    out.resize(out.len() + rows, value);
    Ok(())
}
