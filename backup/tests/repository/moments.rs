//! Restore to a moment: rows committed at T or before, all of them, and no other.

use std::sync::Arc;

use backup::{At, BackupKind, Error};
use object_store::memory::InMemory;
use schema::{Lsn, Timestamp};

use crate::support::{Random, World};

#[tokio::test]
async fn restores_to_random_moments_hold_the_rows_committed_by_then() {
    let (mut world, mut random) = (World::new(Arc::new(InMemory::new())), Random::new(5));
    world.commits(10).await;
    let first = world.backup(BackupKind::Full).await;
    world.commits(30).await;
    world.flush().await;
    world.commits(15).await;
    world.backup(BackupKind::Incremental).await;
    world.commits(20).await;
    world.archived().await;
    for n in 0..5 {
        let after = 10 + random.below(world.acked.len() - 10);
        // Between two commits, or exactly at one.
        let nudge = i64::try_from(random.below(2)).unwrap() * 300_000_000;
        let last = after + 1 == world.acked.len();
        let time = world.acked[after].commit_time.nanos() + if last { 0 } else { nudge };
        let time = Timestamp::from_nanos(time).max(first.end_time);
        let dir = world
            .restore(At::Time(time), &format!("moment-{n}"))
            .await
            .unwrap();
        assert_eq!(world.rows_in(&dir), world.rows_at(time), "{time}");
    }
    world.stop_archiver().await.unwrap();
}

#[tokio::test]
async fn latest_a_position_and_a_backup_restore_what_they_name() {
    let mut world = World::new(Arc::new(InMemory::new()));
    world.commits(5).await;
    let first = world.backup(BackupKind::Full).await;
    world.commits(5).await;
    world.flush().await;
    let second = world.backup(BackupKind::Incremental).await;
    world.commits(5).await;
    world.archived().await;
    for record in [&first, &second] {
        let dir = world
            .restore(At::Backup(record.id.clone()), &record.id)
            .await
            .unwrap();
        assert_eq!(world.rows_in(&dir), world.rows_before(record.end_lsn));
    }
    let lsn = world.acked[11].lsn;
    let dir = world.restore(At::Lsn(lsn), "position").await.unwrap();
    assert_eq!(
        world.rows_in(&dir),
        world.rows_before(Lsn::new(lsn.get() + 1))
    );
    let dir = world.restore(At::Latest, "latest").await.unwrap();
    assert_eq!(world.rows_in(&dir), world.rows_before(Lsn::MAX));
    world.stop_archiver().await.unwrap();
}

#[tokio::test]
async fn a_target_that_cannot_be_reached_says_what_can() {
    let mut world = World::new(Arc::new(InMemory::new()));
    let nothing = world.restore(At::Latest, "nothing").await;
    assert!(nothing.is_err());
    world.commits(3).await;
    let before = world.acked[0].commit_time;
    let record = world.backup(BackupKind::Full).await;
    world.commits(3).await;
    world.archived().await;
    let early = world.restore(At::Time(before), "early").await.unwrap_err();
    assert!(matches!(early, Error::TooEarly { earliest, .. } if earliest == record.end_time));
    let last = world.acked[5].commit_time;
    let beyond = Timestamp::from_nanos(last.nanos() + 1);
    let late = world.restore(At::Time(beyond), "late").await.unwrap_err();
    assert!(
        matches!(late, Error::TooLate { latest, .. } if latest == last),
        "{late}"
    );
    let late = world
        .restore(At::Lsn(Lsn::new(1 << 40)), "far")
        .await
        .unwrap_err();
    assert!(matches!(late, Error::TooLate { .. }), "{late}");
    let dir = world.restore(At::Time(last), "last").await.unwrap();
    assert_eq!(world.rows_in(&dir), world.rows_at(last));
    world.stop_archiver().await.unwrap();
}
