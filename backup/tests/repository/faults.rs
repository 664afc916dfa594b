//! A store that refuses, loses answers and truncates: no lost piece, no false "archived".

use std::sync::Arc;

use backup::{At, BackupKind, Error, VerifyLevel, verify};
use object_store::ObjectStore;
use object_store::memory::InMemory;
use schema::Lsn;

use crate::support::{Faulty, Random, World, settings};

async fn survive(seed: u64) {
    let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    let faulty = Faulty::new(Arc::clone(&store), seed);
    let location = backup::Location::of_store(Arc::clone(&faulty) as _, "p".into());
    let settings = backup::Settings {
        request_timeout_ms: 25,
        attempts_max: 20,
        ..settings()
    };
    let (mut world, mut random) = (World::at(location, settings), Random::new(seed));
    let mut backups = Vec::new();
    for _ in 0..4 {
        world.commits(1 + random.below(8)).await;
        world.flush().await;
        // A backup that is told to have failed may have been made; one that was told must be there.
        if let Ok(record) = world.try_backup(BackupKind::Incremental).await {
            backups.push(record);
        }
        world.archived().await;
        let told = world.archiver.as_ref().unwrap().archive().lsn();
        assert!(world.acked.iter().all(|acked| acked.lsn < told));
    }
    assert!(faulty.faults() > 0, "seed {seed}");
    faulty.heal();
    backups.push(world.backup(BackupKind::Incremental).await);
    let listed = world.repository.list_backups(&world.keyring).await.unwrap();
    assert!(
        backups.iter().all(|record| listed.contains(record)),
        "seed {seed}"
    );
    let report = verify(&world.repository, &world.master, None, VerifyLevel::Full)
        .await
        .unwrap();
    assert_eq!(report.problems, [], "seed {seed}");
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
async fn archived_is_stored_under_faults_1() {
    survive(1).await;
}

#[tokio::test]
async fn archived_is_stored_under_faults_2() {
    survive(2).await;
}

#[tokio::test]
async fn a_restore_through_faults_is_complete_or_an_error() {
    let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    let mut world = World::new(Arc::clone(&store));
    world.commits(8).await;
    world.flush().await;
    world.commits(4).await;
    world.backup(BackupKind::Full).await;
    world.archived().await;
    for seed in 0..6 {
        let faulty = Faulty::new(Arc::clone(&store), seed);
        let location = backup::Location::of_store(faulty, "some/prefix".into());
        let settings = backup::Settings {
            request_timeout_ms: 25,
            attempts_max: 2,
            ..settings()
        };
        let entropy = Arc::new(platform::OsEntropy);
        let repository = backup::Repository::new(location, settings, entropy);
        let name = format!("through-{seed}");
        match world.restore_from(&repository, At::Latest, &name).await {
            Ok((dir, _)) => assert_eq!(world.rows_in(&dir), world.rows_before(Lsn::MAX)),
            Err(_) => assert!(!world.dir.path().join(&name).exists(), "seed {seed}"),
        }
    }
    world.stop_archiver().await.unwrap();
}

/// B-1: files without a manifest are no backup, and the next backup finds them.
#[tokio::test]
async fn a_backup_that_is_cut_short_does_not_exist() {
    let mut world = World::new(Arc::new(InMemory::new()));
    world.commits(4).await;
    world.flush().await;
    world.archived().await;
    let archive = world.archiver.as_ref().unwrap().archive();
    world.stop_archiver().await.unwrap();
    world.commit().await;
    let cut = world.backup_through(archive, BackupKind::Incremental).await;
    assert!(matches!(cut, Err(Error::ArchiverStopped { .. })), "{cut:?}");
    let listed = world.repository.list_backups(&world.keyring).await;
    assert_eq!(listed.unwrap(), []);
    world.start_archiver();
    let record = world.backup(BackupKind::Incremental).await;
    assert_eq!(record.new_bytes, 0, "its files were stored before");
    world.stop_archiver().await.unwrap();
}
