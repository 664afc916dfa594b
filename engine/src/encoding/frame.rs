//! Distances from a base, packed into as few bits as nearly all of them need (PFOR).
//!
//! ```text
//!  for each vector of 1 024 rows, the last one shorter:
//!  offset bytes
//!       0     8  the base; a distance is value − base as an unsigned number
//!       8     1  width in bits, 0 to 64
//!       9     1  bytes of an exception, 0 to 8
//!      10     2  number of exceptions
//!      12     p  the low bits of each distance, packed
//!    12+p   2·e  the row of each exception within the vector
//!       ?   b·e  the whole distance of each exception
//! ```
//!
//! `p` is 128 · width for a whole vector, in 16 lanes, and ⌈rows · width / 8⌉ for a shorter one,
//! as a plain stream of bits. Exceptions are those whose distance needs more bits; a value below the
//! base is one too, its distance being negative: exceptions are signed, and extended to 64 bits.

use super::integers::Take;
use super::packing::{pack, unpack, unpack_stream, words};
use super::window::Window;
use super::{Damage, Input};

platform::wide_fn! {
    pub(super) fn encode<'a>(values: &'a [i64], out: &'a mut Vec<u8>) {
        for vector in values.chunks(VECTOR) {
            encode_vector(vector, out);
        }
    }
}

platform::wide_fn! {
    /// Decodes values and hands them on, a vector at a time.
    pub(super) fn decode<'a, 'b, 'c>(
        input: &'a mut Input<'b>,
        rows: usize,
        take: &'a mut Take<'c>,
    ) -> Result<(), Damage> {
        decode_vectors(input, rows, take, |_| ())
    }
}

platform::wide_fn! {
    /// Decodes differences and hands on what they lead to.
    pub(super) fn decode_sums<'a, 'b, 'c>(
        input: &'a mut Input<'b>,
        rows: usize,
        first: i64,
        take: &'a mut Take<'c>,
    ) -> Result<(), Damage> {
        let mut sum = first;
        decode_vectors(input, rows, take, |vector| {
            for value in vector {
                sum = sum.wrapping_add(*value);
                *value = sum;
            }
        })
    }
}

/// Decodes vector by vector; `change` may change each before it is handed on.
#[inline(always)]
fn decode_vectors(
    input: &mut Input<'_>,
    rows: usize,
    take: &mut Take<'_>,
    mut change: impl FnMut(&mut [i64]),
) -> Result<(), Damage> {
    let mut scratch = [0; VECTOR];
    let mut left = rows;
    while left > 0 {
        let vector = left.min(VECTOR);
        let values = scratch.get_mut(..vector).expect(FITS);
        decode_vector(input, values)?;
        change(values);
        take(values);
        left -= vector;
    }
    Ok(())
}

#[inline(always)]
fn encode_vector(values: &[i64], out: &mut Vec<u8>) {
    let window = Window::best(values);
    let mut distances = [0; VECTOR];
    for (distance, value) in distances.iter_mut().zip(values) {
        *distance = value.wrapping_sub(window.base).cast_unsigned();
    }
    let distances = distances.get(..values.len()).expect(FITS);
    let (mut rows, mut outside) = (Vec::new(), Vec::new());
    for (row, value) in (0u16..).zip(values) {
        if !window.has(*value) {
            rows.push(row);
            outside.push(value.wrapping_sub(window.base));
        }
    }
    let bytes = outside
        .iter()
        .map(|distance| signed_bytes(*distance))
        .max()
        .unwrap_or(0);

    out.extend_from_slice(&window.base.to_le_bytes());
    out.extend(u8::try_from(window.width));
    out.extend(u8::try_from(bytes));
    let count = u16::try_from(rows.len()).expect("a vector has 1 024 rows");
    out.extend_from_slice(&count.to_le_bytes());
    pack_vector(distances, window.width, out);
    out.extend(rows.iter().flat_map(|row| row.to_le_bytes()));
    for distance in &outside {
        out.extend(distance.to_le_bytes().into_iter().take(bytes));
    }
}

#[inline(always)]
fn decode_vector(input: &mut Input<'_>, values: &mut [i64]) -> Result<(), Damage> {
    let (base, width, bytes) = (input.i64()?, input.u8()?, usize::from(input.u8()?));
    let exceptions = usize::from(input.u16()?);
    if width > 64 || bytes > 8 || exceptions > values.len() {
        return Err(Damage(
            "a frame has more bits or exceptions than there can be",
        ));
    }
    unpack_vector(input, width.into(), base, values)?;
    let (rows, _) = input.take(exceptions * 2)?.as_chunks::<2>();
    let outside = input.take(exceptions * bytes)?;
    let mut outside = outside.chunks_exact(bytes.max(1));
    for row in rows {
        let distance = outside.next().map_or(0, signed);
        let place = values.get_mut(usize::from(u16::from_le_bytes(*row)));
        let place = place.ok_or(Damage("an exception lies behind its vector"))?;
        *place = base.wrapping_add(distance);
    }
    Ok(())
}

#[inline(always)]
fn pack_vector(distances: &[u64], width: u32, out: &mut Vec<u8>) {
    if width == 0 {
        return;
    }
    let mut packed = [0; VECTOR];
    if distances.len() == VECTOR {
        pack::<LANES>(distances, width, &mut packed);
    } else {
        pack::<1>(distances, width, &mut packed);
    }
    let end = out.len() + packed_bytes(distances.len(), width);
    let used = packed.get(..words::<1>(distances.len(), width));
    for word in used.expect(FITS) {
        out.extend_from_slice(&word.to_le_bytes());
    }
    out.truncate(end);
}

#[inline(always)]
fn unpack_vector(
    input: &mut Input<'_>,
    width: u32,
    base: i64,
    values: &mut [i64],
) -> Result<(), Damage> {
    let bytes = input.take(packed_bytes(values.len(), width))?;
    if width == 0 {
        values.fill(base);
        return Ok(());
    }
    let base = base.cast_unsigned();
    let unpacked = if values.len() == VECTOR {
        let (words, _) = bytes.as_chunks::<8>();
        unpack::<LANES>(words, width, base, values)
    } else {
        // A word more, since the last bits may end in the middle of one.
        let mut padded = Vec::with_capacity(bytes.len() + 8);
        padded.extend_from_slice(bytes);
        padded.extend_from_slice(&[0; 8]);
        unpack_stream(&padded, width, base, values)
    };
    unpacked.ok_or(Damage("a frame ends too early"))
}

const fn packed_bytes(rows: usize, width: u32) -> usize {
    (rows * width as usize).div_ceil(8)
}

/// Returns the bytes that a number takes, its sign included.
const fn signed_bytes(number: i64) -> usize {
    let bits = 65 - (number ^ (number >> 63)).leading_zeros();
    bits.div_ceil(8) as usize
}

/// Returns a number of up to eight bytes, its sign extended.
fn signed(bytes: &[u8]) -> i64 {
    let negative = bytes.last().is_some_and(|byte| *byte >= 0x80);
    let mut whole = [if negative { 0xff } else { 0 }; 8];
    for (place, byte) in whole.iter_mut().zip(bytes) {
        *place = *byte;
    }
    i64::from_le_bytes(whole)
}

const VECTOR: usize = 1_024;
const FITS: &str = "a vector has 1 024 rows at most, and a word for each at most";
const LANES: usize = 16;
