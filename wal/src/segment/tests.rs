//! What a walker makes of records that do not belong where they stand, each for its own reason; and
//! spares that are longer than what is written at a time.

use std::path::Path;
use std::sync::Arc;

use platform::{Disk, OpenMode, Operation, SimDisk, SimEntropy};
use schema::{Lsn, Timestamp};

use super::spare::{is_zero, is_zero_file, make_spare};
use super::{Fault, Found, SegmentKey, Walker, specimen};
use crate::Binding;
use crate::format::body::SealedBody;
use crate::format::group::{BodyEntry, Group};

/// Returns what a walker finds first, or why it finds nothing.
fn walked(behind: &[u8]) -> Result<Lsn, Fault> {
    match Walker::new(specimen::segment(behind)).next().unwrap() {
        Found::Group(group) => Ok(group.end),
        Found::Bad(bad) => Err(bad.fault),
    }
}

/// Returns a group without bodies that follows the header of the segment.
fn marker() -> Group {
    Group {
        commit_time: Timestamp::from_nanos(100),
        chain: [6; 16],
        bodies: Vec::new(),
    }
}

fn sealed(group: &Group, key: &SegmentKey, lsn: u64, durable: u64) -> Vec<u8> {
    let (lsn, durable) = (Lsn::new(lsn), Lsn::new(durable));
    group.seal(key, &SimEntropy::new(2), lsn, durable).record
}

#[test]
fn a_group_is_taken_where_it_belongs() {
    let record = sealed(&marker(), &specimen::key(1), 0, 0);
    assert_eq!(walked(&record), Ok(Lsn::new(record.len() as u64)));
    let later = Group {
        commit_time: Timestamp::from_nanos(101),
        ..marker()
    };
    assert!(walked(&sealed(&later, &specimen::key(1), 0, 0)).is_ok());
}

#[test]
fn w4_a_record_that_does_not_belong_is_refused_with_the_reason() {
    let key = specimen::key(1);
    let forged = |record: &[u8]| match walked(record) {
        Err(Fault::Forged(reason)) => reason,
        other => panic!("{other:?}"),
    };
    let elsewhere = "a record stands at another position than its own";
    assert_eq!(forged(&sealed(&marker(), &key, 8, 8)), elsewhere);
    assert_eq!(forged(&sealed(&marker(), &key, 0, 8)), elsewhere);
    let other = SegmentKey {
        mark: [9; 8],
        ..specimen::key(1)
    };
    let foreign = "a record of another segment stands here";
    assert_eq!(forged(&sealed(&marker(), &other, 0, 0)), foreign);
    let mut body = SealedBody::seal(
        Arc::new(specimen::key(1)),
        &SimEntropy::new(2),
        Binding([5; 32]),
        b"payload",
    );
    body.place(Lsn::ZERO, Lsn::ZERO);
    assert_eq!(forged(body.record()), "a body stands without a group");
    let unchained = Group {
        chain: [7; 16],
        ..marker()
    };
    let record = sealed(&unchained, &key, 0, 0);
    assert_eq!(forged(&record), "a group does not continue the chain");
    let early = Group {
        commit_time: Timestamp::from_nanos(99),
        ..marker()
    };
    let record = sealed(&early, &key, 0, 0);
    assert_eq!(forged(&record), "the commit time of a group goes back");
}

#[test]
fn w4_a_group_is_cut_at_any_byte_for_the_reason_that_is_true() {
    let record = sealed(&marker(), &specimen::key(1), 0, 0);
    assert_eq!(walked(&[]), Err(Fault::Nothing));
    assert_eq!(walked(&[0; 40]), Err(Fault::Nothing));
    for end in 1..record.len() {
        let reason = if end < 56 {
            "the file ends within the header of a record"
        } else {
            "the file ends within a record"
        };
        let expected = Err(Fault::Incomplete(reason));
        assert_eq!(walked(&record[..end]), expected, "cut to {end}");
    }
}

/// Returns the bytes of a group of two bodies at the beginning of the segment, and where they stand.
fn two_bodies() -> (Vec<u8>, [Lsn; 2]) {
    let (key, entropy) = (Arc::new(specimen::key(1)), SimEntropy::new(2));
    let body = || SealedBody::seal(Arc::clone(&key), &entropy, Binding([5; 32]), b"payload");
    let mut bodies = [body(), body()];
    let list = Group {
        bodies: bodies.iter().map(BodyEntry::of).collect(),
        ..marker()
    };
    let mut bytes = sealed(&list, &key, 0, 0);
    let places = bodies.each_mut().map(|body| {
        let lsn = Lsn::new(bytes.len() as u64);
        body.place(lsn, Lsn::ZERO);
        bytes.extend_from_slice(body.record());
        lsn
    });
    (bytes, places)
}

/// A restore may end within a group; of what is behind its end nothing is read.
#[test]
fn a_group_that_a_limit_cuts_says_so() {
    let (bytes, [first, second]) = two_bodies();
    let end = Lsn::new(bytes.len() as u64);
    for (limit, count) in [(first, 0), (second, 1), (end, 2), (Lsn::MAX, 2)] {
        let mut walker = Walker::new(specimen::segment(&bytes)).until(limit);
        let Found::Group(group) = walker.next().unwrap() else {
            panic!("the group is whole")
        };
        let found = (group.bodies.len(), group.is_cut);
        assert_eq!(found, (count, count < 2), "{limit}");
    }
}

/// Two chunks and a half of zeros are written and looked through, to the last byte.
#[test]
fn a_spare_is_zeros_from_its_first_byte_to_its_last() {
    let (disk, bytes) = (SimDisk::new(1), (5 << 20) / 2);
    let path = make_spare(&disk, Path::new("/"), 7, bytes).unwrap();
    assert_eq!(path, Path::new("/00000000000000000007.spare"));
    let file = disk.open(&path, OpenMode::ReadWrite).unwrap();
    assert_eq!(file.len().unwrap(), bytes);
    assert_eq!(disk.used_bytes(), bytes, "zeros, not a hole");
    assert!(is_zero_file(&disk, &path, bytes).unwrap());
    assert!(!is_zero_file(&disk, &path, bytes - 1).unwrap());
    for at in [0, (1 << 20) - 1, 1 << 20, 2 << 20, bytes - 1] {
        file.write_all_at(&[1], at).unwrap();
        assert!(!is_zero_file(&disk, &path, bytes).unwrap(), "{at}");
        file.write_all_at(&[0], at).unwrap();
    }
    assert!(is_zero_file(&disk, &path, bytes).unwrap());
}

#[test]
fn bytes_that_cancel_each_other_are_not_zeros() {
    assert!(is_zero(&[0; 9]) && !is_zero(&[5, 5]) && !is_zero(&[0, 0, 1]));
}

/// W-6: a disk without room is asked and not written to.
#[test]
fn w6_a_spare_is_made_where_it_just_fits_and_nothing_is_written_where_it_does_not() {
    let disk = SimDisk::new(1);
    disk.limit_capacity(8191);
    assert!(make_spare(&disk, Path::new("/"), 1, 8192).is_err());
    assert_eq!(disk.change_count(), 0);
    disk.limit_capacity(8192);
    assert!(make_spare(&disk, Path::new("/"), 1, 8192).is_ok());
    assert_eq!(disk.operation_count(Operation::Write), 1);
}
