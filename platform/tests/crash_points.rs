//! A simulated disk can be stopped after every single change, and ends with its machine.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::io;
use std::path::Path;

use platform::{Disk, OpenMode, Operation, SimDisk, durable};

const PATH: &str = "/data/x";

/// A disk that holds a durable file `old`.
fn with_old(seed: u64) -> SimDisk {
    let disk = SimDisk::new(seed);
    durable::create_dir_all(&disk, Path::new("/data")).unwrap();
    durable::write_file(&disk, Path::new(PATH), &[b'o'; 2000]).unwrap();
    disk
}

fn replace(disk: &SimDisk) -> io::Result<()> {
    durable::write_file(disk, Path::new(PATH), &[b'n'; 3000])
}

#[test]
fn replaced_file_is_the_old_or_the_new_one_at_every_crash_point() {
    let start = with_old(0).change_count();
    let changes = {
        let disk = with_old(0);
        replace(&disk).unwrap();
        disk.change_count() - start
    };
    assert_eq!(
        changes, 6,
        "remove a leftover, create, write, sync, rename, sync the directory"
    );
    let mut images = BTreeSet::new();
    for point in 0..=changes {
        for seed in 0..100 {
            let disk = with_old(seed);
            disk.freeze_after(start + point);
            let outcome = replace(&disk);
            let image = durable::read_file(&disk.crash(), Path::new(PATH)).unwrap();
            assert_eq!(outcome.is_ok(), point == changes);
            let expected_new = outcome.is_ok();
            assert!(
                image == [b'n'; 3000] || (image == [b'o'; 2000] && !expected_new),
                "{point}"
            );
            images.insert((point, image.len()));
        }
    }
    let undecided = images.len() - usize::try_from(changes + 1).unwrap();
    assert_eq!(
        undecided, 1,
        "only between rename and sync of the directory either is left"
    );
}

#[test]
fn replacing_works_again_after_every_crash_point() {
    let start = with_old(0).change_count();
    for point in 0..6 {
        for seed in 0..50 {
            let disk = with_old(seed);
            disk.freeze_after(start + point);
            replace(&disk).unwrap_err();
            let disk = disk.crash();
            replace(&disk).unwrap();
            let disk = disk.crash();
            assert_eq!(
                durable::read_file(&disk, Path::new(PATH)).unwrap(),
                [b'n'; 3000]
            );
            assert_eq!(disk.list(Path::new("/data")).unwrap().len(), 1);
        }
    }
}

#[test]
fn frozen_disk_fails_every_operation() {
    let disk = with_old(1);
    let file = disk.open(Path::new(PATH), OpenMode::ReadWrite).unwrap();
    disk.freeze_after(disk.change_count() + 1);
    file.read_exact_at(&mut [0], 0).unwrap();
    file.write_all_at(b"z", 0).unwrap();
    file.read_exact_at(&mut [0], 0).unwrap();
    file.sync_data().unwrap_err();
    file.read_exact_at(&mut [0], 0).unwrap_err();
    disk.list(Path::new("/data")).unwrap_err();
    disk.open(Path::new(PATH), OpenMode::Read).unwrap_err();
    disk.lock(Path::new("/data/LOCK")).unwrap_err();
}

#[test]
fn handles_and_disk_are_dead_after_the_crash_and_locks_are_free() {
    for end in [SimDisk::crash, SimDisk::kill] {
        let disk = with_old(1);
        let file = disk.open(Path::new(PATH), OpenMode::ReadWrite).unwrap();
        let _held = disk.lock(Path::new("/data/LOCK")).unwrap();
        let next = end(&disk);
        file.write_all_at(b"z", 0).unwrap_err();
        file.sync_data().unwrap_err();
        file.len().unwrap_err();
        let error = disk.list(Path::new("/data")).unwrap_err();
        assert!(error.to_string().contains("off"), "{error}");
        next.lock(Path::new("/data/LOCK")).unwrap();
        assert_eq!(
            durable::read_file(&next, Path::new(PATH)).unwrap(),
            [b'o'; 2000]
        );
    }
}

#[test]
fn one_power_cut_can_be_looked_at_in_many_outcomes() {
    let disk = with_old(1);
    disk.rename(Path::new(PATH), Path::new("/data/y")).unwrap();
    let is_moved = |seed| {
        let image = disk.crash_with(seed);
        image.metadata(Path::new("/data/y")).unwrap().is_some()
    };
    assert_eq!((0..50).map(is_moved).collect::<BTreeSet<_>>().len(), 2);
    assert_eq!(is_moved(3), is_moved(3));
}

#[test]
fn operations_are_counted_by_kind() {
    let disk = with_old(1);
    let count = |operation| disk.operation_count(operation);
    assert_eq!((count(Operation::Write), count(Operation::Sync)), (1, 1));
    assert_eq!(
        (count(Operation::Rename), count(Operation::SyncDir)),
        (1, 2)
    );
    assert_eq!(count(Operation::Read), 0);
    durable::read_file(&disk, Path::new(PATH)).unwrap();
    assert_eq!(count(Operation::Read), 1);
    assert_eq!(SimDisk::new(1).change_count(), 0);
}
