//! Packs integers into a given number of bits each, and back; the kernels under [`super::frame`].
//!
//! Values lie in `L` lanes side by side: value `i` is row `i / L` of lane `i % L`, and row `r` of
//! each lane begins at bit `r · width` of it. Word `k` of all lanes comes before word `k + 1` of
//! any. With 16 lanes the compiler turns each row into a few vector instructions, since shift and
//! mask are the same in all of them; with one lane it is a plain stream of bits.
//!
//! **Source**: Afroozeh and Boncz, "The FastLanes Compression Layout", VLDB 2023; the order of rows
//! here is the simple one, without its transposition.

/// Packs the low `width` bits, 1 to 64, of each value. `words` has zeros, enough of them.
#[inline(always)]
pub(super) fn pack<const L: usize>(values: &[u64], width: u32, words: &mut [u64]) {
    let mask = low_bits(width);
    for (row, values) in values.chunks(L).enumerate() {
        let (word, shift) = position(row, width);
        let Some((low, rest)) = words
            .get_mut(word * L..)
            .and_then(|w| w.split_at_mut_checked(L))
        else {
            return;
        };
        for (low, value) in low.iter_mut().zip(values) {
            *low |= (value & mask) << shift;
        }
        if shift + width > 64 {
            for (high, value) in rest.iter_mut().zip(values) {
                *high |= (value & mask) >> (64 - shift);
            }
        }
    }
}

/// Unpacks as many values as `values` has room for and adds `base` to each, wrapping around.
///
/// Returns before the end when there are too few words.
#[inline(always)]
pub(super) fn unpack<const L: usize>(
    words: &[[u8; 8]],
    width: u32,
    base: u64,
    values: &mut [i64],
) -> Option<()> {
    let mask = low_bits(width);
    // Slices, not arrays: a loop over an array is unrolled before it could be made one of vectors.
    for (row, values) in values.chunks_mut(L).enumerate() {
        let (word, shift) = position(row, width);
        let (low, rest) = words.get(word * L..)?.split_at_checked(L)?;
        let place = |bits: u64| (bits & mask).wrapping_add(base).cast_signed();
        if shift + width <= 64 {
            for (value, low) in values.iter_mut().zip(low) {
                *value = place(u64::from_le_bytes(*low) >> shift);
            }
            continue;
        }
        let high = rest.get(..L)?;
        for ((value, low), high) in values.iter_mut().zip(low).zip(high) {
            let (low, high) = (u64::from_le_bytes(*low), u64::from_le_bytes(*high));
            *value = place(low >> shift | high << (64 - shift));
        }
    }
    Some(())
}

/// Unpacks a plain stream of bits, with eight bytes of any kind behind its last, as [`unpack`] does.
#[inline(always)]
pub(super) fn unpack_stream(bytes: &[u8], width: u32, base: u64, values: &mut [i64]) -> Option<()> {
    if width > NARROW_WIDTH {
        let (words, _) = bytes.as_chunks::<8>();
        return unpack::<1>(words, width, base, values);
    }
    let mask = low_bits(width);
    // Eight values take as many bytes as one has bits: one word has them all.
    let word_of = |eight: usize| {
        let word = bytes.get(eight * width as usize..)?.first_chunk()?;
        Some(u64::from_le_bytes(*word))
    };
    let place = |word: u64, shift: u32| (word >> shift & mask).wrapping_add(base).cast_signed();
    let (eights, rest) = values.as_chunks_mut::<8>();
    let word = word_of(eights.len());
    for (row, values) in eights.iter_mut().enumerate() {
        let word = word_of(row)?;
        for (value, shift) in values.iter_mut().zip(0u32..) {
            *value = place(word, shift * width);
        }
    }
    for (value, shift) in rest.iter_mut().zip(0u32..) {
        *value = place(word?, shift * width);
    }
    Some(())
}

/// Returns the words that so many values take.
pub(super) const fn words<const L: usize>(values: usize, width: u32) -> usize {
    (values.div_ceil(L) * width as usize).div_ceil(64) * L
}

#[expect(clippy::cast_possible_truncation, reason = "a remainder of 64 fits")]
const fn position(row: usize, width: u32) -> (usize, u32) {
    let bit = row * width as usize;
    (bit / 64, (bit % 64) as u32)
}

/// Returns the greatest number of so many bits.
pub(super) const fn low_bits(width: u32) -> u64 {
    if width >= 64 {
        u64::MAX
    } else {
        (1 << width) - 1
    }
}

/// Up to here eight values and their bits fit into a word.
const NARROW_WIDTH: u32 = 8;
