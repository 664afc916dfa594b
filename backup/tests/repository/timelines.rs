//! A restored server goes on with a history of its own, and both histories stay restorable.

use std::sync::Arc;

use backup::{At, BackupKind};
use object_store::memory::InMemory;
use schema::Lsn;

use crate::support::World;

#[tokio::test]
async fn a_restored_server_archives_on_and_latest_follows_it() {
    let mut world = World::new(Arc::new(InMemory::new()));
    world.commits(5).await;
    let first = world.backup(BackupKind::Full).await;
    world.commits(6).await;
    world.archived().await;
    let middle = world.acked[7].commit_time;
    let (dir, report) = world
        .restore_from(&world.repository, At::Time(middle), "second")
        .await
        .unwrap();
    assert!(report.is_registered && report.timeline == 2, "{report:?}");
    world.stop_archiver().await.unwrap();
    world.engine.close().unwrap();
    let left_behind = world.acked.split_off(8);
    assert_eq!(left_behind.len(), 3);

    world.engine = world.open_restored(&dir);
    world.data = dir;
    world.start_archiver();
    world.commits(4).await;
    world.archived().await;
    let latest = world.restore(At::Latest, "latest").await.unwrap();
    assert_eq!(world.rows_in(&latest), world.rows_before(Lsn::MAX));
    let second = world.backup(BackupKind::Incremental).await;
    assert_eq!(second.timeline, 2);
    world.commits(2).await;
    world.archived().await;
    for time in [
        middle,
        world.acked[9].commit_time,
        world.acked[13].commit_time,
    ] {
        let dir = world
            .restore(At::Time(time), &format!("at-{}", time.nanos()))
            .await
            .unwrap();
        assert_eq!(world.rows_in(&dir), world.rows_at(time), "{time}");
    }
    let dir = world
        .restore(At::Backup(first.id.clone()), "first")
        .await
        .unwrap();
    assert_eq!(world.rows_in(&dir), world.rows_before(first.end_lsn));
    world.stop_archiver().await.unwrap();
}

#[tokio::test]
async fn a_rehearsed_restore_does_not_hide_what_the_server_goes_on_to_write() {
    let mut world = World::new(Arc::new(InMemory::new()));
    world.commits(5).await;
    world.backup(BackupKind::Full).await;
    world.archived().await;
    world.restore(At::Latest, "rehearsal").await.unwrap();
    world.commits(5).await;
    world.archived().await;
    let dir = world.restore(At::Latest, "latest").await.unwrap();
    assert_eq!(world.rows_in(&dir), world.rows_before(Lsn::MAX));
    world.stop_archiver().await.unwrap();
}
