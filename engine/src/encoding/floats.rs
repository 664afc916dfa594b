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
    let scale = alp::find(values).filter(|scale| {
        // A stretch from the middle tells which is smaller; trying both on all would cost twice.
        let stretch = values.len().min(STRETCH_ROWS);
        let middle = (values.len() - stretch) / 2..(values.len() + stretch) / 2;
        let (mut decimals, mut integers) = (Vec::new(), Vec::new());
        alp::encode(
            values.get(middle.clone()).unwrap_or_default(),
            *scale,
            &mut decimals,
        );
        integers::encode(bits.get(middle).unwrap_or_default(), &mut integers);
        decimals.len() < integers.len()
    });
    let Some(scale) = scale else {
        return integers::encode(&bits, out);
    };
    out.push(Encoding::Alp.code());
    alp::encode(values, scale, out);
    Encoding::Alp
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

/// Rows of the stretch that decides between decimals and bits.
const STRETCH_ROWS: usize = 512;
