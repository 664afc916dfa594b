//! A server that ran without an archiver: what it released meanwhile is in no object store, so that
//! nobody may be told that it is archived.

use std::sync::Arc;

use backup::{At, BackupKind};
use object_store::memory::InMemory;
use schema::Lsn;

use crate::support::World;

/// Commits, and lets a flush release the segments that hold the rows.
async fn commit_and_release(world: &mut World) {
    world.commits(3).await;
    world.rotate().await;
    world.flush().await;
    // A flush that came by itself, before the segment was closed, leaves it to the next one.
    while world.engine.log().segments().len() > 1 {
        world.commit().await;
        world.rotate().await;
        world.flush().await;
    }
}

/// Archives what there is, and returns how far everything is said to be archived.
async fn archive_once(world: &mut World) -> Lsn {
    world.start_archiver();
    let archive = world.archiver.as_ref().unwrap().archive();
    world.stop_archiver().await.unwrap();
    archive.lsn()
}

async fn heals(world: &mut World) {
    for _ in 0..2 {
        assert_eq!(archive_once(world).await, Lsn::ZERO);
        world.commit().await;
        assert_eq!(archive_once(world).await, Lsn::ZERO);
        // Nothing is left to ship: a backup must not wait for it.
        world.rotate().await;
        world.flush().await;
    }
    world.start_archiver();
    world.backup(BackupKind::Full).await;
    world.archived().await;
    world.commits(2).await;
    world.archived().await;
    let dir = world.restore(At::Latest, "latest").await.unwrap();
    assert_eq!(world.rows_in(&dir), world.rows_before(Lsn::MAX));
    world.stop_archiver().await.unwrap();
    assert!(archive_once(world).await > Lsn::ZERO);
}

#[tokio::test]
async fn nothing_counts_as_archived_behind_a_gap_until_a_backup_is_made() {
    let mut world = World::new(Arc::new(InMemory::new()));
    world.commits(5).await;
    world.backup(BackupKind::Full).await;
    world.archived().await;
    world.stop_archiver().await.unwrap();
    let last = world.engine.log().segments().last().unwrap().number;
    commit_and_release(&mut world).await;
    commit_and_release(&mut world).await;
    assert!(world.engine.log().segments()[0].number > last + 1);
    heals(&mut world).await;
}

#[tokio::test]
async fn a_server_that_is_archived_only_now_needs_a_backup_first() {
    let mut world = World::new(Arc::new(InMemory::new()));
    world.archived().await;
    world.stop_archiver().await.unwrap();
    commit_and_release(&mut world).await;
    world.use_store(Arc::new(InMemory::new()));
    heals(&mut world).await;
}
