//! What each tag and checksum is over, put together by hand as `docs/internals/log.md` says it: what
//! only agrees with itself could not read the logs that there are.

use std::sync::Arc;

use platform::SimEntropy;
use schema::{Lsn, Timestamp};
use seal::{Nonce, TAG_BYTES};

use super::body::{self, SealedBody};
use super::group::{BodyEntry, Group};
use super::trailer::split_trailer;
use super::{RECORD_HEADER_BYTES, record_bytes, write_trailer};
use crate::Binding;
use crate::segment::{SegmentKey, specimen};

const ORIGIN: Binding = Binding([5; 32]);

fn group() -> Group {
    let entry = |n: u8| BodyEntry {
        binding: Binding([n; 32]),
        payload_bytes: 7,
        nonce: Nonce::from_bytes([n; 12]),
        tag: [n; TAG_BYTES],
    };
    Group {
        commit_time: Timestamp::from_nanos(9),
        chain: [6; 16],
        bodies: vec![entry(1), entry(2)],
    }
}

#[test]
fn a_body_is_sealed_over_its_segment_and_its_origin() {
    let segment = Arc::new(specimen::key(7));
    let sealed = SealedBody::seal(
        Arc::clone(&segment),
        &SimEntropy::new(2),
        ORIGIN,
        b"payload",
    );
    let mut text = sealed.record()[RECORD_HEADER_BYTES..][..7].to_vec();
    let aad = [b"pga/wal/body/v1", &7u64.to_le_bytes()[..], &[5; 32]].concat();
    let opened = segment
        .key
        .open_detached(&sealed.nonce, &aad, &mut text, &sealed.tag);
    assert!(opened.is_ok());
    assert_eq!(text, b"payload");
}

#[test]
fn s1_a_body_opens_only_for_its_segment_and_its_origin() {
    let (home, other) = (specimen::key(7), specimen::key(8));
    let entropy = SimEntropy::new(2);
    let sealed = SealedBody::seal(Arc::new(specimen::key(7)), &entropy, ORIGIN, b"payload");
    let opened = |segment: &SegmentKey, binding: &Binding| {
        let rest = sealed.record()[RECORD_HEADER_BYTES..].to_vec();
        let text = split_trailer(rest, 7).unwrap();
        body::open(segment, binding, &sealed.nonce, text)
    };
    assert_eq!(opened(&home, &ORIGIN).unwrap(), b"payload");
    assert_eq!(opened(&other, &ORIGIN), None);
    assert_eq!(opened(&home, &Binding([6; 32])), None);
}

#[test]
fn a_group_is_sealed_over_its_header_without_the_checksum() {
    let segment = specimen::key(7);
    let (lsn, durable_lsn) = (Lsn::new(800), Lsn::new(640));
    let sealed = group().seal(&segment, &SimEntropy::new(2), lsn, durable_lsn);
    let (header, rest) = sealed.record.split_at(RECORD_HEADER_BYTES);
    let aad = [&header[..12], &header[16..]].concat();
    let nonce = Nonce::from_bytes(header[40..52].try_into().unwrap());
    let (text, rest) = rest.split_at(32 + 2 * 64);
    let mut text = text.to_vec();
    let tag = rest[..TAG_BYTES].try_into().unwrap();
    let opened = segment.key.open_detached(&nonce, &aad, &mut text, tag);
    assert!(opened.is_ok());
    assert_eq!(text, group().encode());
}

#[test]
fn a_list_that_contradicts_itself_is_no_group() {
    let text = group().encode();
    assert_eq!(Group::decode(&text), Some(group()));
    for end in 0..text.len() {
        assert_eq!(Group::decode(&text[..end]), None, "cut to {end}");
    }
    assert_eq!(Group::decode(&[&text[..], &[0]].concat()), None);
    let (count, reserved) = (24, 28);
    for at in [count, reserved] {
        let mut other = text.clone();
        other[at] ^= 1;
        assert_eq!(Group::decode(&other), None, "byte {at}");
    }
}

#[test]
fn a_record_that_is_cut_or_changed_has_no_trailer() {
    let mut record = vec![0; RECORD_HEADER_BYTES];
    record.extend_from_slice(b"ciphertext!");
    write_trailer(&mut record, &[8; TAG_BYTES]);
    assert_eq!(record.len() as u64, record_bytes(11));
    let rest = &record[RECORD_HEADER_BYTES..];
    let whole = split_trailer(rest.to_vec(), 11).unwrap();
    assert_eq!((&whole.text[..], whole.tag), (&b"ciphertext!"[..], [8; 16]));
    for end in 0..11 + TAG_BYTES + 4 {
        assert!(split_trailer(rest[..end].to_vec(), 11).is_none(), "{end}");
    }
    for at in 0..rest.len() {
        let mut other = rest.to_vec();
        other[at] ^= 1;
        assert!(split_trailer(other, 11).is_none(), "byte {at}");
    }
}
