//! Doubles: as decimals, or as the integers that their bits are.
//!
//! ```text
//!  offset bytes
//!       0     1  number of the encoding: alp, planes, or one of the integers'
//!       1     ?  its bytes
//! ```
//!
//! Bits are kept as they are: every NaN with its payload, and the sign of zero.

use super::integers;
use super::{Damage, Encoding, Input, alp, planes};

pub(super) fn encode(values: &[f64], out: &mut Vec<u8>) -> Encoding {
    let bits: Vec<i64> = values
        .iter()
        .map(|value| value.to_bits().cast_signed())
        .collect();
    let start = out.len();
    let encoding = integers::encode(&bits, out);
    // Nothing beats what is constant or repeats itself in long runs.
    if (out.len() - start) * 16 <= values.len() {
        return encoding;
    }
    if let Some(scale) = alp::find(values) {
        let mut decimals = vec![Encoding::Alp.code()];
        alp::encode(values, scale, &mut decimals);
        if decimals.len() < out.len() - start {
            out.truncate(start);
            out.extend_from_slice(&decimals);
            return Encoding::Alp;
        }
    }
    encoding
}

/// Encodes doubles byte by byte, for zstd to find what they share.
pub(super) fn encode_planes(values: &[f64], out: &mut Vec<u8>) {
    let bits: Vec<i64> = values
        .iter()
        .map(|value| value.to_bits().cast_signed())
        .collect();
    out.push(Encoding::Planes.code());
    planes::encode(&bits, out);
}

pub(super) fn decode(input: &mut Input<'_>, rows: usize) -> Result<Vec<f64>, Damage> {
    let mut ahead = *input;
    let bits = match Encoding::from_code(ahead.u8()?)? {
        Encoding::Alp => {
            *input = ahead;
            return alp::decode(input, rows);
        }
        Encoding::Planes => {
            *input = ahead;
            planes::decode(input, rows)?
        }
        _ => integers::decode(input, rows)?,
    };
    Ok(bits
        .into_iter()
        .map(|bits| f64::from_bits(bits.cast_unsigned()))
        .collect())
}
