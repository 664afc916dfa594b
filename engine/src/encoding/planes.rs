//! Words byte by byte, so that zstd finds the bytes that doubles share.
//!
//! ```text
//!  offset bytes
//!       0  rows  the lowest byte of each row
//!    rows  rows  the second byte of each row, and so on up to the eighth
//! ```

use super::{Damage, Input};

pub(super) fn encode(values: &[i64], out: &mut Vec<u8>) {
    for plane in 0..8 {
        out.extend(
            values
                .iter()
                .map(|value| (value >> (8 * plane) & 0xff) as u8),
        );
    }
}

pub(super) fn decode(input: &mut Input<'_>, rows: usize) -> Result<Vec<i64>, Damage> {
    let bytes = input.take(rows.saturating_mul(8))?;
    let mut values = vec![0i64; rows];
    for (plane, bytes) in bytes.chunks_exact(rows.max(1)).enumerate() {
        for (value, byte) in values.iter_mut().zip(bytes) {
            *value |= i64::from(*byte) << (8 * plane);
        }
    }
    Ok(values)
}
