//! S-2: a page opens at its place and nowhere else.

use platform::SimEntropy;
use proptest::prelude::*;

use super::{PAGE_OVERHEAD_BYTES, open_page, open_page_in_place, seal_page};
use crate::secret::Secret;
use crate::{ClusterId, FileKey, FileKind, Kind, Place, Salt};

fn key(seed: u64) -> FileKey {
    let cluster = ClusterId::from_bytes([7; 16]);
    let secret = Secret::generate(&SimEntropy::new(seed));
    FileKey::derive(&secret, FileKind::Part, cluster, &salt())
}

fn salt() -> Salt {
    Salt::from_bytes([9; 32])
}

fn place() -> Place {
    Place::new(FileKind::Part, salt(), 3)
        .in_group(1)
        .in_column(2)
        .page(5)
}

/// Every place that differs from [`place`] in one field.
fn other_places() -> Vec<Place> {
    let here = place();
    vec![
        here.in_group(0),
        here.in_column(3),
        here.page(4),
        Place { section: 4, ..here },
        Place {
            kind: FileKind::Manifest,
            ..here
        },
        Place {
            salt: Salt::from_bytes([8; 32]),
            ..here
        },
        Place {
            group: here.column,
            column: here.group,
            ..here
        },
    ]
}

#[test]
fn s2_moved_page_does_not_open() {
    let sealed = seal_page(&key(1), &SimEntropy::new(2), &place(), b"a page");
    assert_eq!(open_page(&key(1), &place(), &sealed).unwrap(), b"a page");
    for other in other_places() {
        let error = open_page(&key(1), &other, &sealed).unwrap_err();
        assert_eq!(error.kind(), Kind::Corrupt, "{other:?}");
    }
}

#[test]
fn s2_swapped_pages_do_not_open() {
    let (entropy, first, second) = (SimEntropy::new(2), place(), place().page(6));
    let one = seal_page(&key(1), &entropy, &first, b"first!");
    let two = seal_page(&key(1), &entropy, &second, b"second");
    assert!(open_page(&key(1), &second, &one).is_err());
    assert!(open_page(&key(1), &first, &two).is_err());
}

#[test]
fn s2_page_of_another_file_does_not_open() {
    let sealed = seal_page(&key(1), &SimEntropy::new(2), &place(), b"a page");
    assert!(open_page(&key(2), &place(), &sealed).is_err());
}

#[test]
fn s2_truncated_or_spliced_page_does_not_open() {
    let sealed = seal_page(&key(1), &SimEntropy::new(2), &place(), [1; 100]);
    for bytes in 0..sealed.len() {
        assert!(
            open_page(&key(1), &place(), &sealed[..bytes]).is_err(),
            "cut to {bytes}"
        );
        assert!(
            open_page(&key(1), &place(), &sealed[bytes + 1..]).is_err(),
            "begun at {bytes}"
        );
    }
    let other = seal_page(&key(1), &SimEntropy::new(3), &place(), [2; 100]);
    for at in 1..sealed.len() {
        let spliced = [&sealed[..at], &other[at..]].concat();
        assert!(
            open_page(&key(1), &place(), spliced).is_err(),
            "spliced at {at}"
        );
    }
}

#[test]
fn every_flipped_bit_of_a_page_is_refused() {
    let sealed = seal_page(&key(1), &SimEntropy::new(2), &place(), b"a small page");
    for bit in 0..sealed.len() * 8 {
        let mut flipped = sealed.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert!(open_page(&key(1), &place(), &flipped).is_err(), "bit {bit}");
        assert!(
            open_page_in_place(&key(1), &place(), &mut flipped).is_err(),
            "bit {bit}"
        );
    }
}

#[test]
fn equal_pages_look_different_on_disk() {
    let entropy = SimEntropy::new(2);
    let one = seal_page(&key(1), &entropy, &place(), [0; 64]);
    let two = seal_page(&key(1), &entropy, &place(), [0; 64]);
    assert_ne!(one[..12], two[..12]);
    assert_ne!(one[12..], two[12..]);
}

proptest! {
    #[test]
    fn any_page_comes_back_as_it_was(plain: Vec<u8>, seed: u64, ordinal: u64) {
        let place = place().page(ordinal);
        let mut sealed = seal_page(&key(1), &SimEntropy::new(seed), &place, &plain);
        prop_assert_eq!(sealed.len(), plain.len() + PAGE_OVERHEAD_BYTES);
        prop_assert_eq!(&open_page(&key(1), &place, &sealed).unwrap(), &plain);
        prop_assert_eq!(&*open_page_in_place(&key(1), &place, &mut sealed).unwrap(), &plain);
    }
}
