//! Finds out what the log holds, and makes its directory fit to go on.
//!
//! ```text
//!   survey ──▶ chain ──▶ replay ──▶ tail          reads, decides, changes no byte
//!     what       which     in order,  torn or
//!     is there   belongs   to the end damaged
//!                             ▲
//!                           secure                the last group, put on disk once more
//!                              │
//!                              ▼
//!                           settle                cuts the tail, removes leftovers
//! ```
//!
//! Every state that a directory can be found in is a row of `docs/internals/recovery.md`, with
//! what is done and the test that shows it. Where a row does not say otherwise, the log refuses to
//! open: it fails closed.

mod ahead;
mod chain;
mod replay;
mod report;
mod secure;
mod settle;
mod survey;
mod tail;

use std::path::PathBuf;

use schema::{Lsn, Timestamp};

pub(crate) use self::ahead::Reading;
use self::chain::{ChainFault, Link};
pub use self::replay::Apply;
use self::replay::{Counts, Replay};
pub use self::report::{RecoveryReport, TornTail};
pub(crate) use self::secure::LastGroup;
pub(crate) use self::settle::{remove_abandoned, settle};
pub(crate) use self::survey::Survey;
use crate::format::segment_header::ChainTag;
use crate::segment::OpenSegment;
use crate::{Environment, Error, Start, Timeline, Until};

/// What a directory holds, and how the log goes on in it.
#[derive(Debug)]
pub(crate) struct Findings {
    /// The log's segments, oldest first.
    pub(crate) segments: Vec<OpenSegment>,
    /// Segments that a change of timeline, past or about to be made, cuts off.
    pub(crate) abandoned: Vec<OpenSegment>,
    /// The rest of the directory.
    pub(crate) survey: Survey,
    pub(crate) end: End,
    /// The timeline to go on with.
    pub(crate) timeline: u32,
    pub(crate) counts: Counts,
}

/// Where the log ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct End {
    /// Number of the segment in which it ends, 0 when there is none.
    pub(crate) segment: u64,
    pub(crate) lsn: Lsn,
    pub(crate) chain: ChainTag,
    pub(crate) commit_time: Timestamp,
    /// Whether it ends because the target of a restore was reached.
    pub(crate) is_target: bool,
    pub(crate) torn: Option<TornTail>,
}

impl Findings {
    /// Returns a number above that of every segment in the directory.
    pub(crate) fn next_number(&self) -> u64 {
        let found = self.segments.iter().chain(&self.abandoned);
        found
            .map(|segment| segment.header.number)
            .max()
            .unwrap_or(0)
            + 1
    }

    /// Returns a number above that of every spare in the directory.
    pub(crate) fn next_spare_number(&self) -> u64 {
        self.survey
            .spares
            .iter()
            .map(|(number, _)| *number)
            .max()
            .unwrap_or(0)
            + 1
    }

    /// Returns what to tell the caller.
    pub(crate) fn report(&self, removed: Vec<PathBuf>) -> RecoveryReport {
        RecoveryReport {
            segments: self.counts.segments,
            groups: self.counts.groups,
            records: self.counts.records,
            payload_bytes: self.counts.payload_bytes,
            end_lsn: self.end.lsn,
            last_commit_time: self.end.commit_time,
            timeline: self.timeline,
            torn: self.end.torn.clone(),
            removed,
            foreign: self.survey.foreign.clone(),
        }
    }
}

/// Reads the directory and replays the log; changes no byte, and writes none unless `last_group` is
/// to be secured.
pub(crate) fn examine(
    environment: &Environment,
    start: Start,
    last_group: LastGroup,
    reading: Reading,
    apply: Apply<'_>,
) -> Result<Findings, Error> {
    let mut survey = Survey::of(environment)?;
    let segments = std::mem::take(&mut survey.segments);
    let newest = segments.last().map(|segment| segment.header.timeline);
    let (timeline, until) = plan(start, newest)?;
    let (mut segments, mut abandoned) = split(environment, segments, start.from)?;
    let mut replay = Replay::new(environment, start.from, until, (last_group, reading), apply);
    let end = replay.run(&segments)?;
    let counts = replay.counts;
    let end = match end {
        Some(end) => end,
        None => empty_end(environment, start)?,
    };
    check_end(environment, start, &end)?;
    // What lies beyond a restore's target is not history any more.
    let kept = segments.partition_point(|segment| segment.header.number <= end.segment);
    abandoned.extend(segments.drain(kept..));
    Ok(Findings {
        segments,
        abandoned,
        survey,
        end,
        timeline,
        counts,
    })
}

/// Returns the timeline to go on with and where replay ends.
fn plan(start: Start, newest: Option<u32>) -> Result<(u32, Until), Error> {
    let refuse = |reason| Err(Error::Start { reason });
    match (start.timeline, newest) {
        (Timeline::Continue, _) if start.until != Until::End => {
            refuse("a log that is cut goes on as a new timeline")
        }
        (Timeline::Continue, newest) => Ok((newest.unwrap_or(FIRST_TIMELINE), Until::End)),
        (Timeline::New(0), _) => refuse("timelines are counted from 1"),
        (Timeline::New(new), Some(newest)) if new == newest => Ok((new, Until::End)),
        (Timeline::New(new), Some(newest)) if new < newest => {
            refuse("a new timeline is above those in the directory")
        }
        (Timeline::New(new), _) => Ok((new, start.until)),
    }
}

/// Splits segments into those of the log and those that an earlier change of timeline cut off.
fn split(
    environment: &Environment,
    segments: Vec<OpenSegment>,
    from: Lsn,
) -> Result<(Vec<OpenSegment>, Vec<OpenSegment>), Error> {
    let links: Vec<Link> = segments.iter().map(link).collect();
    let chain = chain::follow(&links, from).map_err(|fault| refuse_chain(environment, fault))?;
    let is_member = |index: &usize| chain.members.binary_search(index).is_ok();
    let (members, abandoned): (Vec<_>, Vec<_>) = segments
        .into_iter()
        .enumerate()
        .partition(|(index, _)| is_member(index));
    let without_index = |(_, segment)| segment;
    Ok((
        members.into_iter().map(without_index).collect(),
        abandoned.into_iter().map(without_index).collect(),
    ))
}

const fn link(segment: &OpenSegment) -> Link {
    let header = &segment.header;
    Link {
        number: header.number,
        previous: header.previous,
        base_lsn: header.base_lsn,
        timeline: header.timeline,
    }
}

fn refuse_chain(environment: &Environment, fault: ChainFault) -> Error {
    let path = |link: Link| crate::segment::segment_path(&environment.dir, link.number);
    match fault {
        ChainFault::Missing(Link {
            number, base_lsn, ..
        }) => Error::MissingSegment {
            dir: environment.dir.clone(),
            number,
            base_lsn,
        },
        ChainFault::Stray(link) => Error::Misplaced {
            path: path(link),
            reason: "no later segment continues it",
        },
        ChainFault::Contradiction(link) => Error::Misplaced {
            path: path(link),
            reason: "the segment that continues it begins before it",
        },
    }
}

/// Returns where a log begins that has no segment yet.
fn empty_end(environment: &Environment, start: Start) -> Result<End, Error> {
    let is_first = start.from == Lsn::ZERO;
    if !is_first && start.timeline == Timeline::Continue {
        return Err(Error::MissingLog {
            dir: environment.dir.clone(),
            from: start.from,
        });
    }
    Ok(End {
        segment: 0,
        lsn: start.from,
        chain: ChainTag::default(),
        commit_time: Timestamp::from_nanos(i64::MIN),
        is_target: false,
        torn: None,
    })
}

fn check_end(environment: &Environment, start: Start, end: &End) -> Result<(), Error> {
    if end.lsn >= start.from {
        return Ok(());
    }
    if end.is_target {
        return Err(Error::Start {
            reason: "the point to restore lies before the replay's start",
        });
    }
    Err(Error::EndsEarly {
        dir: environment.dir.clone(),
        end: end.lsn,
        from: start.from,
    })
}

const FIRST_TIMELINE: u32 = 1;

#[cfg(test)]
mod tests;
