//! A stream that brings one batch and takes one answer.
//!
//! ```text
//!   Reading ─header─▶ Waiting (for room) ─▶ Reading ─fin─▶ Committing ─▶ Answered ─▶ gone
//!      └───────────── refused ────┴───────────┴───────────────┴─────────────▲
//! ```

use std::time::Duration;

use wire::{BatchFrame, Error, Frame, FrameDecoder, FrameKind, HEADER_BYTES, Limits};

use crate::settings::Settings;

/// Where a batch stream stands.
#[derive(Debug)]
pub(super) enum BatchStream {
    /// Its bytes are coming.
    Reading(Incoming),
    /// Its batch waits for room.
    Waiting {
        /// What has come of it.
        incoming: Incoming,
        /// Bytes behind the header that came with it.
        pending: Vec<u8>,
        /// Since when it waits.
        since: Duration,
    },
    /// Its batch is with the sink.
    Committing {
        /// The epoch of the batch.
        epoch: u64,
        /// The sequence of the batch.
        sequence: u64,
    },
    /// It was answered; the answer is on its way.
    Answered {
        /// Since when.
        since: Duration,
    },
}

impl BatchStream {
    /// Returns until when the stream may stay as it is.
    pub(super) fn deadline(&self, settings: &Settings) -> Option<Duration> {
        match self {
            Self::Reading(incoming) => {
                Some(incoming.since + settings.patience(incoming.received_bytes))
            }
            Self::Waiting { since, .. } => Some(*since + settings.assembly_wait()),
            // The sink answers in its own time; the peer hears Unknown if the store fails.
            Self::Committing { .. } => None,
            Self::Answered { since } => Some(*since + settings.linger()),
        }
    }

    /// Tells whether the stream counts against the batches under way.
    pub(super) fn is_in_flight(&self) -> bool {
        !matches!(self, Self::Answered { .. })
    }
}

/// A batch that is arriving.
#[derive(Debug)]
pub(super) struct Incoming {
    /// When it was opened, later by the time that it had to wait for room.
    pub(super) since: Duration,
    received_bytes: u64,
    decoder: FrameDecoder,
    whole: Option<Frame>,
}

impl Incoming {
    pub(super) fn new(now: Duration, limits: Limits) -> Self {
        Self {
            since: now,
            received_bytes: 0,
            decoder: FrameDecoder::new(limits),
            whole: None,
        }
    }

    /// Takes bytes up to the end of the header; tells how long the body will be once that is known
    /// by this call.
    pub(super) fn take_header(&mut self, input: &mut &[u8]) -> Result<Option<u32>, Error> {
        let missing =
            HEADER_BYTES.saturating_sub(usize::try_from(self.received_bytes).unwrap_or(usize::MAX));
        if missing == 0 || input.is_empty() {
            return Ok(None);
        }
        let (mut head, rest) = input.split_at(missing.min(input.len()));
        *input = rest;
        self.received_bytes += head.len() as u64;
        self.whole = self.decoder.push(&mut head)?;
        if let Some(frame) = &self.whole {
            return of_batch(frame.kind(), 0).map(Some);
        }
        let header = self.decoder.header();
        header
            .map(|header| of_batch(header.kind, header.body_bytes))
            .transpose()
    }

    /// Takes bytes of the body.
    pub(super) fn take_body(&mut self, mut input: &[u8]) -> Result<(), TakeError> {
        self.received_bytes += input.len() as u64;
        if self.whole.is_none() {
            self.whole = self.decoder.push(&mut input)?;
        }
        if input.is_empty() {
            return Ok(());
        }
        Err(TakeError::Trailing)
    }

    /// Returns the batch, checked, now that the stream has ended.
    pub(super) fn finish(self, limits: &Limits) -> Result<BatchFrame, Error> {
        self.decoder.finish()?;
        let frame = self.whole.ok_or(Error::Truncated {
            missing: HEADER_BYTES as u64,
        })?;
        BatchFrame::from_frame(frame, limits)
    }
}

/// Why bytes of a body are not taken.
#[derive(Debug, thiserror::Error)]
pub(super) enum TakeError {
    #[error(transparent)]
    Wire(#[from] Error),
    #[error("bytes follow the batch: a stream carries one")]
    Trailing,
}

fn of_batch(kind: FrameKind, body_bytes: u32) -> Result<u32, Error> {
    match kind {
        FrameKind::Batch => Ok(body_bytes),
        other => Err(Error::FrameKind {
            actual: other as u16,
        }),
    }
}
