//! What a power cut leaves of the names on a simulated disk.
//!
//! Every name must lead to a file that it led to at some time since its directory was last synced,
//! or to none if there was none at some time; and no file ends up with two names.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use platform::{Disk, OpenMode, SimDisk, durable};
use proptest::prelude::*;

const NAMES: [&str; 6] = ["/a/1", "/a/2", "/a/3", "/b/1", "/b/2", "/b/3"];

/// A disk with two directories whose names are durable.
fn disk(seed: u64) -> SimDisk {
    let disk = SimDisk::new(seed);
    durable::create_dir_all(&disk, Path::new("/a")).unwrap();
    durable::create_dir_all(&disk, Path::new("/b")).unwrap();
    disk
}

/// Makes a file whose bytes are durable, but whose name is not.
fn create(disk: &SimDisk, path: &str, bytes: &[u8]) {
    let file = disk.open(Path::new(path), OpenMode::CreateNew).unwrap();
    file.write_all_at(bytes, 0).unwrap();
    file.sync_all().unwrap();
}

fn read(disk: &SimDisk, path: &str) -> Option<Vec<u8>> {
    disk.metadata(Path::new(path)).unwrap()?;
    Some(durable::read_file(disk, Path::new(path)).unwrap())
}

/// Returns everything that may be left at the given names.
fn outcomes<const N: usize>(disk: &SimDisk, paths: [&str; N]) -> BTreeSet<[Option<Vec<u8>>; N]> {
    let left = |seed| {
        let crashed = disk.crash_with(seed);
        paths.map(|path| read(&crashed, path))
    };
    (0..200).map(left).collect()
}

fn some(bytes: &str) -> Option<Vec<u8>> {
    Some(bytes.as_bytes().to_vec())
}

#[test]
fn new_name_is_in_danger_until_its_directory_is_synced() {
    let disk = disk(1);
    create(&disk, "/a/1", b"x");
    assert_eq!(
        outcomes(&disk, ["/a/1"]),
        BTreeSet::from([[None], [some("x")]])
    );
    let disk = disk.kill();
    disk.sync_dir(Path::new("/b")).unwrap();
    assert_eq!(outcomes(&disk, ["/a/1"]).len(), 2);
    let disk = disk.kill();
    disk.sync_dir(Path::new("/a")).unwrap();
    assert_eq!(outcomes(&disk, ["/a/1"]), BTreeSet::from([[some("x")]]));
}

#[test]
fn removed_file_may_come_back_until_its_directory_is_synced() {
    let disk = disk(1);
    create(&disk, "/a/1", b"x");
    disk.sync_dir(Path::new("/a")).unwrap();
    disk.remove(Path::new("/a/1")).unwrap();
    assert_eq!(
        outcomes(&disk, ["/a/1"]),
        BTreeSet::from([[None], [some("x")]])
    );
    let disk = disk.kill();
    disk.sync_dir(Path::new("/a")).unwrap();
    assert_eq!(outcomes(&disk, ["/a/1"]), BTreeSet::from([[None]]));
}

#[test]
fn rename_leaves_the_old_file_or_the_new_one() {
    let disk = disk(1);
    create(&disk, "/a/1", b"old");
    create(&disk, "/a/2", b"new");
    disk.sync_dir(Path::new("/a")).unwrap();
    disk.rename(Path::new("/a/2"), Path::new("/a/1")).unwrap();
    let expected = [[some("old"), some("new")], [some("new"), None]];
    assert_eq!(outcomes(&disk, ["/a/1", "/a/2"]), BTreeSet::from(expected));
}

#[test]
fn rename_may_overtake_the_creation_before_it_and_lose_the_bytes_of_an_unsynced_file() {
    let disk = disk(1);
    let file = disk.open(Path::new("/a/1"), OpenMode::CreateNew).unwrap();
    file.write_all_at(b"x", 0).unwrap();
    disk.rename(Path::new("/a/1"), Path::new("/a/2")).unwrap();
    let left = outcomes(&disk, ["/a/2"]);
    assert!(
        left.contains(&[some("")]),
        "the name without the bytes: {left:?}"
    );
    assert!(left.contains(&[some("x")]) && left.contains(&[None]));
}

#[test]
fn file_moved_between_directories_keeps_exactly_one_name() {
    let disk = disk(1);
    create(&disk, "/a/1", b"x");
    disk.sync_dir(Path::new("/a")).unwrap();
    disk.rename(Path::new("/a/1"), Path::new("/b/1")).unwrap();
    let expected = BTreeSet::from([[some("x"), None], [None, some("x")]]);
    assert_eq!(outcomes(&disk, ["/a/1", "/b/1"]), expected);
    let disk = disk.kill();
    disk.sync_dir(Path::new("/b")).unwrap();
    assert_eq!(
        outcomes(&disk, ["/a/1", "/b/1"]),
        BTreeSet::from([[None, some("x")]])
    );
}

#[test]
fn directory_that_is_not_durable_takes_its_files_along() {
    let disk = disk(1);
    disk.create_dir_all(Path::new("/a/new")).unwrap();
    create(&disk, "/a/new/1", b"x");
    disk.sync_dir(Path::new("/a/new")).unwrap();
    assert_eq!(
        outcomes(&disk, ["/a/new/1"]),
        BTreeSet::from([[None], [some("x")]])
    );
    let disk = disk.kill();
    disk.sync_dir(Path::new("/a")).unwrap();
    assert_eq!(outcomes(&disk, ["/a/new/1"]), BTreeSet::from([[some("x")]]));
}

#[test]
fn durable_directories_survive_with_all_those_above() {
    let disk = SimDisk::new(1);
    durable::create_dir_all(&disk, Path::new("/p/q/r")).unwrap();
    for seed in 0..50 {
        let left = disk.crash_with(seed).metadata(Path::new("/p/q/r")).unwrap();
        assert!(left.is_some_and(|found| found.is_dir));
    }
}

#[derive(Debug, Clone)]
enum Step {
    Create(usize),
    Remove(usize),
    Rename(usize, usize),
    SyncDir(&'static str),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let name = 0..NAMES.len();
    let step = prop_oneof![
        3 => name.clone().prop_map(Step::Create),
        1 => name.clone().prop_map(Step::Remove),
        3 => (name.clone(), name).prop_map(|(from, to)| Step::Rename(from, to)),
        1 => prop_oneof![Just("/a"), Just("/b")].prop_map(Step::SyncDir),
    ];
    proptest::collection::vec(step, 1..12)
}

type Names = BTreeMap<&'static str, Vec<u8>>;

/// Does a step, and the same to the model; a step that cannot be done is skipped.
fn act(disk: &SimDisk, names: &mut Names, step: &Step, n: usize) {
    match *step {
        Step::Create(name) if !names.contains_key(NAMES[name]) => {
            let bytes = vec![u8::try_from(n + 1).unwrap()];
            create(disk, NAMES[name], &bytes);
            names.insert(NAMES[name], bytes);
        }
        Step::Remove(name) if names.contains_key(NAMES[name]) => {
            disk.remove(Path::new(NAMES[name])).unwrap();
            names.remove(NAMES[name]);
        }
        Step::Rename(from, to) if names.contains_key(NAMES[from]) => {
            disk.rename(Path::new(NAMES[from]), Path::new(NAMES[to]))
                .unwrap();
            let file = names.remove(NAMES[from]).unwrap();
            names.insert(NAMES[to], file);
        }
        _ => {}
    }
}

proptest! {
    #[test]
    fn every_name_left_is_one_that_was_there_since_the_last_sync(
        steps in steps(),
        seed in any::<u64>(),
    ) {
        let disk = disk(seed);
        let mut names = Names::new();
        let mut history: BTreeMap<&str, BTreeSet<Option<Vec<u8>>>> =
            NAMES.map(|name| (name, BTreeSet::from([None]))).into();
        for (n, step) in steps.iter().enumerate() {
            act(&disk, &mut names, step, n);
            if let Step::SyncDir(dir) = step {
                disk.sync_dir(Path::new(dir)).unwrap();
            }
            for (name, past) in &mut history {
                if matches!(step, Step::SyncDir(dir) if name.starts_with(dir)) {
                    past.clear();
                }
                past.insert(names.get(name).cloned());
            }
        }
        let crashed = disk.crash();
        let left = NAMES.map(|name| (name, read(&crashed, name)));
        for (name, file) in &left {
            prop_assert!(history[name].contains(file), "{name} leads to {file:?}");
        }
        let files: Vec<&Vec<u8>> = left.iter().filter_map(|(_, file)| file.as_ref()).collect();
        prop_assert_eq!(files.iter().collect::<BTreeSet<_>>().len(), files.len());
    }
}

#[test]
fn moved_directories_never_lose_a_durable_file() {
    for seed in 0..200 {
        let disk = disk(seed);
        durable::write_file(&disk, Path::new("/a/1"), b"x").unwrap();
        disk.rename(Path::new("/a"), Path::new("/b/a")).unwrap();
        disk.rename(Path::new("/b/a"), Path::new("/c")).unwrap();
        disk.rename(Path::new("/b"), Path::new("/c/b")).unwrap();
        let crashed = disk.crash();
        let found = ["/a/1", "/b/a/1", "/c/1"].map(PathBuf::from);
        let found = found
            .iter()
            .filter(|path| crashed.metadata(path).unwrap().is_some());
        assert_eq!(found.count(), 1);
    }
}
