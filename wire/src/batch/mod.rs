//! A batch's frame, believed only after everything in it was checked.

mod check;

use rkyv::util::AlignedVec;

use crate::pack::pack;
use crate::v1::Batch;
use crate::v1::packed::{ArchivedPackedBatch, PackedBatch};
use crate::{BatchView, Error, Frame, FrameHeader, FrameKind, HEADER_BYTES, Limits};

/// The bytes of a batch as they travel and as the log stores them, checked from end to end.
///
/// **Invariant:** the body passed rkyv's validation and ours, so a [`BatchView`] of it has columns of
/// equal length, codes inside their dictionaries, offsets that rise, and UTF-8 where text is.
#[derive(Clone)]
pub struct BatchFrame {
    bytes: AlignedVec,
}

impl BatchFrame {
    /// Returns the frame of a batch made on this side.
    ///
    /// # Errors
    /// Those of [`Self::validate`]: what we would not accept we do not send.
    pub fn encode(batch: &Batch, limits: &Limits) -> Result<Self, Error> {
        Self::of_packed(&pack(batch)?, limits)
    }

    fn of_packed(batch: &PackedBatch, limits: &Limits) -> Result<Self, Error> {
        let body = rkyv::to_bytes::<rkyv::rancor::BoxedError>(batch).map_err(|error| {
            Error::Malformed {
                reason: error.to_string(),
            }
        })?;
        Self::validate(Frame::new(FrameKind::Batch, &body)?.into_bytes(), limits)
    }

    /// Returns the frame if header, structure and contents are sound.
    ///
    /// Costs one pass over texts, offsets and codes of few bytes.
    ///
    /// # Errors
    /// [`Error`] of the first thing that is wrong, naming table and column where there is one.
    pub fn validate(bytes: AlignedVec, limits: &Limits) -> Result<Self, Error> {
        let header = bytes
            .get(..HEADER_BYTES)
            .and_then(|h| <&[u8; HEADER_BYTES]>::try_from(h).ok());
        let missing = HEADER_BYTES.saturating_sub(bytes.len()) as u64;
        let header = FrameHeader::read(header.ok_or(Error::Truncated { missing })?, limits)?;
        if header.kind != FrameKind::Batch {
            return Err(Error::FrameKind {
                actual: header.kind as u16,
            });
        }
        let body = bytes.get(HEADER_BYTES..).unwrap_or_default();
        if body.len() != header.body_bytes as usize {
            let missing = u64::from(header.body_bytes).saturating_sub(body.len() as u64);
            return Err(Error::Truncated { missing });
        }
        check::check_batch(BatchView(access(body)?), limits)?;
        Ok(Self { bytes })
    }

    /// Returns the frame that a stream's decoder delivered, checked.
    ///
    /// # Errors
    /// Those of [`Self::validate`].
    pub fn from_frame(frame: Frame, limits: &Limits) -> Result<Self, Error> {
        Self::validate(frame.into_bytes(), limits)
    }

    /// Returns the frame from bytes of any alignment, checked; what a log hands back on replay.
    ///
    /// # Errors
    /// Those of [`Self::validate`].
    pub fn from_slice(bytes: &[u8], limits: &Limits) -> Result<Self, Error> {
        let mut aligned = AlignedVec::with_capacity(bytes.len());
        aligned.extend_from_slice(bytes);
        Self::validate(aligned, limits)
    }

    /// Returns access to the contents; costs a structural check of the rkyv body each time.
    pub fn view(&self) -> BatchView<'_> {
        let body = self.bytes.get(HEADER_BYTES..).unwrap_or_default();
        BatchView(access(body).expect("validate() accepted the same immutable bytes"))
    }

    /// Returns header and body.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Tells whether bytes begin like a frame of ours, to tell records of the log apart.
    pub fn is_frame(bytes: &[u8]) -> bool {
        bytes.starts_with(b"pgAF")
    }
}

impl AsRef<[u8]> for BatchFrame {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl std::fmt::Debug for BatchFrame {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BatchFrame")
            .field("bytes", &self.bytes.len())
            .finish_non_exhaustive()
    }
}

fn access(body: &[u8]) -> Result<&ArchivedPackedBatch, Error> {
    rkyv::access::<ArchivedPackedBatch, rkyv::rancor::BoxedError>(body).map_err(|error| {
        Error::Malformed {
            reason: error.to_string(),
        }
    })
}

#[cfg(test)]
mod tests;
