//! Bytes that are written are the bytes that are read.

use std::io::{ErrorKind, IoSlice};
use std::path::Path;

use super::{Case, contents, create};
use crate::disk::{Disk, OpenMode};

pub(super) const CASES: &[Case] = &[
    Case {
        name: "written_bytes_are_read_back",
        run: written_bytes_are_read_back,
    },
    Case {
        name: "slices_are_written_one_after_the_other",
        run: slices_in_order,
    },
    Case {
        name: "read_beyond_the_end_is_an_error",
        run: read_beyond_the_end_is_an_error,
    },
    Case {
        name: "gap_before_a_write_reads_as_zeros",
        run: gap_reads_as_zeros,
    },
    Case {
        name: "file_opened_for_reading_is_not_written",
        run: reader_does_not_write,
    },
    Case {
        name: "every_handle_sees_every_write",
        run: every_handle_sees_every_write,
    },
    Case {
        name: "syncs_succeed_and_change_nothing",
        run: syncs_change_nothing,
    },
];

fn written_bytes_are_read_back(disk: &dyn Disk, dir: &Path) {
    let bytes: Vec<u8> = (0..20_000u32).flat_map(u32::to_le_bytes).collect();
    let file = create(disk, &dir.join("x"), &bytes);
    assert_eq!(contents(&*file), bytes);
    file.write_all_at(b"middle", 5_000)
        .expect("the disk has room");
    let mut out = [0; 8];
    file.read_exact_at(&mut out, 4_999)
        .expect("the bytes are there");
    assert_eq!(out.get(1..7), Some(b"middle".as_slice()));
    assert_eq!(
        file.len().expect("an open file has a length"),
        bytes.len() as u64
    );
}

fn slices_in_order(disk: &dyn Disk, dir: &Path) {
    let file = create(disk, &dir.join("x"), b"..");
    let parts: Vec<[u8; 4]> = (0..3_000u32).map(u32::to_le_bytes).collect();
    let mut slices = vec![IoSlice::new(b"")];
    slices.extend(parts.iter().map(|part| IoSlice::new(part)));
    file.write_all_vectored_at(&mut slices, 2)
        .expect("the disk has room");
    assert_eq!(
        contents(&*file),
        [b"..".as_slice(), &parts.concat()].concat()
    );
    file.write_all_vectored_at(&mut [], 0)
        .expect("nothing is written");
    file.write_all_vectored_at(&mut [IoSlice::new(b"")], 1 << 20)
        .expect("nothing is written");
    assert_eq!(file.len().expect("an open file has a length"), 12_002);
}

fn read_beyond_the_end_is_an_error(disk: &dyn Disk, dir: &Path) {
    let file = create(disk, &dir.join("x"), b"abc");
    for (bytes, offset) in [(4, 0), (1, 3), (1, 1 << 40)] {
        let error = file
            .read_exact_at(&mut vec![0; bytes], offset)
            .expect_err("it ends before");
        assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
    }
    file.read_exact_at(&mut [], 3).expect("nothing is read");
}

fn gap_reads_as_zeros(disk: &dyn Disk, dir: &Path) {
    let file = create(disk, &dir.join("x"), b"a");
    file.write_all_at(b"z", 9_999).expect("the disk has room");
    let expected: Vec<u8> = [b"a".as_slice(), &[0; 9_998], b"z"].concat();
    assert_eq!(contents(&*file), expected);
}

fn reader_does_not_write(disk: &dyn Disk, dir: &Path) {
    let path = dir.join("x");
    create(disk, &path, b"abc");
    let reader = disk.open(&path, OpenMode::Read).expect("the file is there");
    reader
        .write_all_at(b"z", 0)
        .expect_err("it is open for reading");
    reader.set_len(0).expect_err("it is open for reading");
    assert_eq!(contents(&*reader), b"abc");
}

fn every_handle_sees_every_write(disk: &dyn Disk, dir: &Path) {
    let path = dir.join("x");
    let first = create(disk, &path, b"abc");
    let second = disk
        .open(&path, OpenMode::ReadWrite)
        .expect("the file is there");
    second.write_all_at(b"z", 1).expect("the disk has room");
    assert_eq!(contents(&*first), b"azc");
}

fn syncs_change_nothing(disk: &dyn Disk, dir: &Path) {
    let file = create(disk, &dir.join("x"), b"abc");
    file.sync_data().expect("the disk is well");
    file.sync_all().expect("the disk is well");
    file.sync_all().expect("the disk is well");
    disk.sync_dir(dir).expect("the disk is well");
    assert_eq!(contents(&*file), b"abc");
}
