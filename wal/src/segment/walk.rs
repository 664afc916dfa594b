//! Walks a segment group by group, believing nothing that is not checked.
//!
//! It tells what stands in the file, not what that means: whether a bad record is a torn tail or
//! damage is decided in `recovery`.

use schema::{Lsn, Timestamp};

use super::OpenSegment;
use crate::Error;
use crate::format::group::{BodyEntry, Group};
use crate::format::segment_header::ChainTag;
use crate::format::trailer::{SealedText, split_trailer};
use crate::format::{RECORD_HEADER_BYTES, RecordHeader, RecordKind, body, record_bytes};
use crate::{Binding, Record};

/// A reader at a position between two groups.
#[derive(Debug, Clone)]
pub(crate) struct Walker {
    segment: OpenSegment,
    position: Lsn,
    chain: ChainTag,
    commit_time: Timestamp,
    commit_time_before: Timestamp,
    limit: Lsn,
}

/// What stands at a position.
#[derive(Debug)]
pub(crate) enum Found {
    /// A whole and authentic group.
    Group(WalkedGroup),
    /// Anything else, zeros and the end of the file included.
    Bad(BadRecord),
}

/// A group with its bodies opened.
#[derive(Debug)]
pub(crate) struct WalkedGroup {
    pub(crate) lsn: Lsn,
    pub(crate) end: Lsn,
    /// The position before which everything was on disk when it was written.
    pub(crate) durable_lsn: Lsn,
    pub(crate) commit_time: Timestamp,
    pub(crate) chain_before: ChainTag,
    pub(crate) tag: ChainTag,
    pub(crate) bodies: Vec<WalkedBody>,
    /// Whether the reader's limit lies within the group, so that bodies were left out.
    pub(crate) is_cut: bool,
}

/// A body, opened.
#[derive(Debug)]
pub(crate) struct WalkedBody {
    pub(crate) lsn: Lsn,
    pub(crate) next: Lsn,
    pub(crate) binding: Binding,
    pub(crate) payload: Vec<u8>,
}

/// A position at which no whole group stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BadRecord {
    /// Where the group begins, or would.
    pub(crate) lsn: Lsn,
    /// Where in the file the record stands that is bad: the group's or one of its bodies'.
    pub(crate) offset: u64,
    pub(crate) fault: Fault,
}

/// What is wrong with a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Zeros, or the end of the file: as every segment looks behind its last group.
    Nothing,
    /// Incomplete, or not what its checksum says: a write that a crash cut short looks so, and
    /// rot does too.
    Incomplete(&'static str),
    /// Whole by its checksum, but not what a writer with the key put here: no crash does that.
    Forged(&'static str),
}

impl WalkedBody {
    /// Returns the body as its reader gets it.
    pub(crate) fn into_record(self, commit_time: Timestamp) -> Record {
        let Self {
            lsn,
            next,
            binding,
            payload,
        } = self;
        Record {
            lsn,
            next,
            commit_time,
            binding,
            payload,
        }
    }
}

impl Walker {
    /// Begins at the first group of a segment.
    pub(crate) fn new(segment: OpenSegment) -> Self {
        let header = &segment.header;
        let (position, chain, commit_time) = (header.base_lsn, header.chain, header.created);
        let commit_time_before = commit_time;
        Self {
            segment,
            position,
            chain,
            commit_time,
            commit_time_before,
            limit: Lsn::MAX,
        }
    }

    /// Ends at `limit`, within a group too: bodies from there on are not read.
    pub(crate) fn until(self, limit: Lsn) -> Self {
        Self { limit, ..self }
    }

    /// Tells whether it has come to its end.
    pub(crate) fn is_at_limit(&self) -> bool {
        self.position >= self.limit
    }

    /// Returns where the next group is looked for.
    pub(crate) const fn position(&self) -> Lsn {
        self.position
    }

    /// Returns the tag of the last group, here or in the segment before.
    pub(crate) const fn chain(&self) -> ChainTag {
        self.chain
    }

    /// Returns the commit time of the last group, or the time that the segment began with.
    pub(crate) const fn commit_time(&self) -> Timestamp {
        self.commit_time
    }

    /// Returns the commit time of the group before the last.
    pub(crate) const fn commit_time_before(&self) -> Timestamp {
        self.commit_time_before
    }

    pub(crate) const fn segment(&self) -> &OpenSegment {
        &self.segment
    }

    /// Reads the group at the position and goes on behind it; stays where it is at a bad one.
    pub(crate) fn next(&mut self) -> Result<Found, Error> {
        let group = match self.read_group()? {
            Ok(group) => group,
            Err(bad) => return Ok(Found::Bad(bad)),
        };
        self.position = group.end;
        self.chain = group.tag;
        self.commit_time_before = self.commit_time;
        self.commit_time = group.commit_time;
        Ok(Found::Group(group))
    }

    fn read_group(&self) -> Result<Result<WalkedGroup, BadRecord>, Error> {
        let lsn = self.position;
        let bad = |fault| BadRecord {
            lsn,
            offset: self.offset(lsn),
            fault,
        };
        let header = match self.read_record_header(lsn)? {
            Ok(header) => header,
            Err(fault) => return Ok(Err(bad(fault))),
        };
        if let Some(fault) = self.misfit(&header) {
            return Ok(Err(bad(fault)));
        }
        let sealed = match self.read_sealed(lsn, header.cipher_bytes)? {
            Ok(sealed) => sealed,
            Err(fault) => return Ok(Err(bad(fault))),
        };
        let tag = sealed.tag;
        let Some(group) = Group::open(&self.segment.key, &header, sealed) else {
            return Ok(Err(bad(Fault::Forged("the tag of a group does not match"))));
        };
        if group.chain != self.chain {
            return Ok(Err(bad(Fault::Forged(
                "a group does not continue the chain",
            ))));
        }
        if group.commit_time < self.commit_time {
            return Ok(Err(bad(Fault::Forged(
                "the commit time of a group goes back",
            ))));
        }
        self.read_bodies(&header, group, tag)
    }

    /// Checks that a group's header belongs at the position.
    fn misfit(&self, header: &RecordHeader) -> Option<Fault> {
        if header.mark != self.segment.key.mark {
            return Some(Fault::Forged("a record of another segment stands here"));
        }
        if header.lsn != self.position || header.durable_lsn > header.lsn {
            return Some(Fault::Forged(
                "a record stands at another position than its own",
            ));
        }
        (header.kind != RecordKind::Group).then_some(Fault::Forged("a body stands without a group"))
    }

    fn read_bodies(
        &self,
        header: &RecordHeader,
        group: Group,
        tag: ChainTag,
    ) -> Result<Result<WalkedGroup, BadRecord>, Error> {
        let mut position = after(header.lsn, header.cipher_bytes);
        let mut bodies = Vec::with_capacity(group.bodies.len());
        for entry in &group.bodies {
            if position >= self.limit {
                break;
            }
            match self.read_body(header, position, entry)? {
                Ok(payload) => {
                    let binding = entry.binding;
                    // It was read, so that it ends within the file; the list alone may claim any length.
                    let next = after(position, entry.payload_bytes);
                    bodies.push(WalkedBody {
                        lsn: position,
                        next,
                        binding,
                        payload,
                    });
                    position = next;
                }
                Err(fault) => {
                    let offset = self.offset(position);
                    return Ok(Err(BadRecord {
                        lsn: header.lsn,
                        offset,
                        fault,
                    }));
                }
            }
        }
        Ok(Ok(WalkedGroup {
            lsn: header.lsn,
            end: position,
            durable_lsn: header.durable_lsn,
            commit_time: group.commit_time,
            chain_before: group.chain,
            tag,
            is_cut: bodies.len() < group.bodies.len(),
            bodies,
        }))
    }

    fn read_body(
        &self,
        group: &RecordHeader,
        lsn: Lsn,
        entry: &BodyEntry,
    ) -> Result<Result<Vec<u8>, Fault>, Error> {
        let expected = RecordHeader {
            kind: RecordKind::Body,
            cipher_bytes: entry.payload_bytes,
            lsn,
            nonce: entry.nonce,
            ..*group
        };
        let header = match self.read_record_header(lsn)? {
            Ok(header) => header,
            Err(Fault::Nothing) => {
                return Ok(Err(Fault::Incomplete("a group lacks one of its bodies")));
            }
            Err(fault) => return Ok(Err(fault)),
        };
        if header != expected {
            return Ok(Err(Fault::Forged(
                "a body is not the one that its group lists",
            )));
        }
        let sealed = match self.read_sealed(lsn, entry.payload_bytes)? {
            Ok(sealed) => sealed,
            Err(fault) => return Ok(Err(fault)),
        };
        if sealed.tag != entry.tag {
            return Ok(Err(Fault::Forged(
                "a body is not the one that its group lists",
            )));
        }
        let payload = body::open(&self.segment.key, &entry.binding, &entry.nonce, sealed);
        Ok(payload.ok_or(Fault::Forged("the tag of a body does not match")))
    }

    fn read_record_header(&self, lsn: Lsn) -> Result<Result<RecordHeader, Fault>, Error> {
        let mut bytes = [0; RECORD_HEADER_BYTES];
        let left = self.segment.file_bytes.saturating_sub(self.offset(lsn));
        let held = usize::try_from(left)
            .unwrap_or(usize::MAX)
            .min(RECORD_HEADER_BYTES);
        self.read(lsn, bytes.split_at_mut(held).0)?;
        if bytes.iter().all(|byte| *byte == 0) {
            return Ok(Err(Fault::Nothing));
        }
        if held < RECORD_HEADER_BYTES {
            return Ok(Err(Fault::Incomplete(
                "the file ends within the header of a record",
            )));
        }
        let header = RecordHeader::decode(&bytes);
        Ok(header.ok_or(Fault::Incomplete(
            "the header of a record is not as it was written",
        )))
    }

    /// Reads what follows a record's header.
    fn read_sealed(&self, lsn: Lsn, cipher_bytes: u32) -> Result<Result<SealedText, Fault>, Error> {
        let end = self.offset(lsn) + record_bytes(cipher_bytes.into());
        if end > self.segment.file_bytes {
            return Ok(Err(Fault::Incomplete("the file ends within a record")));
        }
        let start = self.offset(lsn) + RECORD_HEADER_BYTES as u64;
        let mut rest = vec![0; usize::try_from(end - start).unwrap_or_default()];
        self.read(Lsn::new(lsn.get() + RECORD_HEADER_BYTES as u64), &mut rest)?;
        let sealed = split_trailer(rest, cipher_bytes as usize);
        Ok(sealed.ok_or(Fault::Incomplete("the checksum of a record does not match")))
    }

    fn read(&self, lsn: Lsn, out: &mut [u8]) -> Result<(), Error> {
        let path = &self.segment.path;
        self.segment
            .file
            .read_exact_at(out, self.offset(lsn))
            .map_err(|source| Error::Io {
                path: path.clone(),
                source,
            })
    }

    const fn offset(&self, lsn: Lsn) -> u64 {
        self.segment.offset_of(lsn)
    }
}

/// Returns the position behind a record that lies within its file.
pub(crate) const fn after(lsn: Lsn, cipher_bytes: u32) -> Lsn {
    Lsn::new(lsn.get() + record_bytes(cipher_bytes as u64))
}
