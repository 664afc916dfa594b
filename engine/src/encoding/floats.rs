//! Doubles: as decimals, or as the integers that their bits are.
//!
//! ```text
//!  offset bytes
//!       0     1  number of the encoding: alp, planes, or one of the integers'
//!       1     ?  its bytes
//! ```
//!
//! Bits are kept as they are: every NaN with its payload, and the sign of zero.

use super::effort::Effort;
use super::integers;
use super::{Damage, Encoding, Input, alp, planes};

pub(super) fn encode(values: &[f64], effort: Effort, out: &mut Vec<u8>) -> Encoding {
    if let Some(scale) = alp::find(values) {
        out.push(Encoding::Alp.code());
        alp::encode(values, scale, effort, out);
        return Encoding::Alp;
    }
    integers::encode(&bits(values), effort, out)
}

/// Encodes doubles byte by byte, for zstd to find what they share.
pub(super) fn encode_planes(values: &[f64], out: &mut Vec<u8>) {
    out.push(Encoding::Planes.code());
    planes::encode(&bits(values), out);
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

fn bits(values: &[f64]) -> Vec<i64> {
    let bits = values.iter().map(|value| value.to_bits().cast_signed());
    bits.collect()
}
