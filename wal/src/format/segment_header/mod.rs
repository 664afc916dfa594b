//! The header of a segment: whose it is, where it stands in the log, which key opens it.
//!
//! ```text
//!  offset bytes
//!       0     8  magic "PGAWALOG"
//!       8     2  version, 1
//!      10     2  kind of file: 1 log segment, 5 spool
//!      12     4  length of the header, 4096
//!      16     4  CRC-32 of all other bytes of the header
//!      20     4  number of the data key
//!      24    16  cluster
//!      40     8  number of the segment
//!      48     8  base lsn: where it begins, and where the previous one ends
//!      56     8  number of the previous segment, 0 for none
//!      64    16  chain tag: the tag of the last group before this segment
//!      80     8  commit time below which nothing in it was committed
//!      88     4  timeline
//!      92     4  length of the file when it was made
//!      96    32  salt
//!     128    16  commitment to the key
//!     144    12  nonce
//!     156    16  tag over nothing but the bytes 0–16 and 20–144
//!     172  3924  zeros
//!    4096
//! ```

use schema::{Lsn, Timestamp};
use seal::{COMMITMENT_BYTES, ClusterId, DataKeyId, FileKey, FileKind, Nonce, Salt, TAG_BYTES};

use super::Fields;
use super::record_header::Mark;

/// A segment's header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SegmentHeader {
    pub(crate) kind: FileKind,
    pub(crate) data_key: DataKeyId,
    pub(crate) cluster: ClusterId,
    pub(crate) number: u64,
    pub(crate) base_lsn: Lsn,
    pub(crate) previous: u64,
    pub(crate) chain: ChainTag,
    pub(crate) created: Timestamp,
    pub(crate) timeline: u32,
    pub(crate) file_bytes: u32,
    pub(crate) salt: Salt,
    pub(crate) commitment: [u8; COMMITMENT_BYTES],
}

/// The tag of a group, which the next group repeats: it makes the log one chain.
pub(crate) type ChainTag = [u8; TAG_BYTES];

/// A header as read, with what proves that its writer had the key.
#[derive(Debug)]
pub(crate) struct ReadHeader {
    pub(crate) header: SegmentHeader,
    nonce: Nonce,
    tag: [u8; TAG_BYTES],
}

/// Why bytes are no header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HeaderFault {
    /// All zeros: a file that has a name before it has a header.
    Zero,
    /// Not as they were written.
    Damaged,
    /// A later version of the format.
    Version(u16),
    /// A file of another kind.
    Kind(u16),
}

impl SegmentHeader {
    /// Returns the mark of this segment's records.
    pub(crate) fn mark(&self) -> Mark {
        self.salt
            .as_bytes()
            .first_chunk()
            .copied()
            .unwrap_or_default()
    }

    /// Returns the header's bytes, sealed with the segment's own key.
    pub(crate) fn encode(&self, key: &FileKey, nonce: &Nonce) -> Vec<u8> {
        let fields = self.fields();
        let tag = key.seal_detached(nonce, &associated_data(&fields), &mut []);
        let mut header = [fields.as_slice(), nonce.as_bytes(), &tag].concat();
        header.resize(SEGMENT_HEADER_BYTES, 0);
        let sum = checksum(&header).to_le_bytes();
        header
            .iter_mut()
            .skip(CHECKSUM_OFFSET)
            .zip(sum)
            .for_each(|(to, from)| *to = from);
        header
    }

    /// Reads a header.
    pub(crate) fn decode(bytes: &[u8]) -> Result<ReadHeader, HeaderFault> {
        if bytes.iter().all(|byte| *byte == 0) {
            return Err(HeaderFault::Zero);
        }
        let mut fields = Fields::new(bytes);
        let magic = fields.array();
        let (version, code, length) = (fields.u16(), fields.u16(), fields.u32());
        let is_whole = bytes.len() == SEGMENT_HEADER_BYTES
            && magic == Some(*SEGMENT_MAGIC)
            && fields.u32() == Some(checksum(bytes));
        let (true, Some(version), Some(code)) = (is_whole, version, code) else {
            return Err(HeaderFault::Damaged);
        };
        if version != SEGMENT_VERSION {
            return Err(HeaderFault::Version(version));
        }
        let kind = segment_kind(code).ok_or(HeaderFault::Kind(code))?;
        let has_zeros_behind = bytes.iter().skip(USED_BYTES).all(|byte| *byte == 0);
        let is_consistent = length == Some(HEADER_LENGTH) && has_zeros_behind;
        let read = if is_consistent {
            Self::read(fields, kind)
        } else {
            None
        };
        read.ok_or(HeaderFault::Damaged)
    }

    fn read(mut fields: Fields<'_>, kind: FileKind) -> Option<ReadHeader> {
        let header = Self {
            kind,
            data_key: DataKeyId(fields.u32()?),
            cluster: ClusterId::from_bytes(fields.array()?),
            number: fields.u64()?,
            base_lsn: Lsn::new(fields.u64()?),
            previous: fields.u64()?,
            chain: fields.array()?,
            created: Timestamp::from_nanos(fields.i64()?),
            timeline: fields.u32()?,
            file_bytes: fields.u32()?,
            salt: Salt::from_bytes(fields.array()?),
            commitment: fields.array()?,
        };
        Some(ReadHeader {
            header,
            nonce: Nonce::from_bytes(fields.array()?),
            tag: fields.array()?,
        })
    }

    /// Returns the bytes before the nonce, with zeros for the checksum.
    fn fields(&self) -> Vec<u8> {
        let fields: [&[u8]; 16] = [
            SEGMENT_MAGIC,
            &SEGMENT_VERSION.to_le_bytes(),
            &self.kind.code().to_le_bytes(),
            &HEADER_LENGTH.to_le_bytes(),
            &[0; 4],
            &self.data_key.0.to_le_bytes(),
            self.cluster.as_bytes(),
            &self.number.to_le_bytes(),
            &self.base_lsn.get().to_le_bytes(),
            &self.previous.to_le_bytes(),
            &self.chain,
            &self.created.nanos().to_le_bytes(),
            &self.timeline.to_le_bytes(),
            &self.file_bytes.to_le_bytes(),
            self.salt.as_bytes(),
            &self.commitment,
        ];
        fields.concat()
    }
}

impl ReadHeader {
    /// Returns whether the header was written by a holder of the segment's key.
    pub(crate) fn is_authentic(&self, key: &FileKey) -> bool {
        let aad = associated_data(&self.header.fields());
        key.open_detached(&self.nonce, &aad, &mut [], &self.tag)
            .is_ok()
    }
}

/// Returns the kind of file with this number, if it is a segment's.
fn segment_kind(code: u16) -> Option<FileKind> {
    [FileKind::LogSegment, FileKind::Spool]
        .into_iter()
        .find(|kind| kind.code() == code)
}

/// Returns the fields of a header without its checksum.
fn associated_data(fields: &[u8]) -> Vec<u8> {
    let before = fields.get(..CHECKSUM_OFFSET).unwrap_or_default();
    let behind = fields.get(CHECKSUM_OFFSET + 4..).unwrap_or_default();
    [before, behind].concat()
}

fn checksum(header: &[u8]) -> u32 {
    let mut sum = crc32fast::Hasher::new();
    sum.update(header.get(..CHECKSUM_OFFSET).unwrap_or_default());
    sum.update(header.get(CHECKSUM_OFFSET + 4..).unwrap_or_default());
    sum.finalize()
}

pub(crate) const SEGMENT_HEADER_BYTES: usize = HEADER_LENGTH as usize;
const HEADER_LENGTH: u32 = 4096;
const SEGMENT_MAGIC: &[u8; 8] = b"PGAWALOG";
const SEGMENT_VERSION: u16 = 1;
const CHECKSUM_OFFSET: usize = 16;
const USED_BYTES: usize = 172;

#[cfg(test)]
mod tests;
