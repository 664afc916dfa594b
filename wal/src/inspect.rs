//! Looks into a segment's file without opening the log: for operators, and for offline checks.
//!
//! [`scan`] needs no key: it reads headers and checksums. [`groups`] opens what it reads.

use std::path::{Path, PathBuf};

use platform::{Disk, File};
use schema::{Lsn, Timestamp};
use seal::{ClusterId, DataKeyId};

use crate::format::trailer::split_trailer;
use crate::format::{
    RECORD_HEADER_BYTES, RecordHeader, RecordKind, SEGMENT_HEADER_BYTES, SegmentHeader,
    record_bytes,
};
use crate::segment::{Fault, Found, OpenSegment, Walker, read_header};
use crate::{Binding, Environment, Error};

/// What the header of a segment says, in clear.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SegmentSummary {
    /// Its file.
    pub path: PathBuf,
    /// Its number.
    pub number: u64,
    /// Number of the segment before, 0 for none.
    pub previous: u64,
    /// The timeline that it belongs to.
    pub timeline: u32,
    /// Where it begins.
    pub base_lsn: Lsn,
    /// No group in it was committed before this time.
    pub created: Timestamp,
    /// The installation that it belongs to.
    pub cluster: ClusterId,
    /// The data key that opens it.
    pub data_key: DataKeyId,
}

/// A record, as far as it can be told without a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordSummary {
    /// Where it stands in the file.
    pub offset: u64,
    /// Where it stands in the log.
    pub lsn: Lsn,
    /// Before which position the log was durable when it was written.
    pub durable_lsn: Lsn,
    /// Whether it is the list of a group, or else a payload.
    pub is_group: bool,
    /// Its bytes in the file.
    pub bytes: u64,
}

/// What a scan found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scan {
    /// The header.
    pub segment: SegmentSummary,
    /// Every record whose checksums fit, up to the first that does not.
    pub records: Vec<RecordSummary>,
    /// Where in the file the scan ended.
    pub end_offset: u64,
    /// Why it ended, unless with zeros or the end of the file.
    pub fault: Option<&'static str>,
}

/// A group, opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupSummary {
    /// Where it begins.
    pub lsn: Lsn,
    /// The position behind its last payload.
    pub end_lsn: Lsn,
    /// When it was committed.
    pub commit_time: Timestamp,
    /// Position, length and origin of its payloads; an idle marker has none.
    pub payloads: Vec<(Lsn, u64, Binding)>,
}

/// Reads a segment without a key: every header and every checksum.
///
/// # Errors
/// [`Error::Damaged`] when the segment's header is not as it was written, [`Error::WrongKind`],
/// [`Error::UnsupportedVersion`], [`Error::Io`]. A bad record is no error, but ends the scan.
pub fn scan(disk: &dyn Disk, path: &Path) -> Result<Scan, Error> {
    let failed = |source| Error::Io {
        path: path.to_owned(),
        source,
    };
    let (file, file_bytes, read) = read_header(disk, path)?;
    let header = read.header;
    let mut records = Vec::new();
    let mut offset = SEGMENT_HEADER_BYTES as u64;
    let fault = loop {
        match scan_record(&*file, file_bytes, &header, offset).map_err(failed)? {
            Ok(record) => {
                offset += record.bytes;
                records.push(record);
            }
            Err(Fault::Nothing) => break None,
            Err(Fault::Incomplete(reason) | Fault::Forged(reason)) => break Some(reason),
        }
    };
    let segment = SegmentSummary::of(&header, path);
    Ok(Scan {
        segment,
        records,
        end_offset: offset,
        fault,
    })
}

/// Reads a segment with its key and returns its groups, up to where they end.
///
/// # Errors
/// As opening a log, for this segment alone. What ends it is no error: [`scan`] tells.
pub fn groups(environment: &Environment, path: &Path) -> Result<Vec<GroupSummary>, Error> {
    let (_, _, read) = read_header(&*environment.disk, path)?;
    let segment = OpenSegment::open(environment, path, read.header.number)?;
    let mut walker = Walker::new(segment);
    let mut groups = Vec::new();
    while let Found::Group(group) = walker.next()? {
        let payload =
            |body: &crate::segment::WalkedBody| (body.lsn, body.payload.len() as u64, body.binding);
        groups.push(GroupSummary {
            lsn: group.lsn,
            end_lsn: group.end,
            commit_time: group.commit_time,
            payloads: group.bodies.iter().map(payload).collect(),
        });
    }
    Ok(groups)
}

impl SegmentSummary {
    fn of(header: &SegmentHeader, path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            number: header.number,
            previous: header.previous,
            timeline: header.timeline,
            base_lsn: header.base_lsn,
            created: header.created,
            cluster: header.cluster,
            data_key: header.data_key,
        }
    }
}

/// Checks the record at an offset by its checksums.
fn scan_record(
    file: &dyn File,
    file_bytes: u64,
    segment: &SegmentHeader,
    offset: u64,
) -> std::io::Result<Result<RecordSummary, Fault>> {
    let held = file_bytes
        .saturating_sub(offset)
        .min(RECORD_HEADER_BYTES as u64);
    let mut bytes = [0; RECORD_HEADER_BYTES];
    file.read_exact_at(
        bytes.split_at_mut(usize::try_from(held).unwrap_or(0)).0,
        offset,
    )?;
    if bytes.iter().all(|byte| *byte == 0) {
        return Ok(Err(Fault::Nothing));
    }
    let Some(header) = RecordHeader::decode(&bytes) else {
        return Ok(Err(Fault::Incomplete(
            "the header of a record is not as it was written",
        )));
    };
    // No key vouches for the segment's header: its position may be any.
    let behind_header = offset - SEGMENT_HEADER_BYTES as u64;
    let Some(lsn) = segment.base_lsn.get().checked_add(behind_header) else {
        return Ok(Err(Fault::Incomplete(
            "a record would lie past the last position that there is",
        )));
    };
    let lsn = Lsn::new(lsn);
    if header.mark != segment.mark() || header.lsn != lsn {
        return Ok(Err(Fault::Forged(
            "a record stands at another position than its own",
        )));
    }
    let bytes = record_bytes(u64::from(header.cipher_bytes));
    if offset + bytes > file_bytes {
        return Ok(Err(Fault::Incomplete("the file ends within a record")));
    }
    let mut rest = vec![0; usize::try_from(bytes).unwrap_or(0) - RECORD_HEADER_BYTES];
    file.read_exact_at(&mut rest, offset + RECORD_HEADER_BYTES as u64)?;
    if split_trailer(rest, header.cipher_bytes as usize).is_none() {
        return Ok(Err(Fault::Incomplete(
            "the checksum of a record does not match",
        )));
    }
    let is_group = header.kind == RecordKind::Group;
    Ok(Ok(RecordSummary {
        offset,
        lsn,
        durable_lsn: header.durable_lsn,
        is_group,
        bytes,
    }))
}
