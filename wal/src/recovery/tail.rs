//! Tells a torn tail from damage, at the first bad record of the last segment (W-4).
//!
//! A crash leaves unsynced bytes in any order, so a good record behind a bad one proves nothing.
//! But every record says up to where the log was durable when it was written. One behind the bad
//! record that calls it durable proves that it had been synced, and perhaps acked: then it is
//! damage. Where no record does, nobody was told anything, and the tail is cut.

use std::io;

use schema::Lsn;

use crate::format::record_header::RECORD_MAGIC;
use crate::format::{RECORD_HEADER_BYTES, RecordHeader};
use crate::segment::{BadRecord, Fault, OpenSegment, is_zero};

/// What stands behind a bad record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Behind {
    /// Offset of a record that calls the bad one durable.
    pub(crate) voucher: Option<u64>,
    /// Offset behind the last byte that is not zero; the bad record's own offset when all are.
    pub(crate) end: u64,
}

/// What a bad record of the last segment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Nothing was ever written here.
    CleanEnd,
    /// A write that was never synced: cut it.
    Torn(&'static str),
    /// Something that had been durable: refuse to start.
    Damage(&'static str),
}

/// Decides, from the bad record and from what is behind it.
pub(crate) const fn judge(bad: BadRecord, behind: Behind) -> Verdict {
    match (bad.fault, behind.voucher) {
        (Fault::Forged(reason), _) => Verdict::Damage(reason),
        (Fault::Nothing, Some(_)) => Verdict::Damage("zeros stand where a durable record was"),
        (Fault::Incomplete(reason), Some(_)) => Verdict::Damage(reason),
        (Fault::Nothing, None) if behind.end <= bad.offset => Verdict::CleanEnd,
        (Fault::Nothing, None) => Verdict::Torn("zeros stand before the last bytes written"),
        (Fault::Incomplete(reason), None) => Verdict::Torn(reason),
    }
}

/// Reads from the bad group to the end of the file.
pub(crate) fn look_behind(segment: &OpenSegment, bad: BadRecord) -> io::Result<Behind> {
    let group = segment.offset_of(bad.lsn);
    let mut behind = Behind {
        voucher: None,
        end: group,
    };
    let mut start = group;
    let all = segment.file_bytes.saturating_sub(group);
    let all = usize::try_from(all).unwrap_or(usize::MAX);
    let mut window = vec![0; all.min(WINDOW_BYTES)];
    loop {
        let left = segment.file_bytes.saturating_sub(start);
        let left = usize::try_from(left).unwrap_or(usize::MAX);
        let (held, _) = window.split_at_mut(left.min(WINDOW_BYTES));
        segment.file.read_exact_at(held, start)?;
        if !is_zero(held) {
            let last = held.iter().rposition(|byte| *byte != 0).unwrap_or(0);
            behind.end = start + last as u64 + 1;
            behind.voucher = behind
                .voucher
                .or_else(|| voucher_in(segment, bad.lsn, held, start));
        }
        if left <= WINDOW_BYTES {
            return Ok(behind);
        }
        // Windows overlap, so that a header across their border is whole in the second.
        start += (WINDOW_BYTES - OVERLAP_BYTES) as u64;
    }
}

/// Returns the offset of a record in the window that calls position `bad` durable.
fn voucher_in(segment: &OpenSegment, bad: Lsn, window: &[u8], start: u64) -> Option<u64> {
    let steps = (0..window.len()).step_by(RECORD_STEP);
    steps
        .map(|at| (at, window.get(at..).unwrap_or_default()))
        .find_map(|(at, bytes)| {
            if !bytes.starts_with(RECORD_MAGIC) {
                return None;
            }
            let header = RecordHeader::decode(bytes.first_chunk::<RECORD_HEADER_BYTES>()?)?;
            let offset = start + at as u64;
            let is_ours =
                header.mark == segment.key.mark && segment.offset_of(header.lsn) == offset;
            (is_ours && header.durable_lsn > bad).then_some(offset)
        })
}

const RECORD_STEP: usize = 8;
const WINDOW_BYTES: usize = 1 << 20;
const OVERLAP_BYTES: usize = RECORD_HEADER_BYTES.next_multiple_of(RECORD_STEP);
