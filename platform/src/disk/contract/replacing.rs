//! A rename replaces in one step, and whole files are replaced by it.

use std::path::Path;

use super::{Case, contents, create};
use crate::disk::{Disk, OpenMode};
use crate::durable;

pub(super) const CASES: &[Case] = &[
    Case {
        name: "rename_replaces_a_file",
        run: rename_replaces_a_file,
    },
    Case {
        name: "rename_moves_between_directories",
        run: rename_moves_between_directories,
    },
    Case {
        name: "rename_of_a_directory_takes_its_files_along",
        run: rename_of_a_directory,
    },
    Case {
        name: "rename_that_makes_no_sense_is_refused",
        run: senseless_rename_is_refused,
    },
    Case {
        name: "whole_files_are_replaced",
        run: whole_files_are_replaced,
    },
    Case {
        name: "durable_directories_and_removals_work",
        run: durable_directories_and_removals,
    },
];

fn rename_replaces_a_file(disk: &dyn Disk, dir: &Path) {
    let (from, to) = (dir.join("from"), dir.join("to"));
    let new = create(disk, &from, b"new");
    let old = create(disk, &to, b"old");
    disk.rename(&from, &to).expect("it is there");
    assert_eq!(disk.metadata(&from).expect("the directory is there"), None);
    assert_eq!(durable::read_file(disk, &to).expect("it is there"), b"new");
    assert_eq!(contents(&*old), b"old");
    new.write_all_at(b"N", 0).expect("the disk has room");
    assert_eq!(durable::read_file(disk, &to).expect("it is there"), b"New");
    disk.rename(&to, &to).expect("nothing is to do");
    assert_eq!(durable::read_file(disk, &to).expect("it is there"), b"New");
}

fn rename_moves_between_directories(disk: &dyn Disk, dir: &Path) {
    disk.create_dir_all(&dir.join("other"))
        .expect("nothing is in the way");
    create(disk, &dir.join("x"), b"abc");
    disk.rename(&dir.join("x"), &dir.join("other/y"))
        .expect("it is there");
    assert_eq!(
        durable::read_file(disk, &dir.join("other/y")).expect("it is there"),
        b"abc"
    );
    disk.rename(&dir.join("other/y"), &dir.join("absent/y"))
        .expect_err("no such directory");
}

fn rename_of_a_directory(disk: &dyn Disk, dir: &Path) {
    disk.create_dir_all(&dir.join("a/b"))
        .expect("nothing is in the way");
    create(disk, &dir.join("a/b/x"), b"abc");
    disk.rename(&dir.join("a"), &dir.join("z"))
        .expect("it is there");
    assert_eq!(
        durable::read_file(disk, &dir.join("z/b/x")).expect("it is there"),
        b"abc"
    );
    assert_eq!(
        disk.metadata(&dir.join("a"))
            .expect("the directory is there"),
        None
    );
}

fn senseless_rename_is_refused(disk: &dyn Disk, dir: &Path) {
    disk.create_dir_all(&dir.join("a/b"))
        .expect("nothing is in the way");
    create(disk, &dir.join("x"), b"abc");
    disk.rename(&dir.join("x"), &dir.join("a"))
        .expect_err("a directory is in the way");
    disk.rename(&dir.join("a"), &dir.join("x"))
        .expect_err("a file is in the way");
    disk.rename(&dir.join("a"), &dir.join("a/b/a"))
        .expect_err("into itself");
    disk.create_dir_all(&dir.join("c"))
        .expect("nothing is in the way");
    disk.rename(&dir.join("c"), &dir.join("a"))
        .expect_err("it is not empty");
    assert_eq!(disk.list(dir).expect("the directory is there").len(), 3);
}

fn whole_files_are_replaced(disk: &dyn Disk, dir: &Path) {
    let path = dir.join("x");
    durable::write_file(disk, &path, b"old and long").expect("the disk is well");
    durable::write_file_with_mode(disk, &path, b"new", 0o400).expect("the disk is well");
    assert_eq!(
        durable::read_file(disk, &path).expect("it is there"),
        b"new"
    );
    durable::write_file(disk, &path, b"").expect("the disk is well");
    assert_eq!(durable::read_file(disk, &path).expect("it is there"), b"");
    assert_eq!(disk.list(dir).expect("the directory is there").len(), 1);
}

fn durable_directories_and_removals(disk: &dyn Disk, dir: &Path) {
    let deep = dir.join("a/b");
    durable::create_dir_all(disk, &deep).expect("nothing is in the way");
    durable::create_dir_all(disk, &deep).expect("it is there already");
    durable::write_file(disk, &deep.join("x"), b"abc").expect("the disk is well");
    durable::remove_file(disk, &deep.join("x")).expect("it is there");
    disk.open(&deep.join("x"), OpenMode::Read)
        .expect_err("it is removed");
}
