//! Reads the log in order and gives out its records, up to where it ends.

use schema::{Lsn, Timestamp};

use super::ahead::{Reading, Step, walk};
use super::secure::{LastGroup, secure};
use super::tail::{self, Verdict};
use super::{End, TornTail};
use crate::error::ReplayError;
use crate::format::segment_header::ChainTag;
use crate::segment::{BadRecord, Fault, Found, OpenSegment, WalkedBody, WalkedGroup, Walker};
use crate::{Environment, Error, Record, Until};

/// Takes the records of a log.
pub type Apply<'a> = &'a mut dyn FnMut(Record) -> Result<(), ReplayError>;

/// A replay under way.
pub(crate) struct Replay<'a> {
    environment: &'a Environment,
    from: Lsn,
    until: Until,
    last_group: LastGroup,
    reading: Reading,
    apply: Apply<'a>,
    pub(crate) counts: Counts,
}

/// What a replay has given out so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) segments: u64,
    pub(crate) groups: u64,
    pub(crate) records: u64,
    pub(crate) payload_bytes: u64,
}

/// A place in the log before which everything counts.
#[derive(Debug, Clone, Copy)]
struct Cut {
    lsn: Lsn,
    chain: ChainTag,
    commit_time: Timestamp,
}

/// A group that is given out once it is known what is behind it.
struct Held {
    /// A walker that stands before the group.
    before: Walker,
    group: WalkedGroup,
    commit_time_before: Timestamp,
}

impl<'a> Replay<'a> {
    pub(crate) fn new(
        environment: &'a Environment,
        from: Lsn,
        until: Until,
        (last_group, reading): (LastGroup, Reading),
        apply: Apply<'a>,
    ) -> Self {
        Self {
            environment,
            from,
            until,
            last_group,
            reading,
            apply,
            counts: Counts::default(),
        }
    }

    /// Reads the segments of a chain, oldest first, and returns where the log ends.
    ///
    /// Segments that end at `from` or before are not read.
    pub(crate) fn run(&mut self, segments: &[OpenSegment]) -> Result<Option<End>, Error> {
        for (index, segment) in segments.iter().enumerate() {
            let next = segments.get(index + 1);
            if next.is_some_and(|next| next.header.base_lsn <= self.from) {
                continue;
            }
            self.counts.segments += 1;
            let end = match next {
                Some(next) => self.read_sealed(segment, next)?,
                None => Some(self.read_last(segment)?),
            };
            if end.is_some() {
                return Ok(end);
            }
        }
        Ok(None)
    }

    /// Reads a segment that another continues: it ends exactly where that one begins, with the
    /// chain tag that that one names, or it is damaged. Returns an end only when the target is in
    /// it.
    fn read_sealed(
        &mut self,
        segment: &OpenSegment,
        next: &OpenSegment,
    ) -> Result<Option<End>, Error> {
        let end = next.header.base_lsn;
        let mut last = Walker::new(segment.clone()).until(end);
        let cut = walk(self.reading, last.clone(), |step| {
            let group = match step.found {
                Found::Group(group) => group,
                Found::Bad(bad) => return Err(damaged(segment, bad.offset, reason(bad))),
            };
            if group.is_cut && next.header.timeline == segment.header.timeline {
                let offset = segment.offset_of(group.lsn);
                return Err(damaged(
                    segment,
                    offset,
                    "the next segment begins within a group",
                ));
            }
            last = step.after;
            self.take(group, last.commit_time_before())
        })?;
        if let Some(cut) = cut {
            return Ok(Some(end_at(segment, cut)));
        }
        if last.position() != end || last.chain() != next.header.chain {
            let reason = "it does not end as the next segment says";
            return Err(damaged(segment, segment.offset_of(end), reason));
        }
        Ok(None)
    }

    /// Reads the newest segment up to where its groups end.
    fn read_last(&mut self, segment: &OpenSegment) -> Result<End, Error> {
        let mut held: Option<Held> = None;
        let end = walk(self.reading, Walker::new(segment.clone()), |step| {
            let Step {
                before,
                found,
                after,
            } = step;
            let (next, bad) = match found {
                Found::Group(group) => {
                    let held = Held {
                        before,
                        group,
                        commit_time_before: after.commit_time_before(),
                    };
                    (Some(held), None)
                }
                Found::Bad(bad) => (None, Some(bad)),
            };
            let vouched = next.as_ref().map(|next| next.group.durable_lsn);
            if let Some(held) = std::mem::replace(&mut held, next)
                && let Some(cut) = self.take_held(held, vouched)?
            {
                return Ok(Some(end_at(segment, cut)));
            }
            bad.map(|bad| self.end_of_log(&after, bad)).transpose()
        })?;
        // A walker goes on until it finds what is no group, or until there is no position left.
        end.ok_or_else(|| damaged(segment, 0, "it begins at the last position that there is"))
    }

    /// Gives out a group, which is on disk up to `vouched` as the one behind it says.
    fn take_held(&mut self, held: Held, vouched: Option<Lsn>) -> Result<Option<Cut>, Error> {
        let Held {
            before,
            group,
            commit_time_before,
        } = held;
        let is_vouched = vouched.is_some_and(|vouched| vouched >= group.end);
        // W-2: what is given out is there after the next crash, too.
        if !is_vouched && self.last_group == LastGroup::Secure {
            secure(self.environment, before, &group)?;
        }
        self.take(group, commit_time_before)
    }

    fn end_of_log(&self, walker: &Walker, bad: BadRecord) -> Result<End, Error> {
        let segment = walker.segment();
        let behind = tail::look_behind(segment, bad).map_err(|source| Error::Io {
            path: segment.path.clone(),
            source,
        })?;
        let torn = match tail::judge(bad, behind) {
            Verdict::CleanEnd => None,
            Verdict::Damage(reason) => return Err(damaged(segment, bad.offset, reason)),
            Verdict::Torn(reason) => {
                let offset = segment.offset_of(bad.lsn);
                let bytes = behind.end.saturating_sub(offset);
                Some(TornTail {
                    path: segment.path.clone(),
                    offset,
                    bytes,
                    reason,
                })
            }
        };
        Ok(End {
            segment: segment.header.number,
            lsn: walker.position(),
            chain: walker.chain(),
            commit_time: walker.commit_time(),
            is_target: false,
            torn,
        })
    }

    /// Gives out the records of a group, or those of them that are not beyond the target.
    fn take(
        &mut self,
        group: WalkedGroup,
        commit_time_before: Timestamp,
    ) -> Result<Option<Cut>, Error> {
        let (commit_time, tag) = (group.commit_time, group.tag);
        let before = Cut {
            lsn: group.lsn,
            chain: group.chain_before,
            commit_time: commit_time_before,
        };
        if matches!(self.until, Until::CommitTime(last) if commit_time > last) {
            return Ok(Some(before));
        }
        self.counts.groups += 1;
        for (index, body) in group.bodies.into_iter().enumerate() {
            if matches!(self.until, Until::Lsn(last) if body.lsn > last) {
                let within = Cut {
                    lsn: body.lsn,
                    chain: tag,
                    commit_time,
                };
                return Ok(Some(if index == 0 { before } else { within }));
            }
            self.give(body, commit_time)?;
        }
        Ok(None)
    }

    fn give(&mut self, body: WalkedBody, commit_time: Timestamp) -> Result<(), Error> {
        let lsn = body.lsn;
        if lsn < self.from {
            return Ok(());
        }
        self.counts.records += 1;
        self.counts.payload_bytes += body.payload.len() as u64;
        (self.apply)(body.into_record(commit_time)).map_err(|source| Error::Replay { lsn, source })
    }
}

fn end_at(segment: &OpenSegment, cut: Cut) -> End {
    let Cut {
        lsn,
        chain,
        commit_time,
    } = cut;
    let segment = segment.header.number;
    End {
        segment,
        lsn,
        chain,
        commit_time,
        is_target: true,
        torn: None,
    }
}

const fn reason(bad: BadRecord) -> &'static str {
    match bad.fault {
        Fault::Nothing => "it ends before the next segment begins",
        Fault::Incomplete(reason) | Fault::Forged(reason) => reason,
    }
}

fn damaged(segment: &OpenSegment, offset: u64, reason: &'static str) -> Error {
    Error::Damaged {
        path: segment.path.clone(),
        offset,
        reason,
    }
}
