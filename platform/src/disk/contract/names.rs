//! Files are found by the names that they were given, and by no other.

use std::io::ErrorKind;
use std::path::Path;

use super::{Case, contents, create};
use crate::disk::{DirEntry, Disk, OpenMode};

pub(super) const CASES: &[Case] = &[
    Case {
        name: "absent_file_is_not_found",
        run: absent_file_is_not_found,
    },
    Case {
        name: "new_file_must_be_absent",
        run: new_file_must_be_absent,
    },
    Case {
        name: "directories_are_made_with_those_above",
        run: directories_with_those_above,
    },
    Case {
        name: "list_is_sorted_and_tells_lengths",
        run: list_is_sorted_and_tells_lengths,
    },
    Case {
        name: "removed_file_is_gone_but_for_its_handles",
        run: removed_file_is_gone,
    },
    Case {
        name: "only_empty_directories_are_removed",
        run: only_empty_directories_are_removed,
    },
    Case {
        name: "mode_is_what_was_set",
        run: mode_is_what_was_set,
    },
    Case {
        name: "errors_name_the_path",
        run: errors_name_the_path,
    },
];

fn absent_file_is_not_found(disk: &dyn Disk, dir: &Path) {
    let absent = dir.join("absent");
    for mode in [OpenMode::Read, OpenMode::ReadWrite] {
        let error = disk.open(&absent, mode).expect_err("it is absent");
        assert_eq!(error.kind(), ErrorKind::NotFound);
    }
    let below = disk
        .open(&absent.join("x"), OpenMode::CreateNew)
        .expect_err("it is absent");
    assert_eq!(below.kind(), ErrorKind::NotFound);
    for error in [
        disk.remove(&absent).expect_err("it is absent"),
        disk.rename(&absent, &dir.join("y"))
            .expect_err("it is absent"),
        disk.set_mode(&absent, 0o600).expect_err("it is absent"),
        disk.list(&absent).expect_err("it is absent"),
        disk.sync_dir(&absent).expect_err("it is absent"),
    ] {
        assert_eq!(error.kind(), ErrorKind::NotFound);
    }
}

fn new_file_must_be_absent(disk: &dyn Disk, dir: &Path) {
    let path = dir.join("x");
    let file = create(disk, &path, b"abc");
    let error = disk
        .open(&path, OpenMode::CreateNew)
        .expect_err("it is there");
    assert_eq!(error.kind(), ErrorKind::AlreadyExists);
    assert_eq!(contents(&*file), b"abc");
}

fn directories_with_those_above(disk: &dyn Disk, dir: &Path) {
    let deep = dir.join("a/b/c");
    disk.create_dir_all(&deep).expect("nothing is in the way");
    disk.create_dir_all(&deep).expect("it is there already");
    create(disk, &deep.join("x"), b"abc");
    disk.create_dir_all(&deep.join("x"))
        .expect_err("a file is in the way");
    disk.create_dir_all(&deep.join("x/y"))
        .expect_err("a file is in the way");
    disk.list(&deep.join("x")).expect_err("it is a file");
}

fn list_is_sorted_and_tells_lengths(disk: &dyn Disk, dir: &Path) {
    create(disk, &dir.join("b"), &[0; 20]);
    create(disk, &dir.join("a10"), &[0; 10]);
    disk.create_dir_all(&dir.join("a2/below"))
        .expect("nothing is in the way");
    let expected =
        [("a10", false, 10), ("a2", true, 0), ("b", false, 20)].map(|(name, is_dir, bytes)| {
            DirEntry {
                name: name.to_owned(),
                is_dir,
                bytes,
            }
        });
    assert_eq!(disk.list(dir).expect("the directory is there"), expected);
}

fn removed_file_is_gone(disk: &dyn Disk, dir: &Path) {
    let path = dir.join("x");
    let file = create(disk, &path, b"abc");
    disk.remove(&path).expect("it is there");
    assert_eq!(disk.metadata(&path).expect("the directory is there"), None);
    assert_eq!(contents(&*file), b"abc");
    create(disk, &path, b"new");
    assert_eq!(contents(&*file), b"abc");
}

fn only_empty_directories_are_removed(disk: &dyn Disk, dir: &Path) {
    let below = dir.join("below");
    disk.create_dir_all(&below).expect("nothing is in the way");
    create(disk, &below.join("x"), b"");
    let error = disk.remove(&below).expect_err("it has an entry");
    assert_eq!(error.kind(), ErrorKind::DirectoryNotEmpty);
    disk.remove(&below.join("x")).expect("it is there");
    disk.remove(&below).expect("it is empty");
    assert_eq!(disk.metadata(&below).expect("the directory is there"), None);
}

fn mode_is_what_was_set(disk: &dyn Disk, dir: &Path) {
    let path = dir.join("x");
    let file = create(disk, &path, b"abc");
    disk.set_mode(&path, 0o400).expect("it is there");
    let found = disk
        .metadata(&path)
        .expect("it is there")
        .expect("it is there");
    assert!(found.mode.is_none_or(|mode| mode == 0o400), "{found:?}");
    file.write_all_at(b"z", 0)
        .expect("the file was opened before");
}

fn errors_name_the_path(disk: &dyn Disk, dir: &Path) {
    let path = dir.join("absent");
    let told = path.display().to_string();
    let open = disk.open(&path, OpenMode::Read).expect_err("it is absent");
    assert!(open.to_string().contains(&told), "{open}");
    let file = create(disk, &path, b"");
    let read = file.read_exact_at(&mut [0], 0).expect_err("it is empty");
    assert!(read.to_string().contains(&told), "{read}");
}
