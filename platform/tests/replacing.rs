//! Whole files are replaced correctly on a disk that fails at any step.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;

use platform::{Disk, Fault, Operation, Rule, SimDisk, durable};

const PATH: &str = "/data/keyring";

const STEPS: [Operation; 6] = [
    Operation::Remove,
    Operation::Create,
    Operation::Write,
    Operation::Sync,
    Operation::Rename,
    Operation::SyncDir,
];

fn with_old() -> SimDisk {
    let disk = SimDisk::new(1);
    durable::create_dir_all(&disk, Path::new("/data")).unwrap();
    durable::write_file_with_mode(&disk, Path::new(PATH), b"old", 0o400).unwrap();
    disk
}

fn contents(disk: &SimDisk) -> Vec<u8> {
    durable::read_file(disk, Path::new(PATH)).unwrap()
}

#[test]
fn failure_of_any_step_is_told_and_leaves_a_whole_file() {
    for step in STEPS {
        for fault in [Fault::Io, Fault::NoSpace, Fault::Short(1), Fault::SyncLost] {
            let disk = with_old();
            disk.inject(Rule::new(step, fault).nth(1));
            durable::write_file(&disk, Path::new(PATH), b"new").unwrap_err();
            assert_eq!(
                contents(&disk) == b"new",
                step == Operation::SyncDir,
                "{step:?}"
            );
            for seed in 0..20 {
                let left = contents(&disk.crash_with(seed));
                assert!(left == b"old" || (left == b"new" && step == Operation::SyncDir));
            }
        }
    }
}

#[test]
fn failed_step_leaves_nothing_beside_the_file() {
    for step in STEPS {
        let disk = with_old();
        disk.inject(Rule::new(step, Fault::Io).nth(1));
        durable::write_file(&disk, Path::new(PATH), b"new").unwrap_err();
        assert_eq!(disk.list(Path::new("/data")).unwrap().len(), 1, "{step:?}");
    }
}

#[test]
fn mode_survives_a_power_cut_with_the_bytes() {
    let disk = with_old();
    for seed in 0..50 {
        let found = disk
            .crash_with(seed)
            .metadata(Path::new(PATH))
            .unwrap()
            .unwrap();
        assert_eq!((found.mode, found.bytes), (Some(0o400), 3));
    }
}

#[test]
fn removed_file_does_not_come_back() {
    let disk = with_old();
    durable::remove_file(&disk, Path::new(PATH)).unwrap();
    assert!((0..50).all(|seed| {
        disk.crash_with(seed)
            .list(Path::new("/data"))
            .unwrap()
            .is_empty()
    }));
}
