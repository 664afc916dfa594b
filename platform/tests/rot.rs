//! A simulated disk damages bytes that no program touched, and the damage stays.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::ErrorKind;
use std::path::Path;

use platform::{SimDisk, durable};

const PATH: &str = "/x";

fn disk() -> SimDisk {
    let disk = SimDisk::new(1);
    durable::write_file(&disk, Path::new(PATH), &[0; 1000]).unwrap();
    disk
}

fn contents(disk: &SimDisk) -> Vec<u8> {
    durable::read_file(disk, Path::new(PATH)).unwrap()
}

#[test]
fn flipped_bit_is_read_and_survives_a_crash() {
    let disk = disk();
    disk.flip_bit(Path::new(PATH), 999, 7).unwrap();
    let mut expected = vec![0; 1000];
    expected[999] = 0x80;
    assert_eq!(contents(&disk), expected);
    assert_eq!(contents(&disk.crash()), expected);
}

#[test]
fn random_bit_is_one_bit_at_the_offset_told() {
    let disk = disk();
    let offset = usize::try_from(disk.flip_random_bit(Path::new(PATH)).unwrap()).unwrap();
    let damaged = contents(&disk);
    assert_eq!(damaged[offset].count_ones(), 1);
    assert_eq!(damaged.iter().filter(|byte| **byte != 0).count(), 1);
}

#[test]
fn overwritten_bytes_do_not_change_the_length() {
    let disk = disk();
    disk.overwrite(Path::new(PATH), 998, b"zz").unwrap();
    assert_eq!(contents(&disk)[996..], *b"\0\0zz");
    let error = disk.overwrite(Path::new(PATH), 999, b"zz").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert_eq!(contents(&disk).len(), 1000);
}

#[test]
fn damage_to_what_is_not_there_is_refused() {
    let disk = disk();
    let absent = disk.flip_bit(Path::new("/absent"), 0, 0).unwrap_err();
    assert_eq!(absent.kind(), ErrorKind::NotFound);
    let beyond = disk.flip_bit(Path::new(PATH), 1000, 0).unwrap_err();
    assert_eq!(beyond.kind(), ErrorKind::InvalidInput);
    durable::write_file(&disk, Path::new("/empty"), b"").unwrap();
    disk.flip_random_bit(Path::new("/empty")).unwrap_err();
}
