//! Goal: the newest file rules, the one before is kept, and what a failed edit may have left behind is
//! told from what it certainly has not.

use std::path::Path;
use std::sync::Arc;

use platform::{
    Disk, FailPoint, Fault, Operation, Rule, SimClock, SimDisk, SimEntropy, Strike, UnixNanos,
    durable,
};
use schema::Lsn;
use seal::{ClusterId, Keyring, MasterKey};

use super::{Edit, Manifest, ManifestStore};
use crate::Environment;
use crate::paths::Paths;

fn environment() -> (SimDisk, Environment) {
    let (disk, entropy) = (SimDisk::new(1), SimEntropy::new(1));
    let (master, cluster) = (MasterKey::generate(&entropy), ClusterId::generate(&entropy));
    let path = Path::new("/keyring");
    let keyring = Keyring::create(&disk, path, &master, cluster, &entropy).unwrap();
    let environment = Environment {
        disk: Arc::new(disk.clone()),
        clock: Arc::new(SimClock::new(UnixNanos(1_000))),
        entropy: Arc::new(entropy),
        keyring: Arc::new(keyring),
        dir: "/data".into(),
    };
    (disk, environment)
}

fn open(environment: &Environment) -> ManifestStore {
    ManifestStore::open(environment.clone(), &Paths::new("/data")).unwrap()
}

fn names(disk: &SimDisk) -> Vec<String> {
    let entries = disk.list(Path::new("/data/manifest")).unwrap();
    entries.into_iter().map(|entry| entry.name).collect()
}

#[test]
fn every_edit_is_a_file_of_its_own_and_the_one_before_is_kept() {
    let (disk, environment) = environment();
    let mut store = open(&environment);
    assert_eq!(names(&disk), ["00000000000000000001"]);
    for number in 2..6 {
        store.edit(Edit::Timeline(number), || ()).unwrap();
        let kept = [number - 1, number].map(|n| format!("{n:020}"));
        assert_eq!(names(&disk), kept);
        assert_eq!(store.present().file_name(), kept[1]);
    }
    drop(store);
    assert_eq!(open(&environment).present().manifest.timeline, 5);
}

/// M-8
#[test]
fn a_start_removes_what_is_older_than_the_newest_two() {
    let (disk, environment) = environment();
    let mut store = open(&environment);
    store.edit(Edit::Timeline(2), || ()).unwrap();
    let bytes = store.present().bytes.clone();
    drop(store);
    for number in [7, 8, 9] {
        let path = format!("/data/manifest/{number:020}");
        durable::write_file(&disk, Path::new(&path), &bytes).unwrap();
    }
    assert_eq!(open(&environment).present().number, 9);
    assert_eq!(names(&disk), [8, 9].map(|n| format!("{n:020}")));
}

#[test]
fn a_persisted_manifest_says_up_to_where_the_log_is_in_it() {
    let (_, environment) = environment();
    let mut store = open(&environment);
    let manifest = Manifest {
        flushed_lsn: Lsn::new(800),
        ..Manifest::new()
    };
    store.persist(manifest).unwrap();
    assert_eq!(store.present().flushed_lsn(), Lsn::new(800));
}

/// What an edit adds goes where its manifest certainly never rules, and stays where it may.
#[test]
fn a_failed_edit_is_undone_only_if_its_file_is_not_there() {
    let is_undone = |spoil: &dyn Fn(&SimDisk)| {
        let (disk, environment) = environment();
        let mut store = open(&environment);
        spoil(&disk);
        let mut is_undone = false;
        let edited = store.edit(Edit::Timeline(2), || is_undone = true);
        assert!(edited.is_err());
        assert_eq!(store.present().manifest.timeline, 1);
        is_undone
    };
    assert!(is_undone(&|disk| {
        disk.inject(Rule::new(Operation::Write, Fault::NoSpace));
    }));
    let renamed = |disk: &SimDisk| {
        disk.arm(
            FailPoint::DurableRenamed,
            disk.reached(FailPoint::DurableRenamed) + 1,
            Strike::Error,
        )
    };
    assert!(!is_undone(&renamed), "it may be there after a crash");
    let blind = |disk: &SimDisk| {
        disk.inject(Rule::new(Operation::Write, Fault::NoSpace));
        disk.inject(Rule::new(Operation::Metadata, Fault::Io));
    };
    assert!(!is_undone(&blind), "nobody can tell");
}
