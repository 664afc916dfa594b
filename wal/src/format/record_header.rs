//! The fixed header before every record.
//!
//! ```text
//!  offset bytes
//!       0     4  magic "PGAR"
//!       4     2  version, 1
//!       6     2  kind: 1 group, 2 body
//!       8     4  length of the ciphertext
//!      12     4  CRC-32 of the bytes 0–12 and 16–56
//!      16     8  lsn: where this record begins
//!      24     8  durable lsn: all before it was on disk when this record was written
//!      32     8  mark: the first 8 bytes of the segment's salt
//!      40    12  nonce
//!      52     4  zero
//!      56
//! ```
//!
//! The header has a checksum of its own, so that a damaged length cannot lead the reader astray.

use schema::Lsn;
use seal::Nonce;

use super::Fields;

/// A record's header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RecordHeader {
    pub(crate) kind: RecordKind,
    pub(crate) cipher_bytes: u32,
    pub(crate) lsn: Lsn,
    pub(crate) durable_lsn: Lsn,
    pub(crate) mark: Mark,
    pub(crate) nonce: Nonce,
}

/// What a record is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RecordKind {
    /// The list of the bodies that follow it.
    Group,
    /// A payload.
    Body,
}

/// The first bytes of a segment's salt: tells its records from those of any other segment.
pub(crate) type Mark = [u8; 8];

impl RecordHeader {
    pub(crate) fn encode(&self) -> [u8; RECORD_HEADER_BYTES] {
        let mut header = [0; RECORD_HEADER_BYTES];
        let kind = self.kind.code().to_le_bytes();
        let fields: [&[u8]; 9] = [
            RECORD_MAGIC,
            &RECORD_VERSION.to_le_bytes(),
            &kind,
            &self.cipher_bytes.to_le_bytes(),
            &[0; 4],
            &self.lsn.get().to_le_bytes(),
            &self.durable_lsn.get().to_le_bytes(),
            &self.mark,
            self.nonce.as_bytes(),
        ];
        let bytes = fields.into_iter().flatten();
        header
            .iter_mut()
            .zip(bytes)
            .for_each(|(to, from)| *to = *from);
        let sum = checksum(&header).to_le_bytes();
        header
            .iter_mut()
            .skip(CHECKSUM_OFFSET)
            .zip(sum)
            .for_each(|(to, from)| *to = from);
        header
    }

    /// Reads a header; `None` when it is not one, or not as it was written.
    pub(crate) fn decode(bytes: &[u8; RECORD_HEADER_BYTES]) -> Option<Self> {
        if !bytes.starts_with(RECORD_MAGIC) {
            return None;
        }
        let mut fields = Fields::new(bytes);
        let (_magic, version) = (fields.u32()?, fields.u16()?);
        let kind = RecordKind::from_code(fields.u16()?)?;
        let cipher_bytes = fields.u32()?;
        if version != RECORD_VERSION || fields.u32()? != checksum(bytes) {
            return None;
        }
        let (lsn, durable_lsn) = (Lsn::new(fields.u64()?), Lsn::new(fields.u64()?));
        let (mark, nonce) = (fields.array()?, Nonce::from_bytes(fields.array()?));
        let header = Self {
            kind,
            cipher_bytes,
            lsn,
            durable_lsn,
            mark,
            nonce,
        };
        (fields.u32()? == 0).then_some(header)
    }

    /// Returns all of the header but its checksum: what a group's tag covers.
    pub(crate) fn associated_data(&self) -> Vec<u8> {
        let header = self.encode();
        let before = header.get(..CHECKSUM_OFFSET).unwrap_or_default();
        let behind = header.get(CHECKSUM_OFFSET + 4..).unwrap_or_default();
        [before, behind].concat()
    }
}

impl RecordKind {
    const fn code(self) -> u16 {
        match self {
            Self::Group => 1,
            Self::Body => 2,
        }
    }

    const fn from_code(code: u16) -> Option<Self> {
        match code {
            1 => Some(Self::Group),
            2 => Some(Self::Body),
            _ => None,
        }
    }
}

/// Returns the checksum of a header, as if its own field were absent.
fn checksum(header: &[u8; RECORD_HEADER_BYTES]) -> u32 {
    let mut sum = crc32fast::Hasher::new();
    sum.update(header.get(..CHECKSUM_OFFSET).unwrap_or_default());
    sum.update(header.get(CHECKSUM_OFFSET + 4..).unwrap_or_default());
    sum.finalize()
}

pub(crate) const RECORD_HEADER_BYTES: usize = 56;
pub(crate) const RECORD_MAGIC: &[u8; 4] = b"PGAR";
const RECORD_VERSION: u16 = 1;
const CHECKSUM_OFFSET: usize = 12;

#[cfg(test)]
mod tests {
    use super::*;

    fn header() -> RecordHeader {
        RecordHeader {
            kind: RecordKind::Body,
            cipher_bytes: 1234,
            lsn: Lsn::new(77),
            durable_lsn: Lsn::new(70),
            mark: [3; 8],
            nonce: Nonce::from_bytes([9; 12]),
        }
    }

    #[test]
    fn a_header_comes_back_as_it_was() {
        assert_eq!(RecordHeader::decode(&header().encode()), Some(header()));
        assert_eq!(RecordHeader::decode(&[0; RECORD_HEADER_BYTES]), None);
    }

    #[test]
    fn every_flipped_bit_of_a_record_header_is_refused() {
        for bit in 0..RECORD_HEADER_BYTES * 8 {
            let mut bytes = header().encode();
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(RecordHeader::decode(&bytes), None, "bit {bit}");
        }
    }
}
