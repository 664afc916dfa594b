//! What a power cut leaves of the bytes of a simulated file.
//!
//! The laws are checked against a history of everything that the file ever was: after a crash every
//! sector must be one that the file had since the last sync, and nothing else.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use platform::{Disk, File, OpenMode, SimDisk, durable};
use proptest::prelude::*;

const PATH: &str = "/x";
const SECTOR: usize = 512;

/// Makes a file whose name is durable.
fn create(disk: &SimDisk) -> Arc<dyn File> {
    let file = disk.open(Path::new(PATH), OpenMode::CreateNew).unwrap();
    disk.sync_dir(Path::new("/")).unwrap();
    file
}

fn contents(disk: &SimDisk) -> Vec<u8> {
    durable::read_file(disk, Path::new(PATH)).unwrap()
}

#[test]
fn synced_data_survives_every_power_cut() {
    for seed in 0..200 {
        let disk = SimDisk::new(seed);
        let file = create(&disk);
        file.write_all_at(&[1; 3000], 0).unwrap();
        file.write_all_at(&[2; 100], 700).unwrap();
        file.sync_data().unwrap();
        let before = contents(&disk);
        assert_eq!(contents(&disk.crash()), before);
    }
}

#[test]
fn torn_write_tears_between_sectors_and_never_inside_one() {
    let disk = SimDisk::new(1);
    let file = create(&disk);
    file.write_all_at(&[b'a'; 16 * SECTOR], 0).unwrap();
    file.sync_data().unwrap();
    file.write_all_at(&[b'b'; 16 * SECTOR], 0).unwrap();
    let mut images = BTreeSet::new();
    for seed in 0..300 {
        let image = contents(&disk.crash_with(seed));
        assert_eq!(image.len(), 16 * SECTOR);
        assert!(
            image
                .chunks(SECTOR)
                .all(|s| s == [b'a'; SECTOR] || s == [b'b'; SECTOR])
        );
        images.insert(image);
    }
    assert!(
        images.contains([b'a'; 16 * SECTOR].as_slice()),
        "nothing was written back in time"
    );
    assert!(
        images.contains([b'b'; 16 * SECTOR].as_slice()),
        "everything was"
    );
    assert!(images.len() > 50, "and many mixtures: {}", images.len());
}

#[test]
fn unsynced_append_may_leave_length_without_bytes_and_the_other_way_round() {
    let disk = SimDisk::new(1);
    let file = create(&disk);
    file.write_all_at(&[b'a'; SECTOR], 0).unwrap();
    file.sync_data().unwrap();
    file.write_all_at(&[b'b'; SECTOR], SECTOR as u64).unwrap();
    let images: BTreeSet<Vec<u8>> = (0..100).map(|s| contents(&disk.crash_with(s))).collect();
    let (old, new) = ([b'a'; SECTOR], [b'b'; SECTOR]);
    let expected = [
        old.to_vec(),
        [old, new].concat(),
        [old, [0; SECTOR]].concat(),
    ];
    assert_eq!(images, BTreeSet::from(expected));
}

#[test]
fn earlier_version_of_a_sector_may_be_what_is_left() {
    let disk = SimDisk::new(1);
    let file = create(&disk);
    for version in [b"one", b"two", b"six"] {
        file.write_all_at(version, 0).unwrap();
    }
    let images: BTreeSet<Vec<u8>> = (0..400).map(|s| contents(&disk.crash_with(s))).collect();
    assert!(images.contains(b"one".as_slice()) && images.contains(b"two".as_slice()));
    assert!(images.contains(b"six".as_slice()) && images.contains(b"".as_slice()));
}

#[test]
fn bytes_that_were_cut_off_do_not_come_back_when_the_file_grows_again() {
    for cut in [0, 300, 512, 700, 4096, 5000] {
        let disk = SimDisk::new(1);
        let file = create(&disk);
        file.write_all_at(&[b'a'; 9000], 0).unwrap();
        file.sync_data().unwrap();
        file.set_len(cut).unwrap();
        file.set_len(9000).unwrap();
        file.sync_data().unwrap();
        let expected = contents(&disk);
        assert!(
            (0..50).all(|seed| contents(&disk.crash_with(seed)) == expected),
            "{cut}"
        );
    }
}

#[test]
fn ended_process_loses_nothing_but_leaves_it_in_danger() {
    let disk = SimDisk::new(1);
    let file = create(&disk);
    file.write_all_at(b"written", 0).unwrap();
    let next = disk.kill();
    assert_eq!(contents(&next), b"written");
    let lost = (0..50).filter(|seed| contents(&next.crash_with(*seed)) != b"written");
    assert!(lost.count() > 5);
}

#[test]
fn mode_is_durable_after_sync_all_and_in_danger_after_sync_data() {
    let disk = SimDisk::new(1);
    let file = create(&disk);
    disk.set_mode(Path::new(PATH), 0o400).unwrap();
    file.sync_data().unwrap();
    let mode = |disk: &SimDisk| {
        disk.metadata(Path::new(PATH))
            .unwrap()
            .unwrap()
            .mode
            .unwrap()
    };
    let modes: BTreeSet<u32> = (0..50).map(|s| mode(&disk.crash_with(s))).collect();
    assert_eq!(modes, BTreeSet::from([0o400, 0o600]));
    let disk = disk.kill();
    let file = disk.open(Path::new(PATH), OpenMode::ReadWrite).unwrap();
    file.sync_all().unwrap();
    assert!((0..50).all(|s| mode(&disk.crash_with(s)) == 0o400));
}

#[derive(Debug, Clone)]
enum Step {
    Write { offset: u64, bytes: usize },
    SetLen(u64),
    Sync,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let write =
        (0u64..6000, 1usize..3000).prop_map(|(offset, bytes)| Step::Write { offset, bytes });
    let set_len = (0u64..9000).prop_map(Step::SetLen);
    proptest::collection::vec(
        prop_oneof![4 => write, 1 => set_len, 1 => Just(Step::Sync)],
        1..10,
    )
}

/// Everything the file was since the last sync, that state first.
fn history(file: &dyn File, steps: &[Step]) -> Vec<Vec<u8>> {
    let mut history = vec![Vec::new()];
    for (n, step) in steps.iter().enumerate() {
        let mut state = history.last().unwrap().clone();
        match step {
            Step::Write { offset, bytes } => {
                let value = u8::try_from(n + 1).unwrap();
                file.write_all_at(&vec![value; *bytes], *offset).unwrap();
                let start = usize::try_from(*offset).unwrap();
                state.resize(state.len().max(start + bytes), 0);
                state[start..start + bytes].fill(value);
            }
            Step::SetLen(len) => {
                file.set_len(*len).unwrap();
                state.resize(usize::try_from(*len).unwrap(), 0);
            }
            Step::Sync => {
                file.sync_data().unwrap();
                history.clear();
            }
        }
        history.push(state);
    }
    history
}

/// Returns a sector of a state, as far as an image of `len` bytes shows it.
fn sector(state: &[u8], index: usize, len: usize) -> Vec<u8> {
    let range = index * SECTOR..len.min((index + 1) * SECTOR);
    range
        .map(|at| state.get(at).copied().unwrap_or(0))
        .collect()
}

proptest! {
    #[test]
    fn every_sector_left_is_one_that_the_file_had_since_the_last_sync(
        steps in steps(),
        seed in any::<u64>(),
    ) {
        let disk = SimDisk::new(seed);
        let file = create(&disk);
        let history = history(&*file, &steps);
        let image = contents(&disk.crash());
        prop_assert!(history.iter().any(|state| state.len() == image.len()));
        for index in 0..image.len().div_ceil(SECTOR) {
            let left = sector(&image, index, image.len());
            let known = history.iter().any(|state| sector(state, index, image.len()) == left);
            prop_assert!(known, "sector {index} was never written");
        }
    }

    #[test]
    fn file_reads_as_written_until_the_power_is_cut(steps in steps(), seed in any::<u64>()) {
        let disk = SimDisk::new(seed);
        let file = create(&disk);
        let history = history(&*file, &steps);
        prop_assert_eq!(Some(&contents(&disk)), history.last());
        prop_assert_eq!(Some(&contents(&disk.kill())), history.last());
    }

    #[test]
    fn same_seed_and_calls_leave_the_same_image(steps in steps(), seed in any::<u64>()) {
        let run = || {
            let disk = SimDisk::new(seed);
            let file = create(&disk);
            history(&*file, &steps);
            contents(&disk.crash().crash())
        };
        prop_assert_eq!(run(), run());
    }
}
