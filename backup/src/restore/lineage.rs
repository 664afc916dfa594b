//! Which objects make up the log of a line of history: decided from names and records alone.
//!
//! ```text
//!   timeline 1   ──1──2──3──4──5──▶           left at segment 4 by
//!   timeline 2            └──4──5──6──▶       so the line of 2 is 1:1 1:2 1:3 2:4 2:5 2:6
//! ```
//!
//! Within a timeline several writers may have shipped, one after the other. What a writer shipped
//! beyond the start of a later one was written by a server that did not know that it had been
//! replaced, and does not count.

use std::collections::BTreeMap;
use std::ops::Range;

use schema::Lsn;

use crate::BackupRecord;
use crate::layout::SegmentName;
use crate::repository::{EpochRecord, TimelineRecord};

/// A stretch of a line of history on one timeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Branch {
    pub(crate) timeline: u32,
    /// Where the line goes on with the next timeline, nothing for the last.
    pub(crate) left: Option<Left>,
}

/// Where a timeline was left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Left {
    /// The first segment of the next timeline: those of this number and above are not of the line.
    pub(crate) segment: u64,
    /// Where the next timeline begins.
    pub(crate) lsn: Lsn,
}

/// An object of the archived log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LogObject {
    pub(crate) name: SegmentName,
    pub(crate) bytes: u64,
}

/// Returns the timeline of the newest writer: where `latest` is looked for.
///
/// A restored server that never archived has left no trace but its registration, and a rehearsal of
/// a restore must not hide what the real server went on to write.
pub(crate) fn newest_timeline(epochs: &[EpochRecord]) -> Option<u32> {
    epochs.iter().max_by_key(|e| e.epoch).map(|e| e.timeline)
}

/// Returns the line of history that ends with a timeline, oldest branch first.
pub(crate) fn branches(timelines: &[TimelineRecord], last: u32) -> Vec<Branch> {
    let mut branches = vec![Branch {
        timeline: last,
        left: None,
    }];
    let mut current = last;
    // A parent has a smaller number than its child, so that this ends whatever the records say.
    while let Some(record) = timelines.iter().find(|t| t.timeline == current)
        && let Some(parent) = record.parent.filter(|parent| *parent < current)
    {
        let left = Left {
            segment: record.start_segment,
            lsn: record.start_lsn,
        };
        branches.push(Branch {
            timeline: parent,
            left: Some(left),
        });
        current = parent;
    }
    branches.reverse();
    branches
}

/// Chooses, of all objects of the log, one for each segment of a line from `first` on, in order.
pub(crate) fn line(
    objects: &[LogObject],
    epochs: &[EpochRecord],
    branches: &[Branch],
    first: u64,
) -> Vec<LogObject> {
    let mut best: BTreeMap<u64, LogObject> = BTreeMap::new();
    for object in objects {
        let SegmentName {
            timeline, segment, ..
        } = object.name;
        let is_on_line = branches.iter().any(|branch| {
            branch.timeline == timeline && branch.left.is_none_or(|left| segment < left.segment)
        });
        if segment < first || !is_on_line || is_fenced(object, epochs) {
            continue;
        }
        let chosen = best.entry(segment).or_insert(*object);
        if rank(object) > rank(chosen) {
            *chosen = *object;
        }
    }
    best.into_values().collect()
}

/// Segments of one timeline that are not stored whole, though the line goes on behind them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Gap {
    pub(crate) timeline: u32,
    pub(crate) first: u64,
    pub(crate) last: u64,
}

/// Returns which segments of a span a line lacks, or has only the beginning of.
///
/// A timeline may end with a beginning: the next one began within that segment.
pub(crate) fn gaps(line: &[LogObject], branches: &[Branch], span: Range<u64>) -> Vec<Gap> {
    let mut gaps = Vec::new();
    let mut expected = span.start;
    let inside = line.iter().filter(|o| span.contains(&o.name.segment));
    for LogObject { name, .. } in inside {
        missing(branches, expected..name.segment, &mut gaps);
        expected = name.segment + 1;
        if name.partial.is_some() && !is_last_of_branch(branches, name) {
            missing(branches, name.segment..expected, &mut gaps);
        }
    }
    missing(branches, expected..span.end, &mut gaps);
    gaps
}

/// Notes a span that is not stored, by the timelines to which it belongs.
fn missing(branches: &[Branch], span: Range<u64>, gaps: &mut Vec<Gap>) {
    let mut first = span.start;
    for branch in branches {
        let end = branch
            .left
            .map_or(span.end, |left| left.segment.min(span.end));
        if first < end {
            gaps.push(Gap {
                timeline: branch.timeline,
                first,
                last: end - 1,
            });
            first = end;
        }
    }
}

fn is_last_of_branch(branches: &[Branch], name: &SegmentName) -> bool {
    let left = branches.iter().filter_map(|branch| {
        let left = branch.left?;
        (branch.timeline == name.timeline).then_some(left)
    });
    left.into_iter()
        .any(|left| left.segment == name.segment + 1)
}

/// Tells whether a backup was made on a line: on one of its timelines, before it was left.
pub(crate) fn is_on(branches: &[Branch], backup: &BackupRecord) -> bool {
    branches.iter().any(|branch| {
        branch.timeline == backup.timeline
            && branch.left.is_none_or(|left| backup.end_lsn <= left.lsn)
    })
}

/// Orders objects of one segment: of a later timeline, whole, by the latest writer, the longest.
fn rank(object: &LogObject) -> (u32, bool, u64, Lsn) {
    let SegmentName {
        timeline,
        epoch,
        partial,
        ..
    } = object.name;
    match partial {
        None => (timeline, true, epoch, Lsn::MAX),
        Some(lsn) => (timeline, false, 0, lsn),
    }
}

/// Tells whether a writer shipped this when a later one had begun.
fn is_fenced(object: &LogObject, epochs: &[EpochRecord]) -> bool {
    let name = object.name;
    epochs
        .iter()
        .filter(|later| later.epoch > name.epoch && later.timeline == name.timeline)
        .any(|later| {
            let is_known = name.partial.is_some_and(|lsn| lsn <= later.started_lsn);
            match name.partial {
                Some(_) => !is_known,
                None => name.segment >= later.started_segment,
            }
        })
}

#[cfg(test)]
mod tests {
    use schema::{Lsn, Timestamp};

    use super::*;

    fn epoch(epoch: u64, timeline: u32, lsn: u64, segment: u64) -> EpochRecord {
        EpochRecord {
            format: 1,
            epoch,
            writer: String::new(),
            timeline,
            started_lsn: Lsn::new(lsn),
            started_segment: segment,
            started: Timestamp::default(),
        }
    }

    fn timeline(timeline: u32, parent: Option<u32>, segment: u64, lsn: u64) -> TimelineRecord {
        TimelineRecord {
            format: 1,
            timeline,
            parent,
            start_lsn: Lsn::new(lsn),
            start_segment: segment,
            created: Timestamp::default(),
        }
    }

    fn object(timeline: u32, segment: u64, epoch: u64, partial: Option<u64>) -> LogObject {
        let partial = partial.map(Lsn::new);
        let name = SegmentName {
            timeline,
            segment,
            epoch,
            partial,
        };
        LogObject { name, bytes: 1 }
    }

    #[test]
    fn a_line_leaves_each_timeline_where_the_next_begins() {
        let all = [
            timeline(1, None, 1, 0),
            timeline(2, Some(1), 4, 40),
            timeline(3, Some(1), 2, 20),
        ];
        let left = |segment, lsn| {
            Some(Left {
                segment,
                lsn: Lsn::new(lsn),
            })
        };
        let branch = |timeline, left| Branch { timeline, left };
        assert_eq!(branches(&all, 2), [branch(1, left(4, 40)), branch(2, None)]);
        assert_eq!(branches(&all, 3), [branch(1, left(2, 20)), branch(3, None)]);
        assert_eq!(branches(&all, 9), [branch(9, None)]);
    }

    #[test]
    fn records_that_go_in_a_circle_end() {
        let all = [timeline(1, Some(2), 1, 0), timeline(2, Some(1), 4, 40)];
        assert_eq!(branches(&all, 2).len(), 2);
    }

    #[test]
    fn segments_come_from_the_timeline_that_the_line_was_on() {
        let branches = branches(&[timeline(2, Some(1), 3, 20)], 2);
        let objects: Vec<_> = [(1, 1), (1, 2), (1, 3), (1, 4), (2, 3), (2, 4)]
            .map(|(timeline, segment)| object(timeline, segment, 1, None))
            .into();
        let line = line(&objects, &[], &branches, 2);
        let names: Vec<_> = line
            .iter()
            .map(|o| (o.name.timeline, o.name.segment))
            .collect();
        assert_eq!(names, [(1, 2), (2, 3), (2, 4)]);
    }

    #[test]
    fn a_whole_segment_goes_before_pieces_and_the_longest_piece_before_shorter_ones() {
        let branches = branches(&[], 1);
        let pieces = [
            object(1, 1, 1, Some(10)),
            object(1, 1, 1, Some(30)),
            object(1, 1, 1, Some(20)),
        ];
        assert_eq!(line(&pieces, &[], &branches, 1), [pieces[1]]);
        let whole = object(1, 1, 1, None);
        let all = [pieces.as_slice(), &[whole]].concat();
        assert_eq!(line(&all, &[], &branches, 1), [whole]);
    }

    #[test]
    fn what_a_replaced_writer_shipped_later_does_not_count() {
        let (branches, epochs) = (branches(&[], 1), [epoch(1, 1, 0, 1), epoch(2, 1, 25, 3)]);
        let known = [
            object(1, 1, 1, None),
            object(1, 2, 1, Some(25)),
            object(1, 2, 2, None),
        ];
        let zombie = [
            object(1, 2, 1, Some(26)),
            object(1, 3, 1, None),
            object(1, 3, 1, Some(40)),
        ];
        let all = [known.as_slice(), &zombie].concat();
        assert_eq!(line(&all, &epochs, &branches, 1), [known[0], known[2]]);
        let before = [known[0], known[1], zombie[0], zombie[1]];
        assert_eq!(line(&before, &epochs, &branches, 1), [known[0], known[1]]);
    }

    #[test]
    fn a_gap_is_told_by_its_timeline_and_a_beginning_counts_where_a_timeline_ends() {
        let branches = branches(&[timeline(2, Some(1), 4, 40)], 2);
        let stored = [
            object(1, 1, 1, None),
            object(1, 3, 1, Some(40)),
            object(2, 4, 1, Some(50)),
            object(2, 6, 1, None),
        ];
        let gap = |timeline, first, last| Gap {
            timeline,
            first,
            last,
        };
        let found = gaps(&stored, &branches, 1..9);
        let expected = [gap(1, 2, 2), gap(2, 4, 4), gap(2, 5, 5), gap(2, 7, 8)];
        assert_eq!(found, expected);
        assert_eq!(gaps(&stored, &branches, 3..4), []);
        assert_eq!(gaps(&[], &branches, 3..6), [gap(1, 3, 3), gap(2, 4, 5)]);
    }

    #[test]
    fn the_newest_timeline_is_that_of_the_newest_writer() {
        let epochs = [epoch(1, 1, 0, 1), epoch(2, 2, 10, 3), epoch(3, 1, 20, 5)];
        assert_eq!(newest_timeline(&epochs), Some(1));
        assert_eq!(newest_timeline(&[]), None);
    }
}
