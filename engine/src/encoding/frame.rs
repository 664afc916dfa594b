//! Distances from a base, packed into as few bits as nearly all of them need (PFOR).
//!
//! ```text
//!  for each vector of 1 024 rows, the last one shorter:
//!  offset bytes
//!       0     8  the base; a distance is value − base as an unsigned number
//!       8     1  width in bits, 0 to 64
//!       9     2  number of exceptions
//!      11     p  the low bits of each distance, packed
//!    11+p   2·e  the row of each exception within the vector
//!       ?   8·e  the whole distance of each exception
//! ```
//!
//! `p` is 128 · width for a whole vector, in 16 lanes, and ⌈rows · width / 8⌉ for a shorter one,
//! as a plain stream of bits. Exceptions are those whose distance needs more bits; a value below the
//! base is one too, its distance having wrapped around.

use super::packing::{low_bits, pack, unpack, words};
use super::{Damage, Input};

pub(super) fn encode(values: &[i64], out: &mut Vec<u8>) {
    values
        .chunks(VECTOR)
        .for_each(|vector| encode_vector(vector, out));
}

pub(super) fn decode(input: &mut Input<'_>, rows: usize, out: &mut Vec<i64>) -> Result<(), Damage> {
    let mut left = rows;
    while left > 0 {
        let vector = left.min(VECTOR);
        decode_vector(input, vector, out)?;
        left -= vector;
    }
    Ok(())
}

/// The base and width of a vector.
#[derive(Debug, Clone, Copy)]
struct Frame {
    base: i64,
    width: u32,
}

fn encode_vector(values: &[i64], out: &mut Vec<u8>) {
    let Frame { base, width } = best(values);
    let mut distances = [0; VECTOR];
    for (distance, value) in distances.iter_mut().zip(values) {
        *distance = value.wrapping_sub(base).cast_unsigned();
    }
    let distances = distances.get(..values.len()).unwrap_or_default();
    let outside = |(_, distance): &(usize, &u64)| **distance > low_bits(width);
    let exceptions: Vec<(usize, &u64)> = distances.iter().enumerate().filter(outside).collect();

    out.extend_from_slice(&base.to_le_bytes());
    out.extend(u8::try_from(width));
    out.extend_from_slice(&short(exceptions.len()));
    pack_vector(distances, width, out);
    exceptions
        .iter()
        .for_each(|(row, _)| out.extend_from_slice(&short(*row)));
    exceptions
        .iter()
        .for_each(|(_, distance)| out.extend_from_slice(&distance.to_le_bytes()));
}

fn decode_vector(input: &mut Input<'_>, rows: usize, out: &mut Vec<i64>) -> Result<(), Damage> {
    let (base, width, exceptions) = (input.i64()?, input.u8()?, input.u16()?);
    if width > 64 || usize::from(exceptions) > rows {
        return Err(Damage(
            "a frame has more bits or exceptions than there can be",
        ));
    }
    let mut distances = [0; VECTOR];
    let distances = distances.get_mut(..rows).unwrap_or_default();
    unpack_vector(input, width.into(), distances)?;
    let (exception_rows, _) = input.take(usize::from(exceptions) * 2)?.as_chunks::<2>();
    let (whole, _) = input.take(usize::from(exceptions) * 8)?.as_chunks::<8>();
    for (row, distance) in exception_rows.iter().zip(whole) {
        let place = distances.get_mut(usize::from(u16::from_le_bytes(*row)));
        let place = place.ok_or(Damage("an exception lies behind its vector"))?;
        *place = u64::from_le_bytes(*distance);
    }
    out.extend(
        distances
            .iter()
            .map(|distance| base.wrapping_add(distance.cast_signed())),
    );
    Ok(())
}

fn pack_vector(distances: &[u64], width: u32, out: &mut Vec<u8>) {
    let mut packed = [0; VECTOR];
    if width == 0 {
        return;
    }
    if distances.len() == VECTOR {
        pack::<LANES>(distances, width, &mut packed);
    } else {
        pack::<1>(distances, width, &mut packed);
    }
    let start = out.len();
    out.extend(
        packed
            .iter()
            .take(words::<1>(distances.len(), width))
            .flat_map(|w| w.to_le_bytes()),
    );
    out.truncate(start + packed_bytes(distances.len(), width));
}

fn unpack_vector(input: &mut Input<'_>, width: u32, out: &mut [u64]) -> Result<(), Damage> {
    if width == 0 {
        return Ok(());
    }
    let bytes = input.take(packed_bytes(out.len(), width))?;
    let mut packed = [0u64; VECTOR];
    let (whole, rest) = bytes.as_chunks::<8>();
    for (word, bytes) in packed.iter_mut().zip(whole) {
        *word = u64::from_le_bytes(*bytes);
    }
    if let Some(word) = packed.get_mut(whole.len()) {
        *word = rest
            .iter()
            .rev()
            .fold(0, |word, byte| word << 8 | u64::from(*byte));
    }
    if out.len() == VECTOR {
        unpack::<LANES>(&packed, width, out);
    } else {
        unpack::<1>(&packed, width, out);
    }
    Ok(())
}

const fn packed_bytes(rows: usize, width: u32) -> usize {
    (rows * width as usize).div_ceil(8)
}

/// Returns the frame that takes the fewest bytes, of those with few values outside either end.
fn best(values: &[i64]) -> Frame {
    let mut copy = [0; VECTOR];
    let copy = copy.get_mut(..values.len()).unwrap_or_default();
    copy.copy_from_slice(values);
    sort_ends(copy);
    let mut best = (usize::MAX, Frame { base: 0, width: 64 });
    for below in OUTSIDE {
        for above in OUTSIDE {
            let last = copy
                .len()
                .checked_sub(above + 1)
                .filter(|last| *last >= below);
            let last = last.and_then(|last| copy.get(last));
            let Some((first, last)) = copy.get(below).zip(last) else {
                continue;
            };
            let range = last.wrapping_sub(*first).cast_unsigned();
            let frame = Frame {
                base: *first,
                width: 64 - range.leading_zeros(),
            };
            let bytes = packed_bytes(values.len(), frame.width) + (below + above) * EXCEPTION_BYTES;
            if bytes < best.0 {
                best = (bytes, frame);
            }
        }
    }
    best.1
}

/// Puts the least and the greatest values where sorting would; those between may lie anyhow.
fn sort_ends(values: &mut [i64]) {
    if values.len() <= 4 * OUTSIDE_MAX {
        return values.sort_unstable();
    }
    let (least, _, _) = values.select_nth_unstable(OUTSIDE_MAX + 1);
    least.sort_unstable();
    let greatest = values.len() - OUTSIDE_MAX - 1;
    let (_, rest) = values.split_at_mut(OUTSIDE_MAX + 1);
    let (_, _, greatest) = rest.select_nth_unstable(greatest - OUTSIDE_MAX - 2);
    greatest.sort_unstable();
}

fn short(number: usize) -> [u8; 2] {
    u16::try_from(number)
        .expect("a vector has 1 024 rows")
        .to_le_bytes()
}

const VECTOR: usize = 1_024;
const LANES: usize = 16;
const EXCEPTION_BYTES: usize = 10;
/// How many values may lie outside at one end of a frame.
const OUTSIDE: [usize; 7] = [0, 1, 2, 4, 8, 24, OUTSIDE_MAX];
const OUTSIDE_MAX: usize = 64;
