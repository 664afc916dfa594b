//! Makes checksums fit, so that a fuzzer meets what lies behind them.

use crate::format::{RECORD_HEADER_BYTES, RecordHeader, SEGMENT_HEADER_BYTES, record_bytes};

/// Makes the checksums of a record fit, of which `bytes` is the beginning or more.
pub(super) fn repair_record(bytes: &mut [u8]) -> Option<usize> {
    let header = bytes.first_chunk::<RECORD_HEADER_BYTES>()?;
    let mut sum = crc32fast::Hasher::new();
    sum.update(header.get(..CHECKSUM_OFFSET)?);
    sum.update(header.get(CHECKSUM_OFFSET + 4..)?);
    let sum = sum.finalize().to_le_bytes();
    bytes
        .get_mut(CHECKSUM_OFFSET..CHECKSUM_OFFSET + 4)?
        .copy_from_slice(&sum);
    let header = RecordHeader::decode(bytes.first_chunk()?)?;
    let end = usize::try_from(record_bytes(header.cipher_bytes.into())).ok()?;
    let trailer = RECORD_HEADER_BYTES + header.cipher_bytes as usize + seal::TAG_BYTES;
    let sum = crc32fast::hash(bytes.get(RECORD_HEADER_BYTES..trailer)?).to_le_bytes();
    let (stored, padding) = bytes.get_mut(trailer..end)?.split_first_chunk_mut()?;
    *stored = sum;
    padding.fill(0);
    Some(end)
}

/// Makes the checksum of a segment's header fit, and those of its records.
pub(super) fn repair_segment(bytes: &mut [u8], is_header: bool, are_records: bool) {
    let Some((header, mut records)) = bytes.split_at_mut_checked(SEGMENT_HEADER_BYTES) else {
        return;
    };
    if is_header {
        let (before, rest) = header.split_at_mut(HEADER_CHECKSUM_OFFSET);
        let (stored, behind) = rest.split_at_mut(4);
        let mut sum = crc32fast::Hasher::new();
        sum.update(before);
        sum.update(behind);
        stored.copy_from_slice(&sum.finalize().to_le_bytes());
    }
    if !are_records {
        return;
    }
    while let Some(end) = repair_record(records) {
        records = records.split_at_mut(end).1;
    }
}

/// Returns the first record of a segment.
pub(super) fn first_record(records: &[u8]) -> Option<&[u8]> {
    let header = RecordHeader::decode(records.first_chunk()?)?;
    let end = usize::try_from(record_bytes(header.cipher_bytes.into())).ok()?;
    records.get(..end)
}

const CHECKSUM_OFFSET: usize = 12;
const HEADER_CHECKSUM_OFFSET: usize = 16;
