//! A simulated disk fills up, page by page, and gets its bytes back.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

use platform::{Disk, File, OpenMode, SimDisk, durable};

const PAGE: u64 = 4096;

/// Makes a disk of four pages and a file on it.
fn small() -> (SimDisk, Arc<dyn File>) {
    let disk = SimDisk::new(1);
    disk.limit_capacity(4 * PAGE);
    let file = disk.open(Path::new("/x"), OpenMode::CreateNew).unwrap();
    (disk, file)
}

#[test]
fn write_beyond_the_capacity_puts_down_what_fits() {
    let (disk, file) = small();
    let error = file.write_all_at(&[1; 5 * 4096], 100).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::StorageFull);
    assert_eq!(file.len().unwrap(), 4 * PAGE);
    assert_eq!(
        (disk.used_bytes(), disk.free_bytes(Path::new("/")).unwrap()),
        (4 * PAGE, 0)
    );
}

#[test]
fn zero_filled_bytes_are_reserved_and_holes_are_not() {
    let (disk, file) = small();
    file.write_all_at(&[0; 2 * 4096], 0).unwrap();
    file.set_len(100 * PAGE).unwrap();
    assert_eq!(disk.used_bytes(), 2 * PAGE);
    let other = disk.open(Path::new("/y"), OpenMode::CreateNew).unwrap();
    other.write_all_at(&[1; 2 * 4096], 0).unwrap();
    file.write_all_at(&[1; 2 * 4096], 0).unwrap();
    let hole = file.write_all_at(&[1], 2 * PAGE).unwrap_err();
    assert_eq!(hole.kind(), ErrorKind::StorageFull);
}

#[test]
fn bytes_come_back_when_files_are_cut_or_removed_and_closed() {
    let (disk, file) = small();
    file.write_all_at(&[1; 4 * 4096], 0).unwrap();
    file.set_len(PAGE).unwrap();
    assert_eq!(disk.used_bytes(), PAGE);
    disk.remove(Path::new("/x")).unwrap();
    assert_eq!(disk.used_bytes(), PAGE, "it is still open");
    drop(file);
    assert_eq!(disk.used_bytes(), 0);
}

#[test]
fn failed_replacement_gives_its_bytes_back_and_keeps_the_old_file() {
    let (disk, _file) = small();
    durable::write_file(&disk, Path::new("/y"), &[1; 4096]).unwrap();
    let error = durable::write_file(&disk, Path::new("/y"), &[2; 4 * 4096]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::StorageFull);
    assert_eq!(
        durable::read_file(&disk, Path::new("/y")).unwrap(),
        [1; 4096]
    );
    assert_eq!(disk.used_bytes(), PAGE);
}

#[test]
fn capacity_outlives_a_crash_and_can_be_lifted() {
    let (disk, _file) = small();
    let disk = disk.crash();
    assert_eq!(disk.free_bytes(Path::new("/")).unwrap(), 4 * PAGE);
    disk.lift_capacity();
    durable::write_file(&disk, Path::new("/y"), &[1; 100_000]).unwrap();
    assert!(disk.free_bytes(Path::new("/")).unwrap() > 1 << 30);
}
