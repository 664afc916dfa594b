//! Lengths are those of the bytes written or of what was set.

use std::path::Path;

use super::{Case, contents, create};
use crate::disk::{Disk, OpenMode};

pub(super) const CASES: &[Case] = &[
    Case {
        name: "new_file_is_empty",
        run: new_file_is_empty,
    },
    Case {
        name: "cut_and_extended_file_shows_zeros",
        run: cut_and_extended_shows_zeros,
    },
    Case {
        name: "metadata_tells_the_length",
        run: metadata_tells_the_length,
    },
    Case {
        name: "free_bytes_are_told_for_a_directory",
        run: free_bytes_are_told,
    },
];

fn new_file_is_empty(disk: &dyn Disk, dir: &Path) {
    let file = disk
        .open(&dir.join("x"), OpenMode::CreateNew)
        .expect("the file is absent");
    assert!(file.is_empty().expect("an open file has a length"));
    assert_eq!(contents(&*file), b"");
}

fn cut_and_extended_shows_zeros(disk: &dyn Disk, dir: &Path) {
    let file = create(disk, &dir.join("x"), &[7; 10_000]);
    file.set_len(4_097).expect("the file is open for writing");
    assert_eq!(contents(&*file), [7; 4_097]);
    file.set_len(9_000).expect("the file is open for writing");
    assert_eq!(
        contents(&*file),
        [[7; 4_097].as_slice(), &[0; 4_903]].concat()
    );
    file.set_len(0).expect("the file is open for writing");
    assert!(file.is_empty().expect("an open file has a length"));
}

fn metadata_tells_the_length(disk: &dyn Disk, dir: &Path) {
    let path = dir.join("x");
    assert_eq!(disk.metadata(&path).expect("the directory is there"), None);
    create(disk, &path, &[1; 777]);
    let file = disk
        .metadata(&path)
        .expect("it is there")
        .expect("it is there");
    assert_eq!((file.bytes, file.is_dir), (777, false));
    let found = disk
        .metadata(dir)
        .expect("it is there")
        .expect("it is there");
    assert_eq!((found.bytes, found.is_dir), (0, true));
}

fn free_bytes_are_told(disk: &dyn Disk, dir: &Path) {
    assert!(disk.free_bytes(dir).expect("the directory is there") > 0);
    disk.free_bytes(&dir.join("absent"))
        .expect_err("the directory is absent");
}
