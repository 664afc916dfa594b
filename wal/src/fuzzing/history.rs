//! A segment that a holder of the key wrote: whole groups, and lists that are nonsense.
//!
//! ```text
//!   base lsn 8 │ created 8 │ group: how 1, time 8, bodies 1 × (length 1) │ group …
//!                                   └ 1: the list is made of the bytes that follow instead
//!                                   └ 2: its durable lsn is the next 8 bytes
//! ```

use std::sync::Arc;

use schema::{Lsn, Timestamp};
use seal::{FileKind, Nonce, Salt};

use super::machine::{Machine, NUMBER, environment};
use super::{Seed, read};
use crate::format::body::SealedBody;
use crate::format::group::{BodyEntry, Group};
use crate::format::segment_header::ChainTag;
use crate::format::{Fields, RecordHeader, RecordKind, SegmentHeader, write_trailer};
use crate::segment::SegmentKey;
use crate::{Binding, Environment};

/// Reads a segment that was sealed with its key, whatever stands in it.
pub fn log_history(data: &[u8]) -> bool {
    read(&machine(data))
}

/// Returns a machine with the segment that `data` describes.
pub(super) fn machine(data: &[u8]) -> Machine {
    let environment = environment();
    let mut fields = Fields::new(data);
    let base_lsn = Lsn::new(fields.u64().unwrap_or(0));
    let created = Timestamp::from_nanos(fields.i64().unwrap_or(0));
    let (header, key) = header(&environment, base_lsn, created);
    let nonce = Nonce::generate(&*environment.entropy);
    let mut writer = Writer {
        bytes: header.encode(&key.key, &nonce),
        key,
        environment,
        lsn: base_lsn,
        chain: ChainTag::default(),
    };
    while let Some(how) = fields.array::<1>() {
        if writer.group(how[0], &mut fields).is_none() {
            break;
        }
    }
    Machine::with_segment(&writer.bytes)
}

struct Writer {
    environment: Environment,
    key: Arc<SegmentKey>,
    bytes: Vec<u8>,
    lsn: Lsn,
    chain: ChainTag,
}

impl Writer {
    /// Appends a group; `None` when the bytes for it run out or the log is too long.
    fn group(&mut self, how: u8, fields: &mut Fields<'_>) -> Option<()> {
        let durable_lsn = match how & 2 {
            0 => self.lsn,
            _ => Lsn::new(fields.u64()?),
        };
        if how & 1 == 1 {
            return self.nonsense(durable_lsn, fields);
        }
        let commit_time = Timestamp::from_nanos(fields.i64()?);
        let [count] = fields.array()?;
        let bodies = (0..count % 8).map(|_| Some(self.body(fields.array()?)));
        let mut bodies = bodies.collect::<Option<Vec<SealedBody>>>()?;
        let group = Group {
            commit_time,
            chain: self.chain,
            bodies: bodies.iter().map(BodyEntry::of).collect(),
        };
        let entropy = &*self.environment.entropy;
        let sealed = group.seal(&self.key, entropy, self.lsn, durable_lsn);
        self.chain = sealed.tag;
        self.append(&sealed.record)?;
        for body in &mut bodies {
            body.place(self.lsn, durable_lsn);
            self.append(body.record())?;
        }
        Some(())
    }

    fn body(&self, [length]: [u8; 1]) -> SealedBody {
        let (key, entropy) = (Arc::clone(&self.key), &*self.environment.entropy);
        SealedBody::seal(
            key,
            entropy,
            Binding([length; 32]),
            &vec![length; length.into()],
        )
    }

    /// Appends a group record whose list is any bytes.
    fn nonsense(&mut self, durable_lsn: Lsn, fields: &mut Fields<'_>) -> Option<()> {
        let [length] = fields.array::<1>()?;
        let text = (0..length).map(|_| fields.array().map(|[byte]: [u8; 1]| byte));
        let mut text = text.collect::<Option<Vec<u8>>>()?;
        let header = RecordHeader {
            kind: RecordKind::Group,
            cipher_bytes: length.into(),
            lsn: self.lsn,
            durable_lsn,
            mark: self.key.mark,
            nonce: Nonce::generate(&*self.environment.entropy),
        };
        let aad = header.associated_data();
        let tag = self.key.key.seal_detached(&header.nonce, &aad, &mut text);
        let mut record = header.encode().to_vec();
        record.append(&mut text);
        write_trailer(&mut record, &tag);
        self.chain = tag;
        self.append(&record)
    }

    fn append(&mut self, record: &[u8]) -> Option<()> {
        self.lsn = Lsn::new(self.lsn.get().checked_add(record.len() as u64)?);
        self.bytes.extend_from_slice(record);
        (self.bytes.len() < SEGMENT_BYTES_MAX).then_some(())
    }
}

fn header(
    environment: &Environment,
    base_lsn: Lsn,
    created: Timestamp,
) -> (SegmentHeader, Arc<SegmentKey>) {
    let Environment {
        keyring, entropy, ..
    } = environment;
    let (data_key, salt) = (keyring.active(), Salt::generate(&**entropy));
    let key = keyring
        .file_key(data_key, FileKind::LogSegment, &salt)
        .expect("the active key is there");
    let header = SegmentHeader {
        kind: FileKind::LogSegment,
        data_key,
        cluster: keyring.cluster(),
        number: NUMBER,
        base_lsn,
        previous: 0,
        chain: ChainTag::default(),
        created,
        timeline: 1,
        file_bytes: 8_192,
        salt,
        commitment: key.commitment(),
    };
    let mark = header.mark();
    let number = NUMBER;
    (header, Arc::new(SegmentKey { number, mark, key }))
}

/// Histories that are whole: markers, payloads, several groups, a log that begins late.
pub(super) fn seeds() -> Vec<Seed> {
    let group = |time: i64, lengths: &[u8]| {
        let count = u8::try_from(lengths.len()).unwrap_or(0);
        [&[0], time.to_le_bytes().as_slice(), &[count], lengths].concat()
    };
    let log = |base: u64, groups: &[Vec<u8>]| {
        let created = 1_i64;
        [
            &base.to_le_bytes(),
            created.to_le_bytes().as_slice(),
            &groups.concat(),
        ]
        .concat()
    };
    let histories = [
        ("marker", log(0, &[group(2, &[])])),
        ("payload", log(0, &[group(2, &[5])])),
        (
            "late",
            log(1 << 40, &[group(2, &[1, 0, 255]), group(2, &[8])]),
        ),
        (
            "long",
            log(64, &[group(2, &[9]), group(3, &[]), group(4, &[7, 7])]),
        ),
    ];
    let seed = |(name, bytes): (&str, Vec<u8>)| ("log_history", name.to_owned(), bytes);
    histories.into_iter().map(seed).collect()
}

/// Longer histories show nothing that shorter ones do not.
const SEGMENT_BYTES_MAX: usize = 32 << 10;
