//! A directory as a repository, and a directory as the target of a restore.

use std::sync::Arc;

use backup::{At, BackupKind, Error, Location, StoreOptions};
use platform::{RealDisk, durable};
use schema::Lsn;

use crate::support::{World, settings};

fn world() -> (tempfile::TempDir, World) {
    let dir = tempfile::tempdir().unwrap();
    let url = format!("file://{}/backups", dir.path().display());
    let location = Location::parse(&url, &StoreOptions::default(), &settings()).unwrap();
    (dir, World::at(location, settings()))
}

#[tokio::test]
async fn a_directory_keeps_backups_and_the_second_stores_only_what_is_new() {
    let (_dir, mut world) = world();
    world.commits(10).await;
    world.flush().await;
    let first = world.backup(BackupKind::Full).await;
    world.commits(3).await;
    world.flush().await;
    let second = world.backup(BackupKind::Incremental).await;
    assert_eq!(first.new_bytes, first.bytes);
    assert!(second.new_bytes < second.bytes, "{second:?}");
    assert_eq!(second.parent, Some(first.id));
    let again = world.backup(BackupKind::Incremental).await;
    assert_eq!(again.new_bytes, 0);
    let full = world.backup(BackupKind::Full).await;
    assert_eq!(full.new_bytes, full.bytes);
    world.archived().await;
    let dir = world.restore(At::Latest, "restored").await.unwrap();
    assert_eq!(world.rows_in(&dir), world.rows_before(Lsn::MAX));
    world.stop_archiver().await.unwrap();
}

/// B-3: restore writes only to a new directory.
#[tokio::test]
async fn a_restore_never_writes_where_something_is() {
    let (_dir, mut world) = world();
    world.commits(3).await;
    world.backup(BackupKind::Full).await;
    let taken = world.restore(At::Latest, "data").await;
    assert!(matches!(taken, Err(Error::NotEmpty { .. })));
    let file = world.dir.path().join("file");
    durable::write_file(&RealDisk, &file, b"x").unwrap();
    let taken = world.restore(At::Latest, "file").await;
    assert!(matches!(taken, Err(Error::NotEmpty { .. })));
    world.stop_archiver().await.unwrap();
}

#[tokio::test]
async fn a_rehearsal_tells_what_it_would_fetch_and_writes_nothing() {
    let (_dir, mut world) = world();
    world.commits(3).await;
    world.flush().await;
    world.commits(3).await;
    let record = world.backup(BackupKind::Full).await;
    let request = world.request(&world.repository, At::Latest, "rehearsal");
    let plan = backup::plan(&request).await.unwrap();
    assert_eq!(plan.backup, record);
    assert!(plan.files >= 2 && plan.log_segments >= 1 && plan.bytes > record.bytes);
    assert!(!request.data_dir.exists());
    world.stop_archiver().await.unwrap();
}

#[tokio::test]
async fn another_master_key_opens_nothing() {
    let (_dir, mut world) = world();
    world.commits(3).await;
    world.backup(BackupKind::Full).await;
    let mut request = world.request(&world.repository, At::Latest, "restored");
    request.master_key = seal::MasterKey::generate(&platform::OsEntropy);
    let refused = backup::restore(request).await.unwrap_err();
    assert_eq!(refused.kind(), backup::Kind::Denied);
    assert!(!world.dir.path().join("restored").exists());
    world.stop_archiver().await.unwrap();
}

#[tokio::test]
async fn progress_reaches_its_total() {
    let (_dir, mut world) = world();
    world.commits(5).await;
    world.backup(BackupKind::Full).await;
    let seen = Arc::new(std::sync::Mutex::new(Vec::new()));
    let mut request = world.request(&world.repository, At::Latest, "restored");
    let told = Arc::clone(&seen);
    request.progress = Arc::new(move |progress| told.lock().unwrap().push(progress));
    backup::restore(request).await.unwrap();
    let seen = std::mem::take(&mut *seen.lock().unwrap());
    let last = seen.last().unwrap();
    assert_eq!(
        (last.phase, last.done_bytes),
        (backup::Phase::Recover, last.total_bytes)
    );
    assert!(seen.is_sorted_by_key(|progress| progress.done_bytes));
    world.stop_archiver().await.unwrap();
}
