//! A lock has one holder at a time.

use std::io::ErrorKind;
use std::path::Path;

use super::Case;
use crate::disk::Disk;

pub(super) const CASES: &[Case] = &[
    Case {
        name: "lock_has_one_holder",
        run: lock_has_one_holder,
    },
    Case {
        name: "locks_on_two_files_do_not_meet",
        run: locks_on_two_files_do_not_meet,
    },
];

fn lock_has_one_holder(disk: &dyn Disk, dir: &Path) {
    let path = dir.join("LOCK");
    let held = disk.lock(&path).expect("nobody holds it");
    let error = disk.lock(&path).expect_err("it is held");
    assert_eq!(error.kind(), ErrorKind::WouldBlock);
    drop(held);
    let again = disk.lock(&path).expect("it was let go");
    disk.lock(&path).expect_err("it is held");
    drop(again);
}

fn locks_on_two_files_do_not_meet(disk: &dyn Disk, dir: &Path) {
    let _first = disk.lock(&dir.join("first")).expect("nobody holds it");
    let _second = disk.lock(&dir.join("second")).expect("nobody holds it");
    assert_eq!(disk.list(dir).expect("the directory is there").len(), 2);
}
