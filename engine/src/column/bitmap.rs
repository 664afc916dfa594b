//! A growing row of bits, least significant first, as Arrow has it.

use std::fmt;
use std::ops::Range;

/// Bits in words of 64.
///
/// **Invariant:** there are just as many words as the bits need, and bits behind the last are 0.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Bitmap {
    words: Vec<u64>,
    len: usize,
}

impl Bitmap {
    /// Returns a bitmap without bits.
    pub const fn new() -> Self {
        Self {
            words: Vec::new(),
            len: 0,
        }
    }

    /// Returns a bitmap of equal bits.
    pub fn with_len(len: usize, value: bool) -> Self {
        let mut bits = Self::new();
        bits.extend_with(len, value);
        bits
    }

    /// Returns the first `len` bits of `words`; bits that are missing are 0.
    pub fn from_words(mut words: Vec<u64>, len: usize) -> Self {
        words.resize(len.div_ceil(WORD), 0);
        if let Some(last) = words.last_mut() {
            *last &= low_bits(len - (len - 1) / WORD * WORD);
        }
        Self { words, len }
    }

    /// Returns the number of bits.
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Tells whether there are no bits.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Returns a bit; false out of range.
    pub fn get(&self, index: usize) -> bool {
        self.words
            .get(index / WORD)
            .is_some_and(|word| word >> (index % WORD) & 1 == 1)
    }

    /// Returns the bits in words of 64; those behind the last are 0.
    pub fn words(&self) -> &[u64] {
        &self.words
    }

    /// Gives up the words.
    pub fn into_words(self) -> Vec<u64> {
        self.words
    }

    /// Returns the bits one by one.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = bool> + '_ {
        (0..self.len).map(|index| self.get(index))
    }

    /// Returns the number of bits that are 1.
    pub fn count_ones(&self) -> usize {
        self.words
            .iter()
            .map(|word| word.count_ones() as usize)
            .sum()
    }

    /// Tells whether all bits of the range are 1.
    pub fn is_all_ones(&self, range: Range<usize>) -> bool {
        pieces(range).all(|(at, count)| self.word_at(at) & low_bits(count) == low_bits(count))
    }

    /// Returns the first place from `start` on whose bit is not `value`; the length if there is none.
    pub fn first_other(&self, start: usize, value: bool) -> usize {
        let same = if value { 0 } else { u64::MAX };
        let mut at = start;
        while at < self.len {
            // A word whose bits are 1 where they differ from `value`.
            let others = !(self.word_at(at) ^ same);
            if others != 0 {
                return (at + others.trailing_zeros() as usize).min(self.len);
            }
            at += WORD;
        }
        self.len
    }

    /// Forgets all bits, keeping the memory.
    pub fn clear(&mut self) {
        self.words.clear();
        self.len = 0;
    }

    /// Returns the bytes that the bits take in memory.
    pub fn bytes(&self) -> usize {
        self.words.len() * size_of::<u64>()
    }

    /// Appends a bit.
    pub fn push(&mut self, value: bool) {
        self.append(u64::from(value), 1);
    }

    /// Appends equal bits.
    pub fn extend_with(&mut self, count: usize, value: bool) {
        let word = if value { u64::MAX } else { 0 };
        pieces(0..count).for_each(|(_, count)| self.append(word, count));
    }

    /// Appends bits of another bitmap; those past its end are 0.
    pub fn extend_from(&mut self, source: &Self, range: Range<usize>) {
        pieces(range).for_each(|(at, count)| self.append(source.word_at(at), count));
    }

    /// Appends bits that lie in bytes, least significant first; those past the end are 0.
    pub fn extend_from_bytes(&mut self, source: &[u8], range: Range<usize>) {
        pieces(range).for_each(|(at, count)| self.append(bits_of_bytes(source, at), count));
    }

    /// Appends a bit for each byte, 0 for 0 and 1 for anything else.
    pub fn extend_from_flags(&mut self, flags: &[u8]) {
        for flags in flags.chunks(WORD) {
            let set = |word, (at, flag): (usize, &u8)| word | u64::from(*flag != 0) << at;
            self.append(flags.iter().enumerate().fold(0, set), flags.len());
        }
    }

    /// Returns the 64 bits from `index` on; those past the end are 0.
    fn word_at(&self, index: usize) -> u64 {
        let (word, shift) = (index / WORD, index % WORD);
        let low = self.words.get(word).copied().unwrap_or(0) >> shift;
        if shift == 0 {
            return low;
        }
        low | self.words.get(word + 1).copied().unwrap_or(0) << (WORD - shift)
    }

    /// Appends the low `count` bits of a word, at most 64.
    fn append(&mut self, word: u64, count: usize) {
        if count == 0 {
            return;
        }
        let word = word & low_bits(count);
        let used = self.len % WORD;
        match self.words.last_mut() {
            Some(last) if used > 0 => {
                *last |= word << used;
                if used + count > WORD {
                    self.words.push(word >> (WORD - used));
                }
            }
            _ => self.words.push(word),
        }
        self.len += count;
    }
}

impl FromIterator<bool> for Bitmap {
    fn from_iter<I: IntoIterator<Item = bool>>(bits: I) -> Self {
        let mut bitmap = Self::new();
        bits.into_iter().for_each(|bit| bitmap.push(bit));
        bitmap
    }
}

impl fmt::Debug for Bitmap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Bitmap({} of {} set)", self.count_ones(), self.len)
    }
}

/// Cuts a range into pieces of at most 64: where each begins, and how long it is.
fn pieces(range: Range<usize>) -> impl Iterator<Item = (usize, usize)> {
    let end = range.end;
    range
        .step_by(WORD)
        .map(move |at| (at, (end - at).min(WORD)))
}

fn bits_of_bytes(source: &[u8], index: usize) -> u64 {
    let (byte, shift) = (index / 8, index % 8);
    let byte_at = |at: usize| u64::from(source.get(at).copied().unwrap_or(0));
    let low = match source.get(byte..).and_then(|rest| rest.first_chunk()) {
        Some(bytes) => u64::from_le_bytes(*bytes),
        None => (0..8).fold(0, |word, at| word | byte_at(byte + at) << (8 * at)),
    };
    if shift == 0 {
        return low;
    }
    low >> shift | byte_at(byte + 8) << (WORD - shift)
}

const fn low_bits(count: usize) -> u64 {
    if count >= WORD {
        u64::MAX
    } else {
        (1 << count) - 1
    }
}

const WORD: usize = 64;
