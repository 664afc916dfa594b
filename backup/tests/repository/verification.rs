//! Verification finds what would keep a backup from being restored, and nothing else.

use std::sync::Arc;

use backup::{At, BackupKind, VerifyLevel, verify};
use bytes::Bytes;
use futures::TryStreamExt;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};

use crate::support::World;

async fn objects(store: &InMemory, folder: &str) -> Vec<Path> {
    let all: Vec<_> = store.list(None).try_collect().await.unwrap();
    let names = all.into_iter().map(|meta| meta.location);
    names
        .filter(|name| name.as_ref().contains(folder))
        .collect()
}

async fn world() -> (Arc<InMemory>, World) {
    let store = Arc::new(InMemory::new());
    let mut world = World::new(Arc::clone(&store) as _);
    world.commits(10).await;
    world.flush().await;
    world.commits(5).await;
    world.backup(BackupKind::Full).await;
    world.archived().await;
    world.stop_archiver().await.unwrap();
    (store, world)
}

#[tokio::test]
async fn a_whole_repository_has_no_problems_at_any_level() {
    let (_store, world) = world().await;
    for level in [
        VerifyLevel::Metadata,
        VerifyLevel::Exists,
        VerifyLevel::Full,
    ] {
        let report = verify(&world.repository, &world.master, None, level)
            .await
            .unwrap();
        assert_eq!((report.backups, report.orphans), (1, 0));
        assert_eq!(report.problems, []);
        assert_eq!(report.bytes_read > 0, level == VerifyLevel::Full);
    }
}

#[tokio::test]
async fn every_flipped_blob_is_found_and_refused_by_a_restore() {
    let (store, world) = world().await;
    for name in objects(&store, "/blob/").await {
        let good = store.get(&name).await.unwrap().bytes().await.unwrap();
        let mut bad = good.to_vec();
        let middle = bad.len() / 2;
        bad[middle] ^= 1;
        store.put(&name, Bytes::from(bad).into()).await.unwrap();
        let report = verify(&world.repository, &world.master, None, VerifyLevel::Full).await;
        assert_eq!(report.unwrap().problems.len(), 1, "{name}");
        let refused = world.restore(At::Latest, "restored").await.unwrap_err();
        assert_eq!(refused.kind(), backup::Kind::Corrupt, "{refused}");
        assert!(!world.dir.path().join("restored").exists());
        store.put(&name, good.into()).await.unwrap();
    }
}

#[tokio::test]
async fn a_missing_file_and_a_missing_piece_of_the_log_are_found() {
    let (store, world) = world().await;
    let blob = objects(&store, "/blob/").await.remove(0);
    store.delete(&blob).await.unwrap();
    let report = verify(&world.repository, &world.master, None, VerifyLevel::Exists).await;
    assert_eq!(report.unwrap().problems.len(), 1);
    for piece in objects(&store, "/wal/").await {
        store.delete(&piece).await.unwrap();
    }
    let report = verify(
        &world.repository,
        &world.master,
        None,
        VerifyLevel::Metadata,
    )
    .await;
    assert_eq!(report.unwrap().problems.len(), 1);
    let refused = world.restore(At::Latest, "restored").await.unwrap_err();
    assert_eq!(refused.kind(), backup::Kind::Corrupt, "{refused}");
}

/// A backup, and a log that goes on behind it for some segments.
async fn world_with_log() -> (Arc<InMemory>, World) {
    let (store, mut world) = world().await;
    world.start_archiver();
    for _ in 0..3 {
        world.commits(2).await;
        world.rotate().await;
    }
    world.commit().await;
    world.archived().await;
    world.stop_archiver().await.unwrap();
    (store, world)
}

/// Returns the segments that are stored whole; the beginning of another one is behind them.
async fn whole_segments(store: &InMemory) -> Vec<Path> {
    let mut pieces = objects(store, "/wal/").await;
    assert!(pieces.last().unwrap().as_ref().contains(".p"));
    pieces.retain(|name| !name.as_ref().contains(".p"));
    pieces
}

#[tokio::test]
async fn a_segment_that_is_missing_behind_the_newest_backup_is_found() {
    let (store, world) = world_with_log().await;
    let check = || {
        verify(
            &world.repository,
            &world.master,
            None,
            VerifyLevel::Metadata,
        )
    };
    assert_eq!(check().await.unwrap().problems, []);
    let whole = whole_segments(&store).await;
    assert!(whole.len() >= 3);
    for name in &whole {
        let good = store.get(name).await.unwrap().bytes().await.unwrap();
        store.delete(name).await.unwrap();
        let problems = check().await.unwrap().problems;
        let object = |name: &str| name.replace("some/prefix/", "");
        let found = problems
            .iter()
            .any(|problem| object(name.as_ref()).starts_with(&problem.object));
        assert!(found, "{name}: {problems:?}");
        store.put(name, good.into()).await.unwrap();
    }
    assert_eq!(check().await.unwrap().problems, []);
}

#[tokio::test]
async fn every_flipped_piece_of_the_log_is_found() {
    let (store, world) = world_with_log().await;
    let check = || verify(&world.repository, &world.master, None, VerifyLevel::Full);
    assert_eq!(check().await.unwrap().problems, []);
    for name in whole_segments(&store).await {
        let good = store.get(&name).await.unwrap().bytes().await.unwrap();
        for at in [0, good.len() / 2, good.len() - 1] {
            let mut bad = good.to_vec();
            bad[at] ^= 1;
            store.put(&name, Bytes::from(bad).into()).await.unwrap();
            let problems = check().await.unwrap().problems;
            assert_eq!(problems.len(), 1, "{name} at {at}: {problems:?}");
            assert!(name.as_ref().ends_with(&problems[0].object));
        }
        store.put(&name, good.into()).await.unwrap();
    }
}

#[tokio::test]
async fn a_damaged_manifest_does_not_hide_the_others() {
    let (store, mut world) = world().await;
    world.start_archiver();
    world.backup(BackupKind::Incremental).await;
    world.stop_archiver().await.unwrap();
    let first = objects(&store, "/manifest/").await.remove(0);
    store
        .put(&first, Bytes::from_static(b"rubbish").into())
        .await
        .unwrap();
    let report = verify(&world.repository, &world.master, None, VerifyLevel::Full)
        .await
        .unwrap();
    assert_eq!(
        (report.backups, report.problems.len()),
        (1, 1),
        "{report:?}"
    );
}

#[tokio::test]
async fn what_no_backup_needs_is_counted() {
    let (store, world) = world().await;
    let name = format!("some/prefix/blob/ab/ab{}", "0".repeat(62));
    store.put(&Path::from(name), "x".into()).await.unwrap();
    let report = verify(&world.repository, &world.master, None, VerifyLevel::Exists)
        .await
        .unwrap();
    assert_eq!((report.orphans, report.problems.len()), (1, 0));
}
