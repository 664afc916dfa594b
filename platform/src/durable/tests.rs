//! Whole files are replaced, never mixed, and leave nothing beside them.

use super::*;
use crate::RealDisk;

#[test]
fn written_file_reads_back_and_leaves_nothing_beside_it() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("keyring");
    write_file(&RealDisk, &path, b"old and long").unwrap();
    write_file(&RealDisk, &path, b"new").unwrap();
    assert_eq!(read_file(&RealDisk, &path).unwrap(), b"new");
    let names: Vec<String> = names(dir.path());
    assert_eq!(names, ["keyring"]);
}

#[test]
fn mode_is_that_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("master.key");
    write_file_with_mode(&RealDisk, &path, b"secret", 0o400).unwrap();
    assert_eq!(RealDisk.metadata(&path).unwrap().unwrap().mode, Some(0o400));
    write_file(&RealDisk, &path, b"secret").unwrap();
    assert_eq!(RealDisk.metadata(&path).unwrap().unwrap().mode, Some(0o600));
}

#[test]
fn leftover_of_a_crash_is_replaced() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x");
    let left = RealDisk
        .open(&beside(&path).unwrap(), OpenMode::CreateNew)
        .unwrap();
    left.write_all_at(b"half of something longer", 0).unwrap();
    write_file(&RealDisk, &path, b"whole").unwrap();
    assert_eq!(read_file(&RealDisk, &path).unwrap(), b"whole");
    assert_eq!(names(dir.path()), ["x"]);
}

#[test]
fn path_without_a_name_is_refused() {
    let error = write_file(&RealDisk, Path::new("/"), b"x").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
}

#[test]
fn directory_of_a_bare_name_is_the_working_directory() {
    assert_eq!(parent(Path::new("x")), Path::new("."));
    assert_eq!(parent(Path::new("a/x")), Path::new("a"));
    assert_eq!(parent(Path::new("/")), Path::new("/"));
}

fn names(dir: &Path) -> Vec<String> {
    RealDisk
        .list(dir)
        .unwrap()
        .into_iter()
        .map(|entry| entry.name)
        .collect()
}
