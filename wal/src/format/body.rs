//! A body record: one payload, sealed on the caller's thread, placed by the committer.
//!
//! The record is laid out once, header first, so that the payload is copied once and encrypted
//! where it then lies. The header is filled in when the committer knows the position.

use std::sync::Arc;

use platform::Entropy;
use schema::Lsn;
use seal::{Nonce, TAG_BYTES};

use super::record_header::{RECORD_HEADER_BYTES, RecordHeader, RecordKind};
use super::trailer::{SealedText, TRAILER_BYTES};
use super::write_trailer;
use crate::record::Binding;
use crate::segment::SegmentKey;

/// A payload, sealed for one segment and not yet placed in it.
#[derive(Debug)]
pub(crate) struct SealedBody {
    /// The whole record; its header is zero until [`SealedBody::place`].
    record: Vec<u8>,
    pub(crate) binding: Binding,
    pub(crate) payload_bytes: u32,
    pub(crate) nonce: Nonce,
    pub(crate) tag: [u8; TAG_BYTES],
    segment: Arc<SegmentKey>,
}

impl SealedBody {
    /// Seals a payload. One copy.
    pub(crate) fn seal(
        segment: Arc<SegmentKey>,
        entropy: &dyn Entropy,
        binding: Binding,
        payload: &[u8],
    ) -> Self {
        let payload_bytes = u32::try_from(payload.len()).expect("checked against a segment's size");
        let mut record =
            Vec::with_capacity(RECORD_HEADER_BYTES + payload.len() + TRAILER_BYTES + PADDING_MAX);
        record.resize(RECORD_HEADER_BYTES, 0);
        record.extend_from_slice(payload);
        let (nonce, tag) = seal_text(&segment, entropy, &binding, &mut record);
        Self {
            record,
            binding,
            payload_bytes,
            nonce,
            tag,
            segment,
        }
    }

    /// Seals the same payload for another segment, when the one it was sealed for is full.
    pub(crate) fn reseal(&mut self, segment: &Arc<SegmentKey>, entropy: &dyn Entropy) {
        if self.segment.number == segment.number {
            return;
        }
        self.record
            .truncate(RECORD_HEADER_BYTES + self.payload_bytes as usize);
        let aad = associated_data(&self.segment, &self.binding);
        let text = self
            .record
            .get_mut(RECORD_HEADER_BYTES..)
            .unwrap_or_default();
        let opened = self
            .segment
            .key
            .open_detached(&self.nonce, &aad, text, &self.tag);
        opened.expect("S-1: what was sealed in memory opens under the same key");
        (self.nonce, self.tag) = seal_text(segment, entropy, &self.binding, &mut self.record);
        self.segment = Arc::clone(segment);
    }

    /// Fills in where the record stands.
    pub(crate) fn place(&mut self, lsn: Lsn, durable_lsn: Lsn) {
        let header = RecordHeader {
            kind: RecordKind::Body,
            cipher_bytes: self.payload_bytes,
            lsn,
            durable_lsn,
            mark: self.segment.mark,
            nonce: self.nonce,
        };
        self.record
            .iter_mut()
            .zip(header.encode())
            .for_each(|(to, from)| *to = from);
    }

    /// Returns the bytes that the record takes.
    pub(crate) const fn record_bytes(&self) -> u64 {
        self.record.len() as u64
    }

    /// Returns the record's bytes.
    pub(crate) fn record(&self) -> &[u8] {
        &self.record
    }
}

/// Opens a body that was read; `None` when it is not what the group says.
pub(crate) fn open(
    segment: &SegmentKey,
    binding: &Binding,
    nonce: &Nonce,
    sealed: SealedText,
) -> Option<Vec<u8>> {
    let SealedText { mut text, tag } = sealed;
    let aad = associated_data(segment, binding);
    segment
        .key
        .open_detached(nonce, &aad, &mut text, &tag)
        .ok()?;
    Some(text)
}

/// Seals the text behind a record's header, in place, and ends the record.
fn seal_text(
    segment: &SegmentKey,
    entropy: &dyn Entropy,
    binding: &Binding,
    record: &mut Vec<u8>,
) -> (Nonce, [u8; TAG_BYTES]) {
    let nonce = Nonce::generate(entropy);
    let aad = associated_data(segment, binding);
    let text = record.get_mut(RECORD_HEADER_BYTES..).unwrap_or_default();
    let tag = segment.key.seal_detached(&nonce, &aad, text);
    write_trailer(record, &tag);
    (nonce, tag)
}

/// Binds a body to its segment and its origin; its length is part of every GCM tag.
fn associated_data(segment: &SegmentKey, binding: &Binding) -> Vec<u8> {
    [BODY_DOMAIN, &segment.number.to_le_bytes(), &binding.0].concat()
}

const BODY_DOMAIN: &[u8] = b"pga/wal/body/v1";
const PADDING_MAX: usize = 7;
