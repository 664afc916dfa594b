//! What only the operating system's disk can show: descriptors, modes and messages.

use super::*;

#[test]
fn error_names_operation_and_path_and_keeps_the_kind() {
    let error = RealDisk
        .open(Path::new("/nowhere/x"), OpenMode::Read)
        .unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::NotFound);
    let message = error.to_string();
    assert!(message.starts_with("open /nowhere/x: "), "{message}");
}

#[test]
fn full_disk_is_told_as_such() {
    let file = RealDisk
        .open(Path::new("/dev/full"), OpenMode::ReadWrite)
        .unwrap();
    let error = file.write_all_at(b"x", 0).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    assert!(error.to_string().contains("/dev/full"), "{error}");
}

#[test]
fn files_and_directories_are_for_their_owner_alone() {
    let dir = tempfile::tempdir().unwrap();
    RealDisk.create_dir_all(&dir.path().join("a/b")).unwrap();
    RealDisk
        .open(&dir.path().join("a/x"), OpenMode::CreateNew)
        .unwrap();
    let mode = |name: &str| {
        RealDisk
            .metadata(&dir.path().join(name))
            .unwrap()
            .unwrap()
            .mode
    };
    assert_eq!(
        (mode("a"), mode("a/b"), mode("a/x")),
        (Some(0o700), Some(0o700), Some(0o600))
    );
}

#[test]
fn descriptors_close_in_programs_that_this_process_starts() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x");
    let fd = open(&path, flags(OpenMode::CreateNew)).unwrap();
    let set = rustix::io::fcntl_getfd(&fd).unwrap();
    assert!(set.contains(rustix::io::FdFlags::CLOEXEC));
}

#[test]
fn link_to_nowhere_is_left_out_of_a_list() {
    let dir = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink("nowhere", dir.path().join("link")).unwrap();
    RealDisk
        .open(&dir.path().join("x"), OpenMode::CreateNew)
        .unwrap();
    let names: Vec<String> = RealDisk
        .list(dir.path())
        .unwrap()
        .into_iter()
        .map(|e| e.name)
        .collect();
    assert_eq!(names, ["x"]);
}
