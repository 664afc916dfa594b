//! Bits one behind the other, least significant first.

use super::Damage;

/// Appends bits.
#[derive(Debug, Default)]
pub(super) struct BitWriter {
    bytes: Vec<u8>,
    word: u64,
    used: u32,
}

impl BitWriter {
    /// Appends the low `count` bits of a number that has no others, at most 32.
    #[inline]
    pub(super) fn push(&mut self, bits: u64, count: u32) {
        self.word |= bits << self.used;
        self.used += count;
        if self.used >= 32 {
            let [a, b, c, d, ..] = self.word.to_le_bytes();
            self.bytes.extend_from_slice(&[a, b, c, d]);
            self.word >>= 32;
            self.used -= 32;
        }
    }

    /// Returns the bytes; bits behind the last are 0.
    pub(super) fn finish(mut self) -> Vec<u8> {
        let bytes = self.word.to_le_bytes().into_iter();
        self.bytes
            .extend(bytes.take(self.used.div_ceil(8) as usize));
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
    #[inline]
    pub(super) fn ahead(&self) -> Option<u64> {
        let bytes = self.padded.get(self.at / 8..)?.first_chunk()?;
        Some(u64::from_le_bytes(*bytes) >> (self.at % 8))
    }

    /// Moves on.
    #[inline]
    pub(super) const fn advance(&mut self, bits: usize) {
        self.at += bits;
    }

    /// Takes the next bits, at most 56.
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

const PADDING: usize = 8;
const TOO_SHORT: Damage = Damage("its bits end too early or too late");
