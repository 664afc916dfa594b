//! Ends the fetched log at the target, and begins the timeline that goes on from there.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use platform::{Disk, OpenMode};
use schema::{Lsn, Timestamp};
use seal::FileKind;
use tracing::warn;
use wal::{Log, SegmentStatus, Start, TornTail, Until};

use super::RestoreRequest;
use super::plan::Plan;
use super::target::At;
use crate::Error;
use crate::repository::{TIMELINE_FORMAT, TimelineRecord};

/// Where a restored log ends and its new timeline begins.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cut {
    pub(super) timeline: u32,
    pub(super) segment: u64,
    pub(super) end_lsn: Lsn,
    pub(super) end_time: Timestamp,
}

/// What the log said, and whether it went on beyond the target.
struct Ended {
    cut: Cut,
    goes_on: bool,
    torn: Option<TornTail>,
}

/// Reads the fetched log to the target and begins the new timeline behind it.
pub(super) async fn cut(request: &RestoreRequest, plan: &Plan, dir: &Path) -> Result<Cut, Error> {
    let base = &plan.base.manifest.record;
    let until = request.at.until(base);
    let start = Start::restore(base.base_lsn, until, plan.next_timeline);
    let environment = wal::Environment {
        disk: Arc::clone(&request.disk),
        clock: Arc::clone(&request.clock),
        entropy: Arc::clone(&request.entropy),
        keyring: Arc::new(plan.keyring_copy(&request.master_key)?),
        dir: dir.join("wal"),
        kind: FileKind::LogSegment,
    };
    let last_fetched = plan.log.last().map(|object| object.name.segment);
    let work = move || end_log(environment, start, last_fetched);
    let ended = tokio::task::spawn_blocking(work).await;
    let Ended {
        mut cut,
        goes_on,
        torn,
    } = ended.map_err(|_| Error::Aborted {
        task: "cuts the log",
    })??;
    // What is archived was durable, to its last byte: no crash has torn it.
    if let (Some(torn), Some(last)) = (torn, plan.log.last()) {
        return Err(Error::Damaged {
            object: last.name.object(),
            reason: format!("{}, at offset {}", torn.reason, torn.offset),
        });
    }
    if cut.end_lsn == base.end_lsn {
        // Where nothing had to be replayed, the log tells no time.
        cut.end_time = cut.end_time.max(base.end_time);
    }
    // What the backup holds is the least that must have come back (B-2).
    if cut.end_lsn < base.end_lsn {
        return Err(Error::LogGap {
            timeline: plan.parent,
            after: cut.end_lsn,
        });
    }
    if !goes_on && !reaches(&request.at, &cut) {
        return Err(Error::TooLate {
            target: request.at.to_string(),
            latest: cut.end_time,
            lsn: last_record(cut.end_lsn),
        });
    }
    Ok(cut)
}

impl Cut {
    /// Tells the repository of the new timeline, so that what the restored server archives is joined
    /// to its past. Returns false when the repository cannot be written to from here.
    pub(super) async fn register(
        &self,
        request: &RestoreRequest,
        plan: &Plan,
    ) -> Result<bool, Error> {
        let record = TimelineRecord {
            format: TIMELINE_FORMAT,
            timeline: self.timeline,
            parent: Some(plan.parent),
            start_lsn: self.end_lsn,
            start_segment: self.segment,
            created: Timestamp::from_nanos(request.clock.now().0),
        };
        let registered = request.repository.found_timeline(&plan.keyring, &record);
        match registered.await {
            Ok(()) => Ok(true),
            // Another restore took the number: two servers must not go on with one timeline.
            Err(error @ Error::Conflict { .. }) => Err(error),
            Err(error) => {
                warn!(%error, "the repository was not told of the new timeline");
                Ok(false)
            }
        }
    }
}

/// Opens and closes the log, which ends it and begins a segment of the new timeline.
fn end_log(
    environment: wal::Environment,
    start: Start,
    last_fetched: Option<u64>,
) -> Result<Ended, Error> {
    let (disk, dir) = (Arc::clone(&environment.disk), environment.dir.clone());
    let failed = |source: wal::Error| Error::Log {
        path: dir.clone(),
        source: Box::new(source),
    };
    let settings = wal::Settings {
        // Nothing is written but the header of one segment; the server's own sizes come later.
        segment_bytes: SEGMENT_BYTES,
        spare_segments: 1,
        ..wal::Settings::default()
    };
    let (log, report) = Log::open(environment, settings, start, &mut |_| Ok(())).map_err(failed)?;
    let segments = log.segments();
    let [before @ .., begun] = segments.as_slice() else {
        unreachable!("an open log has a segment that it writes");
    };
    let goes_on = match (before.last(), last_fetched) {
        (Some(last), Some(fetched)) => fetched > last.number || is_longer(&*disk, last)?,
        (None, Some(_)) => start.until != Until::End,
        (_, None) => false,
    };
    let cut = Cut {
        timeline: report.timeline,
        segment: begun.number,
        end_lsn: report.end_lsn,
        end_time: report.last_commit_time,
    };
    log.close().map_err(failed)?;
    Ok(Ended {
        cut,
        goes_on,
        torn: report.torn,
    })
}

/// Tells whether a segment's file holds more than what counts of it.
fn is_longer(disk: &dyn Disk, segment: &SegmentStatus) -> Result<bool, Error> {
    let length = disk
        .open(&segment.path, OpenMode::Read)
        .and_then(|file| file.len());
    let length = length.map_err(|source| Error::Io {
        path: PathBuf::from(&segment.path),
        source,
    })?;
    Ok(length > segment.durable_bytes)
}

/// Tells whether a log that ends here is known to hold everything up to the target.
fn reaches(at: &At, cut: &Cut) -> bool {
    match at {
        At::Latest | At::Backup(_) => true,
        At::Time(time) => cut.end_time >= *time,
        At::Lsn(lsn) => cut.end_lsn > *lsn,
    }
}

/// Returns a position that `lsn:N` takes for all before `end`.
fn last_record(end: Lsn) -> Lsn {
    Lsn::new(end.get().saturating_sub(1))
}

const SEGMENT_BYTES: u64 = 1 << 20;
