//! S-3: changing the master key rewrites no data and survives a crash at every step.
//!
//! Method: the change is run once to count its operations on the disk, then again for each of them,
//! frozen there; after the power cut the keyring must open through its key file, and a file sealed
//! before must open with it.

use std::path::Path;

use platform::{Disk, FailPoint, Fault, Operation, Rule, SimDisk, SimEntropy, Strike, durable};
use seal::{ClusterId, Error, FileKind, KeySource, Keyring, MasterKey, envelope, rotate_key_file};

const KEYRING: &str = "/keyring";
const KEYS: &str = "/keys";
const KEY: &str = "/keys/master.key";
const NEXT_KEY: &str = "/keys/master.key.next";
const DATA: &str = "/data";

/// An installation: a key file, a keyring and a sealed file.
#[cfg(test)]
fn installation(seed: u64) -> (SimDisk, SimEntropy) {
    let (disk, entropy) = (SimDisk::new(seed), SimEntropy::new(seed));
    durable::create_dir_all(&disk, Path::new(KEYS)).unwrap();
    let master = KeySource::create_file(&disk, Path::new(KEY), &entropy).unwrap();
    let cluster = ClusterId::generate(&entropy);
    let keyring = Keyring::create(&disk, Path::new(KEYRING), &master, cluster, &entropy).unwrap();
    let sealed = envelope::seal(&keyring, FileKind::Client, &entropy, b"state");
    durable::write_file(&disk, Path::new(DATA), &sealed).unwrap();
    (disk, entropy)
}

#[cfg(test)]
fn source() -> KeySource {
    KeySource::File(KEY.into())
}

#[cfg(test)]
fn open(disk: &SimDisk) -> Result<Keyring, Error> {
    source().open_keyring(disk, Path::new(KEYRING))
}

#[cfg(test)]
fn change(disk: &SimDisk, entropy: &SimEntropy) -> Result<(), Error> {
    let keyring = open(disk)?;
    rotate_key_file(disk, &keyring, Path::new(KEYRING), Path::new(KEY), entropy)?;
    Ok(())
}

/// Checks that everything opens, twice: the first opening may have had to complete the change.
#[cfg(test)]
fn check(disk: &SimDisk, case: &str) {
    for _ in 0..2 {
        let keyring = open(disk).unwrap_or_else(|error| panic!("{case}: {error}"));
        let sealed = durable::read_file(disk, Path::new(DATA)).unwrap();
        let plain = envelope::open(&keyring, FileKind::Client, &sealed);
        assert_eq!(plain.unwrap(), b"state", "{case}");
        let key = source().load(disk).unwrap();
        assert_eq!(
            key.id(),
            keyring.master(),
            "{case}: the key file is not the keyring's"
        );
    }
}

#[test]
fn s3_crash_at_every_change_of_the_disk_leaves_a_keyring_that_opens() {
    let (whole, entropy) = installation(1);
    let before = whole.change_count();
    let old = open(&whole).unwrap().master();
    change(&whole, &entropy).unwrap();
    assert_ne!(open(&whole).unwrap().master(), old);
    assert!(whole.change_count() > before + 6);
    for changes in before..=whole.change_count() {
        let (disk, entropy) = installation(1);
        disk.freeze_after(changes);
        let outcome = change(&disk, &entropy);
        assert_eq!(outcome.is_ok(), changes == whole.change_count());
        for seed in 0..8 {
            check(
                &disk.crash_with(seed),
                &format!("frozen after {changes}, seed {seed}"),
            );
        }
    }
}

/// A crash while the crash is made up for.
#[test]
fn s3_crash_while_completing_a_change_leaves_a_keyring_that_opens() {
    let (whole, entropy) = installation(1);
    let before = whole.change_count();
    change(&whole, &entropy).unwrap();
    for changes in before..whole.change_count() {
        let (disk, entropy) = installation(1);
        disk.freeze_after(changes);
        let _ = change(&disk, &entropy);
        for completed in 0..3 {
            let crashed = disk.crash_with(changes);
            crashed.freeze_after(completed);
            let _ = open(&crashed);
            check(
                &crashed.crash_with(changes),
                &format!("{changes}, then {completed}"),
            );
        }
    }
}

#[test]
fn s3_change_of_key_rewrites_no_data() {
    let (disk, entropy) = installation(1);
    let before = durable::read_file(&disk, Path::new(DATA)).unwrap();
    change(&disk, &entropy).unwrap();
    assert_eq!(durable::read_file(&disk, Path::new(DATA)).unwrap(), before);
    let names = |dir: &str| -> Vec<_> {
        let entries = disk.list(Path::new(dir)).unwrap().into_iter();
        entries.map(|entry| entry.name).collect()
    };
    assert_eq!(names("/"), ["data", "keyring", "keys"]);
    assert_eq!(names(KEYS), ["master.key"]);
}

#[test]
fn s3_a_change_that_was_reported_done_outlives_the_power() {
    let (disk, entropy) = installation(1);
    change(&disk, &entropy).unwrap();
    let new = open(&disk).unwrap().master();
    for seed in 0..16 {
        let crashed = disk.crash_with(seed);
        assert_eq!(source().load(&crashed).unwrap().id(), new, "seed {seed}");
        let left = crashed.metadata(Path::new(NEXT_KEY)).unwrap();
        assert!(left.is_none(), "seed {seed}: the new key lies beside");
    }
}

#[test]
fn s3_failed_operation_leaves_a_keyring_that_opens() {
    for operation in [
        Operation::Write,
        Operation::Sync,
        Operation::Rename,
        Operation::SyncDir,
    ] {
        for nth in 1..4 {
            let (disk, entropy) = installation(1);
            disk.inject(Rule::new(operation, Fault::Io).nth(nth));
            let _ = change(&disk, &entropy);
            disk.clear_rules();
            check(&disk, &format!("{operation:?} {nth}"));
            change(&disk, &entropy).unwrap();
            check(&disk.crash(), &format!("{operation:?} {nth}, then changed"));
        }
    }
}

#[test]
fn s3_a_change_that_fails_between_its_steps_says_so_and_leaves_a_keyring_that_opens() {
    for point in [
        FailPoint::MasterKeyWritten,
        FailPoint::KeyringReplaced,
        FailPoint::MasterKeyRenamed,
    ] {
        let (disk, entropy) = installation(1);
        disk.arm(point, 1, Strike::Error);
        assert!(change(&disk, &entropy).is_err(), "{point:?}");
        check(&disk, point.name());
    }
}

/// With a key that comes from elsewhere, one of the two keys opens after any crash, and the error
/// of the other names the one that is needed.
#[test]
fn s3_rewrapping_alone_leaves_one_of_the_two_keys_good() {
    let (whole, entropy) = installation(1);
    let (before, new) = (whole.change_count(), MasterKey::generate(&entropy));
    let path = Path::new(KEYRING);
    open(&whole)
        .unwrap()
        .rewrap(&whole, path, &new, &entropy)
        .unwrap();
    for changes in before..=whole.change_count() {
        let (disk, entropy) = installation(1);
        let old = source().load(&disk).unwrap();
        let keyring = open(&disk).unwrap();
        disk.freeze_after(changes);
        let _ = keyring.rewrap(&disk, path, &new, &entropy);
        let crashed = disk.crash_with(changes);
        match Keyring::open(&crashed, path, &new) {
            Ok(keyring) => assert_eq!(keyring.master(), new.id()),
            Err(Error::WrongMasterKey { expected, .. }) => {
                assert_eq!(expected, old.id());
                assert!(Keyring::open(&crashed, path, &old).is_ok());
            }
            Err(error) => panic!("{changes}: {error}"),
        }
    }
}

#[test]
fn a_key_beside_the_key_file_that_is_not_needed_is_not_used() {
    let (disk, entropy) = installation(1);
    KeySource::create_file(&disk, Path::new(NEXT_KEY), &entropy).unwrap();
    check(
        &disk,
        "a leftover of a change that never reached the keyring",
    );
    durable::remove_file(&disk, Path::new(KEY)).unwrap();
    KeySource::create_file(&disk, Path::new(KEY), &entropy).unwrap();
    let error = open(&disk).unwrap_err();
    assert!(matches!(error, Error::WrongMasterKey { .. }), "{error}");
}
