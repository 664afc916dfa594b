//! W-4: a torn tail is cut; damage before it refuses to open, and names file and offset.
//!
//! Goal: whatever happens to the bytes of a segment, no wrong record comes out, nothing panics, and
//! what a marker vouches for is never lost silently.
//! Method: a small log is built, then cut at every byte and flipped at every bit.

use std::path::{Path, PathBuf};

use proptest::prelude::*;
use wal::{Error, Kind, Lsn, Start};

use crate::fixture::{DIR, Machine, Opened, payloads, put, small};

/// A log of one segment with three groups, the first two of which later groups vouch for.
struct Specimen {
    machine: Machine,
    path: PathBuf,
    bytes: Vec<u8>,
    sent: Vec<Vec<u8>>,
    /// Offset in the file of each record, and of the end.
    offsets: Vec<u64>,
}

fn specimen(is_vouched: bool) -> Specimen {
    let machine = Machine::new(3);
    let log = machine.open_quietly(small()).unwrap().log;
    let sent: Vec<Vec<u8>> = (1..4u8).map(|n| vec![n; 20]).collect();
    let acks: Vec<_> = sent
        .iter()
        .map(|payload| put(&log, payload).unwrap())
        .collect();
    if is_vouched {
        log.vouch().unwrap();
    }
    let [segment] = log.segments().try_into().unwrap();
    let end = usize::try_from(segment.durable_bytes).unwrap();
    let mut offsets: Vec<_> = acks.iter().map(|ack| 4096 + ack.lsn.get()).collect();
    offsets.push(segment.durable_bytes);
    let bytes = machine.read(&segment.path);
    Specimen {
        machine,
        path: segment.path,
        bytes: bytes[..end].to_vec(),
        sent,
        offsets,
    }
}

impl Specimen {
    /// Returns a machine whose log has one segment of these bytes.
    fn machine(&self, bytes: &[u8]) -> Machine {
        let machine = self.machine.with_disk(platform::SimDisk::new(9));
        platform::durable::create_dir_all(&machine.disk, Path::new(DIR)).unwrap();
        machine.write(&self.path, bytes);
        machine
    }

    /// Opens a log whose only segment has these bytes, without threads.
    fn open(&self, bytes: &[u8]) -> Result<Opened, Error> {
        self.machine(bytes)
            .open_by_hand(small(), Start::at(Lsn::ZERO))
    }

    /// Opens it as a server does, which reads ahead on a second thread.
    fn open_ahead(&self, bytes: &[u8]) -> Result<Opened, Error> {
        self.machine(bytes).open(small(), Start::at(Lsn::ZERO))
    }
}

#[test]
fn w4_truncation_at_every_byte_gives_a_beginning_or_refuses() {
    let specimen = specimen(true);
    let mut cleanly = 0;
    for end in 0..=specimen.bytes.len() {
        match specimen.open(&specimen.bytes[..end]) {
            Ok(opened) => {
                let found = payloads(&opened.records);
                assert_eq!(found, specimen.sent[..found.len()], "cut to {end}");
                let whole = specimen.offsets[1..]
                    .iter()
                    .filter(|next| **next <= end as u64)
                    .count();
                assert!(
                    found.len() >= whole.min(3) - usize::from(whole > 0),
                    "cut to {end}"
                );
                cleanly += usize::from(opened.report.torn.is_none());
            }
            // Only the header is needed to tell whose log it is.
            Err(error) => assert!(
                end < 4096 && error.kind() == Kind::Corrupt,
                "cut to {end}: {error}"
            ),
        }
    }
    // The header alone, behind each of the three groups, and behind the marker.
    assert_eq!(cleanly, 5);
}

#[test]
fn w4_every_flipped_bit_before_the_marker_is_damage() {
    let specimen = specimen(true);
    let vouched = usize::try_from(*specimen.offsets.last().unwrap()).unwrap() - 112;
    // The header's zeros are under its checksum like everything else; a sample of them will do.
    let header = (0..180).chain((180..4096).step_by(61));
    for at in header.chain(4096..vouched) {
        for bit in 0..8 {
            let mut bytes = specimen.bytes.clone();
            bytes[at] ^= 1 << bit;
            let Err(error) = specimen.open(&bytes) else {
                panic!("byte {at} bit {bit} opens")
            };
            assert_eq!(error.kind(), Kind::Corrupt, "byte {at} bit {bit}: {error}");
            let Error::Damaged { path, offset, .. } = error else {
                panic!("{error}")
            };
            assert_eq!(path, specimen.path);
            assert!(offset <= at as u64, "byte {at}: named offset {offset}");
            assert!(
                at < 4096 || at as u64 - offset < 300,
                "byte {at}: named offset {offset}"
            );
        }
    }
}

/// Nothing vouches for the marker itself, and it holds nothing.
#[test]
fn w4_every_flipped_bit_of_the_marker_loses_no_record() {
    let specimen = specimen(true);
    for at in specimen.bytes.len() - 112..specimen.bytes.len() {
        for bit in 0..8 {
            let mut bytes = specimen.bytes.clone();
            bytes[at] ^= 1 << bit;
            match specimen.open(&bytes) {
                Ok(opened) => assert_eq!(payloads(&opened.records), specimen.sent, "byte {at}"),
                Err(error) => assert_eq!(error.kind(), Kind::Corrupt, "byte {at}: {error}"),
            }
        }
    }
}

/// The tests above read in step; a server reads ahead, and finds the same.
#[test]
fn w4_reading_ahead_finds_what_reading_in_step_finds() {
    let specimen = specimen(true);
    let found = |opened: Result<Opened, Error>| match opened {
        Ok(opened) => Ok((opened.records, opened.report)),
        Err(error) => Err(error.to_string()),
    };
    for at in (4096..specimen.bytes.len()).step_by(5) {
        let mut bytes = specimen.bytes.clone();
        bytes[at] ^= 1 << (at % 8);
        let in_step = found(specimen.open(&bytes));
        assert_eq!(
            found(specimen.open_ahead(&bytes)),
            in_step,
            "flipped at {at}"
        );
        let in_step = found(specimen.open(&specimen.bytes[..at]));
        let ahead = found(specimen.open_ahead(&specimen.bytes[..at]));
        assert_eq!(ahead, in_step, "cut to {at}");
    }
}

/// Without a marker, the last group cannot be told from a torn one: it is cut, and reported.
#[test]
fn w4_damage_to_an_unvouched_group_is_cut_as_a_torn_tail() {
    let specimen = specimen(false);
    let last = usize::try_from(specimen.offsets[2]).unwrap();
    for at in last..specimen.bytes.len() {
        let mut bytes = specimen.bytes.clone();
        bytes[at] ^= 0x10;
        let opened = specimen.open(&bytes).unwrap();
        assert_eq!(payloads(&opened.records), specimen.sent[..2], "byte {at}");
        let torn = opened.report.torn.unwrap();
        assert_eq!(torn.path, specimen.path);
        assert!(torn.offset < last as u64, "{torn:?}");
        let end = bytes.iter().rposition(|byte| *byte != 0).unwrap() + 1;
        assert_eq!(torn.offset + torn.bytes, end as u64, "{torn:?}");
    }
}

/// The list is gone and its payload is not: nothing was vouched for, but something was written.
#[test]
fn w4_zeros_before_the_last_bytes_written_are_a_torn_tail() {
    let specimen = specimen(false);
    let payload_at = usize::try_from(specimen.offsets[2]).unwrap();
    let mut bytes = specimen.bytes.clone();
    bytes[payload_at - 176..payload_at].fill(0);
    let opened = specimen.open(&bytes).unwrap();
    assert_eq!(payloads(&opened.records), specimen.sent[..2]);
    let torn = opened.report.torn.unwrap();
    assert_eq!(torn.reason, "zeros stand before the last bytes written");
    assert_eq!(torn.offset, payload_at as u64 - 176);
}

/// A cut tail stays cut: the file is shortened durably, and the next opening finds no tail.
#[test]
fn w4_torn_tail_is_cut_once() {
    let specimen = specimen(false);
    let machine = specimen.machine(&specimen.bytes[..specimen.bytes.len() - 8]);
    let first = machine.open(small(), Start::at(Lsn::ZERO)).unwrap();
    let torn = first.report.torn.unwrap();
    put(&first.log, b"after").unwrap();
    drop(first.log);
    assert_eq!(machine.read(&specimen.path).len() as u64, torn.offset);
    let after = machine.with_disk(machine.disk.crash());
    let second = after.open(small(), Start::at(Lsn::ZERO)).unwrap();
    assert_eq!(second.report.torn, None);
    assert_eq!(payloads(&second.records)[..2], specimen.sent[..2]);
    assert_eq!(second.records[2].payload, b"after");
}

#[test]
fn w4_swapped_groups_are_damage() {
    let specimen = specimen(true);
    let start = |n: usize| usize::try_from(specimen.offsets[n]).unwrap() - 176;
    let (first, second, third) = (start(0), start(1), start(2));
    assert_eq!(
        second - first,
        third - second,
        "the groups are of one length"
    );
    let bytes = &specimen.bytes;
    let swapped = [
        &bytes[..first],
        &bytes[second..third],
        &bytes[first..second],
        &bytes[third..],
    ]
    .concat();
    let error = specimen.open(&swapped).map(|_| ()).unwrap_err();
    assert_eq!(error.kind(), Kind::Corrupt, "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    /// Whatever is written over a segment, moved within it or appended to it: what is found is a
    /// beginning of what was sent, or the log refuses.
    #[test]
    fn w4_any_damage_gives_a_beginning_or_refuses(
        is_vouched: bool,
        at: prop::sample::Index,
        from: prop::sample::Index,
        length in 1..600usize,
        noise in prop::option::of(prop::collection::vec(any::<u8>(), 600)),
    ) {
        let specimen = specimen(is_vouched);
        let mut bytes = specimen.bytes.clone();
        bytes.resize(8192, 0);
        let to = 4096 + at.index(bytes.len() - 4096);
        let length = length.min(bytes.len() - to);
        match noise {
            Some(noise) => bytes[to..to + length].copy_from_slice(&noise[..length]),
            None => {
                let from = 4096 + from.index(bytes.len() - 4096 - length);
                bytes.copy_within(from..from + length, to);
            }
        }
        match specimen.open(&bytes) {
            Ok(opened) => {
                let found = payloads(&opened.records);
                prop_assert_eq!(&found, &specimen.sent[..found.len()]);
                // What takes the marker with it leaves nothing that vouches.
                let spares_marker = to + length <= specimen.bytes.len() - 112;
                let is_safe = is_vouched && spares_marker;
                prop_assert!(!is_safe || found.len() == 3, "a vouched record is gone");
            }
            Err(error) => prop_assert_eq!(error.kind(), Kind::Corrupt),
        }
    }
}
