//! Failpoints of a simulated disk, and photographs of it.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::path::Path;

use platform::{FailPoint, SimDisk, Strike, durable};

fn write(disk: &SimDisk, bytes: &[u8]) -> std::io::Result<()> {
    durable::write_file(disk, Path::new("/x"), bytes)
}

fn content(disk: &SimDisk) -> Vec<u8> {
    durable::read_file(disk, Path::new("/x")).unwrap()
}

#[test]
fn a_replaced_file_is_old_or_new_whatever_strikes_where() {
    let points = [
        (FailPoint::DurableWritten, false),
        (FailPoint::DurableSynced, false),
        // The name is not durable: either may be there.
        (FailPoint::DurableRenamed, true),
    ];
    for (point, may_be_new) in points {
        for strike in [Strike::Crash, Strike::Error] {
            let disk = SimDisk::new(3);
            write(&disk, b"old").unwrap();
            disk.arm(point, 2, strike);
            assert!(write(&disk, b"new").is_err(), "{point:?}");
            assert_eq!(disk.reached(point), 2);
            for seed in 0..16 {
                let found = content(&disk.crash_with(seed));
                assert!(found == b"old" || (may_be_new && found == b"new"));
            }
        }
    }
}

#[test]
fn an_error_strikes_once_and_a_crash_for_good() {
    for (strike, recovers) in [(Strike::Error, true), (Strike::Crash, false)] {
        let disk = SimDisk::new(4);
        disk.arm(FailPoint::DurableWritten, 1, strike);
        assert!(write(&disk, b"1").is_err());
        assert_eq!(write(&disk, b"2").is_ok(), recovers);
    }
}

#[test]
#[should_panic(expected = "flush.published cannot fail")]
fn an_error_is_not_armed_where_nothing_can_fail() {
    SimDisk::new(5).arm(FailPoint::FlushPublished, 1, Strike::Error);
}

#[test]
fn photographs_show_what_frozen_disks_show() {
    let work = |disk: &SimDisk| (0u8..4).all(|n| write(disk, &[n; 700]).is_ok());
    let disk = SimDisk::new(6);
    disk.photograph(0..1_000);
    assert!(work(&disk));
    let photographs = disk.photographs();
    assert_eq!(photographs.len() as u64, disk.change_count());
    for (changes, photograph) in photographs {
        let frozen = SimDisk::new(6);
        frozen.freeze_after(changes);
        assert!(!work(&frozen));
        for seed in 0..8 {
            let (one, other) = (photograph.crash_with(seed), frozen.crash_with(seed));
            assert_eq!(one.fingerprint(), other.fingerprint(), "change {changes}");
        }
    }
}
