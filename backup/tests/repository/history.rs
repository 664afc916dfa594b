//! Random histories: whatever order commits, flushes, compactions, restarts and backups come in,
//! every listed backup restores row for row (B-2).

use std::sync::Arc;

use backup::{At, BackupKind};
use object_store::memory::InMemory;
use schema::Lsn;

use crate::support::{Random, World};

async fn walk(seed: u64) {
    let (mut world, mut random) = (World::new(Arc::new(InMemory::new())), Random::new(seed));
    let mut backups = Vec::new();
    for _ in 0..20 {
        match random.below(10) {
            0..4 => world.commits(1 + random.below(12)).await,
            4 | 5 => world.flush().await,
            6 => world.compact().await,
            7 => world.reopen().await,
            8 => backups.push(world.backup(BackupKind::Full).await),
            _ => backups.push(world.backup(BackupKind::Incremental).await),
        }
    }
    backups.push(world.backup(BackupKind::Incremental).await);
    world.commits(3).await;
    world.archived().await;
    let listed = world.repository.list_backups(&world.keyring).await.unwrap();
    assert_eq!(listed, backups, "seed {seed}");
    for record in &listed {
        let dir = world
            .restore(At::Backup(record.id.clone()), &record.id)
            .await
            .unwrap();
        assert_eq!(
            world.rows_in(&dir),
            world.rows_before(record.end_lsn),
            "seed {seed}"
        );
    }
    let dir = world.restore(At::Latest, "latest").await.unwrap();
    assert_eq!(
        world.rows_in(&dir),
        world.rows_before(Lsn::MAX),
        "seed {seed}"
    );
    world.stop_archiver().await.unwrap();
}

#[tokio::test]
async fn every_listed_backup_of_history_1_restores() {
    walk(1).await;
}

#[tokio::test]
async fn every_listed_backup_of_history_2_restores() {
    walk(2).await;
}

#[tokio::test]
async fn every_listed_backup_of_history_3_restores() {
    walk(3).await;
}
