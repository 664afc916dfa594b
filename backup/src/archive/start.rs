//! Where an archiver begins: its repository, its timeline, its epoch, and what is stored already.

use schema::{Lsn, Timestamp};
use tracing::error;
use wal::SegmentStatus;

use super::ArchiveEnvironment;
use super::continuity::is_continuous;
use super::policy::Progress;
use crate::layout::SegmentName;
use crate::repository::{LogStart, TIMELINE_FORMAT, TimelineRecord, Writer};
use crate::{Error, Repository};

/// An archiver that may ship.
#[derive(Debug)]
pub(super) struct Begun {
    pub(super) writer: Writer,
    pub(super) timeline: u32,
    pub(super) progress: Progress,
    /// The first local segment of the timeline, as long as something is missing before it.
    pub(super) gap: Option<SegmentStatus>,
}

/// Makes ready to ship; may be repeated after a failure, at the price of an epoch number.
pub(super) async fn begin(
    repository: &Repository,
    environment: &ArchiveEnvironment,
    log: &wal::Log,
) -> Result<Begun, Error> {
    let (keyring, clock) = (&environment.keyring, environment.clock.as_ref());
    repository.prepare(keyring, clock).await?;
    let segments = log.segments();
    let open = segments
        .last()
        .expect("an open log has a segment that it writes");
    let ours = segments
        .iter()
        .find(|segment| segment.timeline == open.timeline)
        .unwrap_or(open);
    let record = TimelineRecord {
        format: TIMELINE_FORMAT,
        timeline: open.timeline,
        // A restore registers what it left; whoever was not restored left nothing.
        parent: None,
        start_lsn: ours.base_lsn,
        start_segment: ours.number,
        created: Timestamp::from_nanos(clock.now().0),
    };
    repository.register_timeline(keyring, &record).await?;
    let start = LogStart {
        timeline: open.timeline,
        lsn: open.end_lsn,
        segment: open.number,
    };
    let writer = repository.claim_epoch(keyring, clock, start).await?;
    let progress = stored(repository, &segments, ours).await?;
    let gap = match is_continuous(repository, keyring, ours).await? {
        true => None,
        false => Some(ours.clone()),
    };
    if gap.is_some() {
        error!(
            segment = ours.number,
            lsn = %ours.base_lsn,
            "the log before this segment is not in the repository: take a full backup now; until \
             then nothing counts as archived",
        );
    }
    Ok(Begun {
        writer,
        timeline: open.timeline,
        progress,
        gap,
    })
}

/// Returns how much of the local log is stored whole: a segment counts when one of its name and
/// length is there, whoever shipped it.
async fn stored(
    repository: &Repository,
    segments: &[SegmentStatus],
    first: &SegmentStatus,
) -> Result<Progress, Error> {
    let timeline = first.timeline;
    let folder = format!("wal/{timeline:010}");
    let listed = repository.list_below(&folder).await?;
    let is_stored = |segment: &SegmentStatus| {
        listed.iter().any(|listed| {
            let name = SegmentName::parse(&listed.object);
            listed.bytes == segment.durable_bytes
                && name.is_some_and(|n| n.segment == segment.number && n.partial.is_none())
        })
    };
    // What is before the log's first position here needs no shipping: it is stored, or it is gone.
    let mut progress = Progress {
        whole: 0,
        whole_end: Lsn::ZERO,
        archived: first.base_lsn,
    };
    for segment in segments.iter().filter(|s| s.timeline == timeline) {
        if !segment.is_sealed || !is_stored(segment) {
            break;
        }
        progress = Progress {
            whole: segment.number,
            whole_end: segment.end_lsn,
            archived: segment.end_lsn,
        };
    }
    Ok(progress)
}
