//! A segment's header comes back whole or not at all.

use platform::SimEntropy;
use proptest::prelude::*;
use schema::{Lsn, Timestamp};
use seal::{ClusterId, DataKeyId, FileKey, FileKind, Keyring, MasterKey, Nonce, Salt};

use super::{HeaderFault, SEGMENT_HEADER_BYTES, SegmentHeader, checksum};

fn key(seed: u64) -> FileKey {
    let entropy = SimEntropy::new(seed);
    let (disk, master) = (platform::SimDisk::new(seed), MasterKey::generate(&entropy));
    let (path, cluster) = ("/keyring".as_ref(), ClusterId::from_bytes([4; 16]));
    let keyring = Keyring::create(&disk, path, &master, cluster, &entropy).unwrap();
    let salt = Salt::generate(&entropy);
    keyring
        .file_key(keyring.active(), FileKind::LogSegment, &salt)
        .unwrap()
}

fn header(number: u64, base: u64, chain: [u8; 16], created: i64) -> SegmentHeader {
    SegmentHeader {
        kind: FileKind::LogSegment,
        data_key: DataKeyId(3),
        cluster: ClusterId::from_bytes([4; 16]),
        number,
        base_lsn: Lsn::new(base),
        previous: number / 2,
        chain,
        created: Timestamp::from_nanos(created),
        timeline: 6,
        file_bytes: 1 << 26,
        salt: Salt::from_bytes([8; 32]),
        commitment: [9; 16],
    }
}

proptest! {
    #[test]
    fn any_header_comes_back_as_it_was(number: u64, base: u64, chain: [u8; 16], created: i64) {
        let header = header(number, base, chain, created);
        let bytes = header.encode(&key(1), &Nonce::from_bytes([5; 12]));
        prop_assert_eq!(bytes.len(), SEGMENT_HEADER_BYTES);
        let read = SegmentHeader::decode(&bytes).unwrap();
        prop_assert!(read.is_authentic(&key(1)));
        prop_assert!(!read.is_authentic(&key(2)));
        prop_assert_eq!(read.header, header);
    }

    #[test]
    fn any_bytes_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..5000)) {
        let refused = SegmentHeader::decode(&bytes).is_err();
        prop_assert!(refused);
    }
}

#[test]
fn every_flipped_bit_of_a_segment_header_is_damage() {
    let bytes = header(1, 2, [3; 16], 4).encode(&key(1), &Nonce::from_bytes([5; 12]));
    for bit in 0..SEGMENT_HEADER_BYTES * 8 {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(
            SegmentHeader::decode(&flipped).err(),
            Some(HeaderFault::Damaged),
            "bit {bit}"
        );
    }
}

#[test]
fn zeros_are_told_from_damage() {
    let zeros = SegmentHeader::decode(&[0; SEGMENT_HEADER_BYTES]).err();
    assert_eq!(zeros, Some(HeaderFault::Zero));
}

/// Whoever wrote the checksum anew did not make it a header.
#[test]
fn a_header_of_another_length_or_with_something_behind_it_is_damage() {
    let bytes = header(1, 2, [3; 16], 4).encode(&key(1), &Nonce::from_bytes([5; 12]));
    let (length, first_behind, last) = (12, 172, SEGMENT_HEADER_BYTES - 1);
    for at in [length, first_behind, last] {
        let mut other = bytes.clone();
        other[at] ^= 1;
        let sum = checksum(&other).to_le_bytes();
        other[16..20].copy_from_slice(&sum);
        let refusal = SegmentHeader::decode(&other).err();
        assert_eq!(refusal, Some(HeaderFault::Damaged), "byte {at}");
    }
}

/// By the byte table: what only agrees with itself could not read the segments that there are.
#[test]
fn the_tag_of_a_header_is_over_its_fields_without_the_checksum() {
    let nonce = Nonce::from_bytes([5; 12]);
    let bytes = header(1, 2, [3; 16], 4).encode(&key(1), &nonce);
    let aad = [&bytes[..16], &bytes[20..144]].concat();
    let tag = bytes[156..172].try_into().unwrap();
    assert!(key(1).open_detached(&nonce, &aad, &mut [], tag).is_ok());
}
