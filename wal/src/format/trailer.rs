//! What ends every record: tag, checksum, zeros up to a multiple of 8.
//!
//! ```text
//!  offset bytes
//!      56     n  ciphertext
//!    56+n    16  tag
//!    72+n     4  CRC-32 of ciphertext and tag
//!    76+n   0–7  zeros
//! ```
//!
//! The checksum is over ciphertext, so that rot is found without a key and told from a wrong one.

use seal::TAG_BYTES;

use super::RECORD_HEADER_BYTES;

/// Returns the bytes that a record of this ciphertext takes in its segment.
pub(crate) const fn record_bytes(cipher_bytes: u64) -> u64 {
    let unpadded = RECORD_HEADER_BYTES as u64 + cipher_bytes + TRAILER_BYTES as u64;
    unpadded.next_multiple_of(RECORD_ALIGNMENT as u64)
}

/// Appends tag, checksum and padding to a record that ends with its ciphertext.
pub(crate) fn write_trailer(record: &mut Vec<u8>, tag: &[u8; TAG_BYTES]) {
    record.extend_from_slice(tag);
    let sealed = record.get(RECORD_HEADER_BYTES..).unwrap_or_default();
    let sum = crc32fast::hash(sealed);
    record.extend_from_slice(&sum.to_le_bytes());
    record.resize(record.len().next_multiple_of(RECORD_ALIGNMENT), 0);
}

/// The sealed part of a record, as read.
#[derive(Debug)]
pub(crate) struct SealedText {
    /// The ciphertext.
    pub(crate) text: Vec<u8>,
    /// Its tag.
    pub(crate) tag: [u8; TAG_BYTES],
}

/// Splits what follows a record's header into ciphertext and tag; `None` when the checksum or the
/// padding does not fit.
pub(crate) fn split_trailer(mut rest: Vec<u8>, cipher_bytes: usize) -> Option<SealedText> {
    let (_, tail) = rest.split_at_checked(cipher_bytes)?;
    let (tag, tail) = tail.split_first_chunk::<TAG_BYTES>()?;
    let (stored, padding) = tail.split_first_chunk::<4>()?;
    let (tag, stored) = (*tag, u32::from_le_bytes(*stored));
    let is_padded = padding.iter().all(|byte| *byte == 0);
    rest.truncate(cipher_bytes);
    let mut sum = crc32fast::Hasher::new();
    sum.update(&rest);
    sum.update(&tag);
    let is_whole = sum.finalize() == stored;
    (is_whole && is_padded).then_some(SealedText { text: rest, tag })
}

pub(crate) const TRAILER_BYTES: usize = TAG_BYTES + 4;
const RECORD_ALIGNMENT: usize = 8;
