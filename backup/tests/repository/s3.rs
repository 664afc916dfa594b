//! The same over HTTP, against an S3 server.

use std::collections::BTreeMap;

use backup::{At, BackupKind, Location, StoreOptions, VerifyLevel, verify};
use schema::Lsn;

use crate::support::{Moto, Random, World, settings};

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_keeps_backups_and_gives_them_back() {
    let moto = Moto::start();
    moto.create_bucket("backups");
    let values = [
        ("aws_access_key_id", "key"),
        ("aws_secret_access_key", "secret"),
        ("aws_region", "us-east-1"),
    ];
    let options = StoreOptions {
        endpoint: Some(moto.endpoint()),
        values: BTreeMap::from(values.map(|(key, value)| (key.into(), value.into()))),
    };
    let settings = backup::Settings {
        chunk_bytes: 5 << 20,
        archive_interval_ms: 500,
        ..settings()
    };
    let location = Location::parse("s3://backups/a/b", &options, &settings).unwrap();
    let mut world = World::with_segments(location, settings, 1 << 20);
    world.repository.self_test().await.unwrap();
    // Text that does not compress, so that a part takes more than one piece to upload.
    let mut random = Random::new(3);
    for _ in 0..190 {
        let text: String = (0..4_096)
            .map(|_| format!("{:016x}", random.next()))
            .collect();
        world.commit_text(text).await;
    }
    world.flush().await;
    let first = world.backup(BackupKind::Full).await;
    assert!(first.bytes > 5 << 20, "{first:?}");
    world.commits(5).await;
    let second = world.backup(BackupKind::Incremental).await;
    assert!(second.new_bytes < first.bytes, "{second:?}");
    world.commits(5).await;
    world.archived().await;
    let report = verify(&world.repository, &world.master, None, VerifyLevel::Full)
        .await
        .unwrap();
    assert_eq!((report.backups, report.problems), (2, Vec::new()));
    let time = world.acked[192].commit_time.max(first.end_time);
    let dir = world.restore(At::Time(time), "moment").await.unwrap();
    assert_eq!(world.rows_in(&dir), world.rows_at(time));
    let dir = world.restore(At::Latest, "latest").await.unwrap();
    assert_eq!(world.rows_in(&dir), world.rows_before(Lsn::MAX));
    world.stop_archiver().await.unwrap();
}
