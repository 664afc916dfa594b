//! W-6: what admission takes always fits, however the committer packs it.

use proptest::prelude::*;

use super::{Admission, Room, fits};
use crate::format::group::{MARKER_BYTES, group_record_bytes};
use crate::format::record_bytes;

const SEGMENT_BYTES: u64 = 8192;

/// A committer that packs at its own pace: how many payloads it takes at once, and whether a marker
/// follows.
fn pack(rooms: &mut Room, bodies: &[u64], has_marker: bool) {
    let group =
        |bodies: &[u64]| group_record_bytes(bodies.len() as u64) + bodies.iter().sum::<u64>();
    let mut rest = bodies;
    while !rest.is_empty() {
        let fitting = (1..=rest.len())
            .rev()
            .find(|count| fits(SEGMENT_BYTES, rooms.used, group(&rest[..*count])));
        let Some(count) = fitting else {
            *rooms = Room::at_start_of(rooms.ordinal + 1);
            continue;
        };
        rooms.used += group(&rest[..count]);
        rest = &rest[count..];
    }
    if has_marker {
        rooms.used += MARKER_BYTES;
    }
}

proptest! {
    #[test]
    fn w6_the_ledger_is_never_behind_the_log(
        groups in prop::collection::vec((prop::collection::vec(0..3000u64, 1..6), any::<bool>()), 1..30),
    ) {
        let mut real = Room::at_start_of(0);
        let mut ledger = Admission::new(SEGMENT_BYTES, real);
        for (payloads, has_marker) in groups {
            let bodies: Vec<u64> = payloads.into_iter().map(record_bytes).collect();
            for body in &bodies {
                prop_assert!(ledger.admit(*body, u64::MAX));
            }
            pack(&mut real, &bodies, has_marker);
            prop_assert!(real.used <= SEGMENT_BYTES);
            prop_assert!(real <= ledger.at, "{:?} is beyond {:?}", real, ledger.at);
        }
    }
}

#[test]
fn w6_nothing_is_taken_beyond_the_last_segment() {
    let mut ledger = Admission::new(SEGMENT_BYTES, Room::at_start_of(0));
    let taken = (0..100)
        .filter(|_| ledger.admit(record_bytes(1000), 1))
        .count();
    assert_eq!(
        taken, 4,
        "two payloads of 1368 bytes with their groups in each of two segments"
    );
    assert!(!ledger.admit_rotation(1));
    assert!(ledger.admit_rotation(2));
    assert!(ledger.admit(record_bytes(1000), 2));
}

#[test]
fn w6_a_record_that_fills_a_segment_to_the_last_byte_is_taken() {
    let start = Room::at_start_of(0);
    let longest = SEGMENT_BYTES - start.used - group_record_bytes(1) - MARKER_BYTES;
    let mut ledger = Admission::new(SEGMENT_BYTES, start);
    assert!(!ledger.admit(longest + 8, 0));
    assert!(ledger.admit(longest, 0));
    assert!(!ledger.admit(0, 0));
}

#[test]
#[should_panic(expected = "W-6")]
fn w6_a_log_beyond_its_ledger_is_a_broken_rule() {
    let mut ledger = Admission::new(SEGMENT_BYTES, Room::at_start_of(0));
    ledger.settle(Room::at_start_of(1));
}
