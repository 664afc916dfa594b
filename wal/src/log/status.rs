//! What is known of the segments of an open log.

use std::path::PathBuf;

use schema::{Lsn, Timestamp};

use crate::format::{SEGMENT_HEADER_BYTES, SegmentHeader};
use crate::segment::Beginning;

/// A segment of an open log, as an archive or `system.wal` sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SegmentStatus {
    /// Its number; numbers grow, with gaps where a restore cut segments off.
    pub number: u64,
    /// The timeline that it belongs to.
    pub timeline: u32,
    /// Its file.
    pub path: PathBuf,
    /// Where it begins.
    pub base_lsn: Lsn,
    /// Where its durable groups end; for a sealed segment, where the next one begins.
    pub end_lsn: Lsn,
    /// Bytes of the file up to there. A copy of just these recovers as a last segment.
    pub durable_bytes: u64,
    /// Nothing in it was committed before this time, and nothing before it after.
    pub created: Timestamp,
    /// Whether it never changes any more.
    pub is_sealed: bool,
}

impl SegmentStatus {
    /// Returns the status of a segment that was found, and ends at a position.
    pub(crate) fn recovered(header: &SegmentHeader, path: PathBuf, end_lsn: Lsn) -> Self {
        let SegmentHeader {
            number,
            timeline,
            base_lsn,
            created,
            ..
        } = *header;
        let durable_bytes = durable_bytes(base_lsn, end_lsn);
        let is_sealed = true;
        Self {
            number,
            timeline,
            path,
            base_lsn,
            end_lsn,
            durable_bytes,
            created,
            is_sealed,
        }
    }

    /// Returns the status of a segment that was just begun.
    pub(crate) const fn begun(beginning: &Beginning, path: PathBuf) -> Self {
        let Beginning {
            number,
            timeline,
            base_lsn,
            created,
            ..
        } = *beginning;
        Self {
            number,
            timeline,
            path,
            base_lsn,
            end_lsn: base_lsn,
            durable_bytes: durable_bytes(base_lsn, base_lsn),
            created,
            is_sealed: false,
        }
    }

    /// Moves the end of the durable groups.
    pub(crate) const fn extend(&mut self, end_lsn: Lsn) {
        self.end_lsn = end_lsn;
        self.durable_bytes = durable_bytes(self.base_lsn, end_lsn);
    }
}

const fn durable_bytes(base: Lsn, end: Lsn) -> u64 {
    SEGMENT_HEADER_BYTES as u64 + (end.get() - base.get())
}
