//! What stands behind a bad record is found at any distance from it, and nothing else vouches (W-4).

use schema::Lsn;
use seal::Nonce;

use super::tail::{Behind, look_behind};
use crate::format::record_header::{RECORD_HEADER_BYTES, RecordHeader, RecordKind};
use crate::segment::{BadRecord, Fault, specimen};

/// Where the bad record stands, in a segment that begins at lsn 0.
const BAD: u64 = 512;
/// As much as is read at a time.
const WINDOW: u64 = 1 << 20;

/// Returns the header of a record at this position that calls what is before `durable` durable.
fn header(lsn: u64, durable: u64) -> RecordHeader {
    RecordHeader {
        kind: RecordKind::Group,
        cipher_bytes: 32,
        lsn: Lsn::new(lsn),
        durable_lsn: Lsn::new(durable),
        mark: [3; 8],
        nonce: Nonce::from_bytes([0; 12]),
    }
}

/// Looks behind the bad record of a segment of zeros, but for one header that is put at `at`.
fn behind(at: u64, header: &RecordHeader) -> Behind {
    let mut bytes = vec![0; usize::try_from(BAD + 2 * WINDOW + WINDOW / 2).unwrap()];
    let at = usize::try_from(at).unwrap();
    bytes[at..at + RECORD_HEADER_BYTES].copy_from_slice(&header.encode());
    look(&bytes)
}

fn look(behind_header: &[u8]) -> Behind {
    let bad = BadRecord {
        lsn: Lsn::new(BAD),
        offset: 4096 + BAD,
        fault: Fault::Nothing,
    };
    look_behind(&specimen::segment(behind_header), bad).unwrap()
}

/// The offset behind the last byte of a header that is not zero: its nonce is zeros.
const fn end_of_header(at: u64) -> u64 {
    4096 + at + 40
}

#[test]
fn w4_a_voucher_is_found_wherever_it_stands() {
    let around = |border: u64| (border - 64..=border + 64).step_by(8);
    let near = [BAD, BAD + 8, BAD + 4096];
    let far = [BAD + 2 * WINDOW + WINDOW / 2 - 56];
    let borders = around(BAD + WINDOW).chain(around(BAD + 2 * WINDOW - 56));
    for at in near.into_iter().chain(borders).chain(far) {
        let found = behind(at, &header(at, BAD + 1));
        let expected = Behind {
            voucher: Some(4096 + at),
            end: end_of_header(at),
        };
        assert_eq!(found, expected, "at {at}");
    }
}

#[test]
fn w4_a_record_vouches_only_for_what_it_calls_durable_and_only_where_it_belongs() {
    let at = BAD + 4096;
    let vouches = |at: u64, header: &RecordHeader| behind(at, header).voucher.is_some();
    assert!(vouches(at, &header(at, BAD + 8)));
    assert!(!vouches(at, &header(at, BAD)), "not for the bad record");
    assert!(!vouches(at, &header(at + 8, BAD + 8)), "it was moved");
    let foreign = RecordHeader {
        mark: [4; 8],
        ..header(at, BAD + 8)
    };
    assert!(!vouches(at, &foreign), "it is another segment's");
}

#[test]
fn w4_the_end_is_behind_the_last_byte_that_is_not_zero() {
    let nothing = Behind {
        voucher: None,
        end: 4096 + BAD,
    };
    let bytes = |length: u64| vec![0; usize::try_from(length).unwrap()];
    assert_eq!(look(&bytes(BAD)), nothing);
    assert_eq!(look(&bytes(BAD + WINDOW + 1)), nothing);
    for last in [0, 1, WINDOW - 1, WINDOW, 2 * WINDOW - 56, 2 * WINDOW] {
        let mut bytes = bytes(BAD + 2 * WINDOW + 1);
        bytes[usize::try_from(BAD + last).unwrap()] = 1;
        let end = 4096 + BAD + last + 1;
        assert_eq!(look(&bytes), Behind { end, ..nothing }, "{last}");
    }
}
