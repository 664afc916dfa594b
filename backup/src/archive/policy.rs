//! What to ship next: decided from what the log has and what is stored, without doing anything.

use schema::Lsn;
use wal::SegmentStatus;

/// What is stored of the log of this timeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Progress {
    /// The last segment that is stored whole, 0 for none.
    pub(super) whole: u64,
    /// Where that segment ends: what stands before is never read again.
    pub(super) whole_end: Lsn,
    /// Everything before this position is stored.
    pub(super) archived: Lsn,
}

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Choice {
    /// Everything durable is stored.
    Nothing,
    /// Ship this segment, which never changes any more.
    Whole(SegmentStatus),
    /// Ship the durable beginning of this segment, which is still being written.
    Partial(SegmentStatus),
    /// Close this segment, so that its beginning is not sent over and over.
    Rotate(SegmentStatus),
}

/// Chooses what to ship. Segments go in order, so that what is stored has no gaps.
///
/// Segments of other timelines are what a restore brought with it: they are in the repository
/// already, under their own timeline.
pub(super) fn choose(
    segments: &[SegmentStatus],
    progress: Progress,
    timeline: u32,
    partial_bytes_max: u64,
) -> Choice {
    let next = segments
        .iter()
        .find(|segment| segment.timeline == timeline && segment.number > progress.whole);
    match next {
        None => Choice::Nothing,
        Some(segment) if segment.is_sealed => Choice::Whole(segment.clone()),
        Some(segment) if is_behind(segment, progress) => {
            if segment.durable_bytes > partial_bytes_max {
                Choice::Rotate(segment.clone())
            } else {
                Choice::Partial(segment.clone())
            }
        }
        Some(_) => Choice::Nothing,
    }
}

/// Returns the position from which on the log must stay on the local disk.
///
/// A segment without groups ends where the one before it ends, and is released with it. So as long as
/// one that is not stored ends there, the last position that is stored is held too.
pub(super) fn hold_from(segments: &[SegmentStatus], progress: Progress) -> Lsn {
    let Progress {
        whole, whole_end, ..
    } = progress;
    let would_go_too =
        |segment: &SegmentStatus| segment.number > whole && segment.end_lsn <= whole_end;
    if segments.iter().any(would_go_too) {
        return Lsn::new(whole_end.get().saturating_sub(1));
    }
    whole_end
}

/// Tells whether an open segment has groups that are not stored.
fn is_behind(segment: &SegmentStatus, progress: Progress) -> bool {
    segment.end_lsn > segment.base_lsn && segment.end_lsn > progress.archived
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use schema::{Lsn, Timestamp};
    use wal::SegmentStatus;

    use super::{Choice, Progress, choose, hold_from};

    fn segment(number: u64, base: u64, end: u64, is_sealed: bool) -> SegmentStatus {
        SegmentStatus {
            number,
            timeline: 2,
            path: PathBuf::new(),
            base_lsn: Lsn::new(base),
            end_lsn: Lsn::new(end),
            durable_bytes: 4_096 + end - base,
            created: Timestamp::default(),
            is_sealed,
        }
    }

    fn progress(whole: u64, archived: u64) -> Progress {
        Progress {
            whole,
            whole_end: Lsn::ZERO,
            archived: Lsn::new(archived),
        }
    }

    #[test]
    fn sealed_segments_go_first_and_in_order() {
        let log = [
            segment(4, 0, 10, true),
            segment(6, 10, 20, true),
            segment(7, 20, 30, false),
        ];
        let next = |whole, archived| choose(&log, progress(whole, archived), 2, 1 << 20);
        assert_eq!(next(0, 0), Choice::Whole(log[0].clone()));
        assert_eq!(next(4, 10), Choice::Whole(log[1].clone()));
        assert_eq!(next(6, 20), Choice::Partial(log[2].clone()));
        assert_eq!(next(6, 30), Choice::Nothing);
    }

    #[test]
    fn a_segment_that_grew_beyond_the_limit_is_closed() {
        let log = [segment(7, 20, 5_000, false)];
        assert_eq!(
            choose(&log, progress(6, 20), 2, 4_096),
            Choice::Rotate(log[0].clone())
        );
    }

    #[test]
    fn an_open_segment_without_groups_and_other_timelines_are_left_alone() {
        let log = [segment(7, 20, 20, false)];
        assert_eq!(choose(&log, progress(0, 0), 2, 1 << 20), Choice::Nothing);
        let old = [segment(3, 0, 20, true)];
        assert_eq!(choose(&old, progress(0, 0), 3, 1 << 20), Choice::Nothing);
    }

    #[test]
    fn segments_without_groups_are_held_with_the_one_before_them() {
        let stored = |whole| Progress {
            whole,
            whole_end: Lsn::new(20),
            archived: Lsn::new(20),
        };
        let log = [
            segment(4, 10, 20, true),
            segment(5, 20, 20, true),
            segment(6, 20, 30, false),
        ];
        assert_eq!(hold_from(&log, stored(4)), Lsn::new(19));
        assert_eq!(hold_from(&log, stored(5)), Lsn::new(20));
        assert_eq!(hold_from(&log, Progress::default()), Lsn::ZERO);
    }
}
