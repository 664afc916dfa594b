//! Integers as they are.
//!
//! ```text
//!  offset bytes
//!       0     8  the value of row 0, and so on for each row
//! ```

use super::{Damage, Input};

pub(super) fn encode(values: &[i64], out: &mut Vec<u8>) {
    out.extend(values.iter().flat_map(|value| value.to_le_bytes()));
}

pub(super) fn decode(input: &mut Input<'_>, rows: usize, out: &mut Vec<i64>) -> Result<(), Damage> {
    let bytes = input.take(rows.saturating_mul(8))?;
    let (values, _) = bytes.as_chunks::<8>();
    out.extend(values.iter().map(|value| i64::from_le_bytes(*value)));
    Ok(())
}
