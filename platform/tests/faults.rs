//! Every operation of a simulated disk can be made to fail, and failed syncs lie as kernels do.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

use platform::{Disk, DiskError, Fault, File, OpenMode, Operation, Rule, SimDisk, durable};

const PATH: &str = "/x";
const SECTOR: usize = 512;

/// Makes a file of two durable sectors with a durable name, and writes over both.
fn overwritten(seed: u64) -> (SimDisk, Arc<dyn File>) {
    let disk = SimDisk::new(seed);
    durable::write_file(&disk, Path::new(PATH), &[b'a'; 2 * SECTOR]).unwrap();
    let file = disk.open(Path::new(PATH), OpenMode::ReadWrite).unwrap();
    file.write_all_at(&[b'b'; 2 * SECTOR], 0).unwrap();
    (disk, file)
}

fn contents(disk: &SimDisk) -> Vec<u8> {
    durable::read_file(disk, Path::new(PATH)).unwrap()
}

/// Returns the operating system's number of an error.
fn number(error: &std::io::Error) -> Option<i32> {
    error
        .get_ref()?
        .downcast_ref::<DiskError>()?
        .cause()
        .raw_os_error()
}

const EIO: Option<i32> = Some(5);

#[test]
fn failed_sync_loses_data_that_a_later_sync_does_not_bring_back() {
    let (disk, file) = overwritten(1);
    disk.inject(Rule::new(Operation::Sync, Fault::SyncLost).nth(1));
    assert_eq!(number(&file.sync_data().unwrap_err()), EIO);
    file.sync_data().unwrap();
    file.sync_all().unwrap();
    assert_eq!(contents(&disk), [b'b'; 2 * SECTOR], "programs still see it");
    for seed in 0..50 {
        assert_eq!(contents(&disk.crash_with(seed)), [b'a'; 2 * SECTOR]);
    }
}

#[test]
fn sync_that_fails_by_the_device_leaves_any_of_the_sectors() {
    let mut images = BTreeSet::new();
    for seed in 0..100 {
        let (disk, file) = overwritten(seed);
        disk.inject(Rule::new(Operation::Sync, Fault::Io).nth(1));
        assert_eq!(number(&file.sync_data().unwrap_err()), EIO);
        file.sync_data().unwrap();
        let image = contents(&disk.crash_with(1));
        assert_eq!(
            image,
            contents(&disk.crash_with(2)),
            "the outcome is settled by the failure"
        );
        images.insert(image);
    }
    assert_eq!(images.len(), 4);
}

#[test]
fn data_written_after_a_failed_sync_is_synced_as_usual() {
    let (disk, file) = overwritten(1);
    disk.inject(Rule::new(Operation::Sync, Fault::SyncLost).nth(1));
    file.sync_data().unwrap_err();
    file.write_all_at(&[b'c'; SECTOR], 0).unwrap();
    file.sync_data().unwrap();
    let expected = [[b'c'; SECTOR], [b'a'; SECTOR]].concat();
    assert!((0..50).all(|seed| contents(&disk.crash_with(seed)) == expected));
}

#[test]
fn ignored_sync_says_success_and_protects_nothing() {
    let (disk, file) = overwritten(1);
    disk.inject(Rule::new(Operation::Sync, Fault::SyncIgnored).nth(1));
    file.sync_data().unwrap();
    assert!((0..50).any(|seed| contents(&disk.crash_with(seed)) == [b'a'; 2 * SECTOR]));
    let disk = disk.kill();
    disk.open(Path::new(PATH), OpenMode::ReadWrite)
        .unwrap()
        .sync_data()
        .unwrap();
    assert!((0..50).all(|seed| contents(&disk.crash_with(seed)) == [b'b'; 2 * SECTOR]));
}

#[test]
fn lost_sync_of_a_directory_loses_its_names() {
    let disk = SimDisk::new(1);
    disk.inject(Rule::new(Operation::SyncDir, Fault::SyncLost).nth(1));
    durable::write_file(&disk, Path::new(PATH), b"x").unwrap_err();
    disk.sync_dir(Path::new("/")).unwrap();
    assert_eq!(contents(&disk), b"x");
    assert!((0..50).all(|seed| {
        disk.crash_with(seed)
            .list(Path::new("/"))
            .unwrap()
            .is_empty()
    }));
}

#[test]
fn short_write_leaves_its_first_bytes() {
    let disk = SimDisk::new(1);
    let file = disk.open(Path::new(PATH), OpenMode::CreateNew).unwrap();
    disk.inject(Rule::new(Operation::Write, Fault::Short(3)).nth(2));
    file.write_all_at(b"abcdef", 0).unwrap();
    let error = file.write_all_at(b"ABCDEF", 0).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::StorageFull);
    assert_eq!(contents(&disk), b"ABCdef");
}

#[test]
fn short_read_ends_early() {
    let (disk, file) = overwritten(1);
    disk.inject(Rule::new(Operation::Read, Fault::Short(9)));
    let error = file.read_exact_at(&mut [0; 10], 0).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
    file.read_exact_at(&mut [0; 9], 0).unwrap();
}

#[test]
fn read_error_stays_with_its_bytes_and_its_file() {
    let (disk, file) = overwritten(1);
    disk.inject(
        Rule::new(Operation::Read, Fault::Io)
            .under(PATH)
            .touching(600..601),
    );
    assert_eq!(
        number(&file.read_exact_at(&mut [0; 10], 595).unwrap_err()),
        EIO
    );
    file.read_exact_at(&mut [0; 10], 590).unwrap();
    disk.rename(Path::new(PATH), Path::new("/y")).unwrap();
    file.read_exact_at(&mut [0; 10], 595).unwrap();
}

#[test]
fn operation_of_each_kind_fails_without_effect_and_names_its_path() {
    let disk = SimDisk::new(1);
    durable::write_file(&disk, Path::new(PATH), b"x").unwrap();
    let file = disk.open(Path::new(PATH), OpenMode::ReadWrite).unwrap();
    let (path, root) = (Path::new(PATH), Path::new("/"));
    let before = disk.list(root).unwrap();
    let kinds: [(Operation, &dyn Fn() -> std::io::Result<()>); 13] = [
        (Operation::Open, &|| {
            disk.open(path, OpenMode::Read).map(|_| ())
        }),
        (Operation::Create, &|| {
            disk.open(Path::new("/new"), OpenMode::CreateNew)
                .map(|_| ())
        }),
        (Operation::Read, &|| file.read_exact_at(&mut [0], 0)),
        (Operation::Write, &|| file.write_all_at(b"z", 0)),
        (Operation::Sync, &|| file.sync_data()),
        (Operation::SetLen, &|| file.set_len(0)),
        (Operation::Rename, &|| disk.rename(path, Path::new("/y"))),
        (Operation::Remove, &|| disk.remove(path)),
        (Operation::CreateDir, &|| {
            disk.create_dir_all(Path::new("/dir"))
        }),
        (Operation::SyncDir, &|| disk.sync_dir(root)),
        (Operation::SetMode, &|| disk.set_mode(path, 0)),
        (Operation::List, &|| disk.list(root).map(|_| ())),
        (Operation::Metadata, &|| file.len().map(|_| ())),
    ];
    for (operation, run) in kinds {
        for (fault, kind) in [
            (Fault::Io, None),
            (Fault::NoSpace, Some(ErrorKind::StorageFull)),
        ] {
            disk.inject(Rule::new(operation, fault).nth(1));
            let error = run().unwrap_err();
            assert_eq!(
                kind.unwrap_or_else(|| error.kind()),
                error.kind(),
                "{operation:?}"
            );
            assert!(error.to_string().contains('/'), "{error}");
            disk.clear_rules();
        }
    }
    assert_eq!(disk.list(root).unwrap(), before);
    assert_eq!(contents(&disk), b"x");
}

#[test]
fn chance_strikes_as_often_as_asked_and_the_same_for_a_seed() {
    let run = |seed| -> Vec<bool> {
        let disk = SimDisk::new(seed);
        let file = disk.open(Path::new(PATH), OpenMode::CreateNew).unwrap();
        disk.inject(Rule::new(Operation::Write, Fault::Io).one_in(10));
        (0..1000)
            .map(|_| file.write_all_at(b"x", 0).is_err())
            .collect()
    };
    let struck = run(5).iter().filter(|failed| **failed).count();
    assert!((50..200).contains(&struck), "{struck}");
    assert_eq!(run(5), run(5));
    assert_ne!(run(5), run(6));
}

#[test]
fn rules_count_on_their_own_when_several_match() {
    let disk = SimDisk::new(1);
    let file = disk.open(Path::new(PATH), OpenMode::CreateNew).unwrap();
    disk.inject(Rule::new(Operation::Write, Fault::Io).nth(1));
    disk.inject(Rule::new(Operation::Write, Fault::NoSpace).nth(2));
    assert_eq!(number(&file.write_all_at(b"x", 0).unwrap_err()), EIO);
    assert_eq!(
        file.write_all_at(b"x", 0).unwrap_err().kind(),
        ErrorKind::StorageFull
    );
    file.write_all_at(b"x", 0).unwrap();
}
