//! A group record: what one write and one sync put down together.
//!
//! ```text
//!  offset bytes, of the plaintext
//!       0     8  commit time, nanoseconds since 1970
//!       8    16  chain tag: the tag of the group before
//!      24     4  number of bodies, n
//!      28     4  zero
//!      32  64·n  bodies: binding (32), length (4), nonce (12), tag (16)
//! ```
//!
//! The group's tag also covers its header, so that position, order, length and origin of every
//! body follow from the tag of the last group.

use platform::Entropy;
use schema::{Lsn, Timestamp};
use seal::{Nonce, TAG_BYTES};

use super::body::SealedBody;
use super::record_header::{RecordHeader, RecordKind};
use super::segment_header::ChainTag;
use super::trailer::SealedText;
use super::{Fields, record_bytes, write_trailer};
use crate::record::Binding;
use crate::segment::SegmentKey;

/// The sealed part of a group record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Group {
    pub(crate) commit_time: Timestamp,
    pub(crate) chain: ChainTag,
    pub(crate) bodies: Vec<BodyEntry>,
}

/// What a group says of one of its bodies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BodyEntry {
    pub(crate) binding: Binding,
    pub(crate) payload_bytes: u32,
    pub(crate) nonce: Nonce,
    pub(crate) tag: [u8; TAG_BYTES],
}

/// A group record as it goes to disk.
#[derive(Debug)]
pub(crate) struct SealedGroup {
    pub(crate) record: Vec<u8>,
    pub(crate) tag: ChainTag,
}

impl Group {
    /// Seals a group for its position.
    pub(crate) fn seal(
        &self,
        segment: &SegmentKey,
        entropy: &dyn Entropy,
        lsn: Lsn,
        durable_lsn: Lsn,
    ) -> SealedGroup {
        let mut text = self.encode();
        let header = RecordHeader {
            kind: RecordKind::Group,
            cipher_bytes: u32::try_from(text.len()).expect("a group's list fits its segment"),
            lsn,
            durable_lsn,
            mark: segment.mark,
            nonce: Nonce::generate(entropy),
        };
        let tag = segment
            .key
            .seal_detached(&header.nonce, &header.associated_data(), &mut text);
        let mut record = header.encode().to_vec();
        record.append(&mut text);
        write_trailer(&mut record, &tag);
        SealedGroup { record, tag }
    }

    /// Opens a group that was read; `None` when it is not as its writer made it.
    pub(crate) fn open(
        segment: &SegmentKey,
        header: &RecordHeader,
        sealed: SealedText,
    ) -> Option<Self> {
        let SealedText { mut text, tag } = sealed;
        let aad = header.associated_data();
        segment
            .key
            .open_detached(&header.nonce, &aad, &mut text, &tag)
            .ok()?;
        Self::decode(&text)
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let count = u32::try_from(self.bodies.len()).expect("a group's list fits its segment");
        let mut text = Vec::with_capacity(FIXED_BYTES + ENTRY_BYTES * self.bodies.len());
        text.extend_from_slice(&self.commit_time.nanos().to_le_bytes());
        text.extend_from_slice(&self.chain);
        text.extend_from_slice(&count.to_le_bytes());
        text.extend_from_slice(&[0; 4]);
        for body in &self.bodies {
            text.extend_from_slice(&body.binding.0);
            text.extend_from_slice(&body.payload_bytes.to_le_bytes());
            text.extend_from_slice(body.nonce.as_bytes());
            text.extend_from_slice(&body.tag);
        }
        text
    }

    pub(crate) fn decode(text: &[u8]) -> Option<Self> {
        let mut fields = Fields::new(text);
        let commit_time = Timestamp::from_nanos(fields.i64()?);
        let chain = fields.array()?;
        let (count, zero) = (fields.u32()? as usize, fields.u32()?);
        if zero != 0 || text.len() != FIXED_BYTES + ENTRY_BYTES.checked_mul(count)? {
            return None;
        }
        let bodies = (0..count)
            .map(|_| BodyEntry::decode(&mut fields))
            .collect::<Option<_>>()?;
        Some(Self {
            commit_time,
            chain,
            bodies,
        })
    }
}

impl BodyEntry {
    /// Returns the entry of a body that is sealed.
    pub(crate) const fn of(body: &SealedBody) -> Self {
        Self {
            binding: body.binding,
            payload_bytes: body.payload_bytes,
            nonce: body.nonce,
            tag: body.tag,
        }
    }

    fn decode(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self {
            binding: Binding(fields.array()?),
            payload_bytes: fields.u32()?,
            nonce: Nonce::from_bytes(fields.array()?),
            tag: fields.array()?,
        })
    }
}

/// Returns the bytes of a group record with this many bodies, without the bodies.
pub(crate) const fn group_record_bytes(bodies: u64) -> u64 {
    record_bytes(FIXED_BYTES as u64 + ENTRY_BYTES as u64 * bodies)
}

/// The bytes of an idle marker: a group without bodies.
pub(crate) const MARKER_BYTES: u64 = group_record_bytes(0);
const FIXED_BYTES: usize = 32;
const ENTRY_BYTES: usize = 64;
