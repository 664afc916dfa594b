//! Bits one behind the other, least significant first.

use super::Damage;

/// Appends bits.
#[derive(Debug, Default)]
pub(super) struct BitWriter {
    /// Whole bytes, the one that is begun, and zeros.
    bytes: Vec<u8>,
    /// How many bytes are whole.
    whole: usize,
    /// The bits of the byte that is begun.
    begun: u64,
    /// How many they are, 0 to 7.
    used: u32,
}

impl BitWriter {
    /// Appends the low `count` bits of a number that has no others, at most 56.
    #[inline(always)]
    pub(super) fn push(&mut self, bits: u64, count: u32) {
        let word = self.begun | bits << self.used;
        if self.bytes.len() < self.whole + WORD {
            self.bytes.resize((self.whole + WORD) * 2, 0);
        }
        let place = self.bytes.get_mut(self.whole..);
        if let Some(place) = place.and_then(<[u8]>::first_chunk_mut) {
            *place = word.to_le_bytes();
        }
        let used = self.used + count;
        self.whole += used as usize / 8;
        self.begun = word >> (used / 8 * 8);
        self.used = used % 8;
    }

    /// Returns the bytes; bits behind the last are 0.
    pub(super) fn finish(mut self) -> Vec<u8> {
        let begun = usize::from(self.used > 0);
        self.bytes.truncate(self.whole + begun);
        self.bytes
    }
}

/// Reads bits; memory: a copy of the bytes, so that every look ahead is a whole word.
#[derive(Debug)]
pub(super) struct BitReader {
    padded: Vec<u8>,
    /// The next bit.
    at: usize,
}

impl BitReader {
    pub(super) fn new(bytes: &[u8]) -> Self {
        let mut padded = Vec::with_capacity(bytes.len() + PADDING);
        padded.extend_from_slice(bytes);
        padded.resize(bytes.len() + PADDING, 0);
        Self { padded, at: 0 }
    }

    /// Returns the next bits, at least 57 of them; nothing when the bytes ended before.
    #[inline(always)]
    fn ahead(&self) -> Option<u64> {
        let bytes = self.padded.get(self.at / 8..)?.first_chunk()?;
        Some(u64::from_le_bytes(*bytes) >> (self.at % 8))
    }

    /// Takes the next bits, at most 56.
    #[inline(always)]
    pub(super) fn read(&mut self, bits: u32) -> Result<u64, Damage> {
        let ahead = self.ahead().ok_or(TOO_SHORT)?;
        self.at += bits as usize;
        Ok(ahead & ((1 << bits) - 1))
    }

    /// Checks that all bytes were taken, and no more.
    pub(super) fn finish(self) -> Result<(), Damage> {
        let bytes = self.padded.len() - PADDING;
        if self.at.div_ceil(8) == bytes {
            return Ok(());
        }
        Err(TOO_SHORT)
    }
}

const WORD: usize = size_of::<u64>();
const PADDING: usize = WORD;
const TOO_SHORT: Damage = Damage("its bits end too early or too late");
