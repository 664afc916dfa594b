//! What a record of the spool's log is: a batch's frame, or a note of what is done.
//!
//! ```text
//!   batch   the frame as it travels (docs/internals/protocol.md), beginning with "pgAF"
//!   done    offset  bytes
//!                0      4  "pgaD"
//!                4      8  position before which every batch is done, little-endian
//! ```

use schema::Lsn;
use wire::{BatchFrame, Limits};

use crate::Error;

/// A record, read.
#[derive(Debug)]
pub(super) enum SpoolRecord {
    /// A batch.
    Batch(Box<BatchFrame>),
    /// Every batch before this position is done.
    Done(Lsn),
}

impl SpoolRecord {
    /// Reads a payload of the log.
    ///
    /// # Errors
    /// [`Error::Wire`] when it is neither.
    pub(super) fn read(payload: &[u8], limits: &Limits) -> Result<Self, Error> {
        if let Some(position) = payload.strip_prefix(DONE_MAGIC)
            && let Ok(position) = <[u8; 8]>::try_from(position)
        {
            return Ok(Self::Done(Lsn::new(u64::from_le_bytes(position))));
        }
        Ok(Self::Batch(Box::new(BatchFrame::from_slice(
            payload, limits,
        )?)))
    }

    /// Returns the payload of a note.
    pub(super) fn done(before: Lsn) -> Vec<u8> {
        [DONE_MAGIC.as_slice(), &before.get().to_le_bytes()].concat()
    }
}

const DONE_MAGIC: &[u8; 4] = b"pgaD";
