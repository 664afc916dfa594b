//! A repository in memory: names, creation, cluster, epochs.

use std::sync::Arc;

use bytes::Bytes;
use object_store::memory::InMemory;
use object_store::path::Path;
use platform::{RealDisk, SimClock, SimEntropy, UnixNanos};
use schema::Lsn;
use seal::{ClusterId, Keyring, MasterKey};

use super::{Created, LogStart, Repository};
use crate::layout::Folder;
use crate::{Error, Location, Settings};

fn repository() -> Repository {
    let location = Location::of_store(Arc::new(InMemory::new()), Path::from("a/b"));
    Repository::new(location, Settings::default(), Arc::new(SimEntropy::new(1)))
}

fn keyring(seed: u64) -> (Keyring, MasterKey) {
    let (dir, entropy) = (tempfile::tempdir().unwrap(), SimEntropy::new(seed));
    let (master, cluster) = (MasterKey::generate(&entropy), ClusterId::generate(&entropy));
    let path = dir.path().join("keyring");
    let keyring = Keyring::create(&RealDisk, &path, &master, cluster, &entropy).unwrap();
    (keyring, master)
}

fn clock() -> SimClock {
    SimClock::new(UnixNanos(0))
}

fn start(lsn: u64) -> LogStart {
    LogStart {
        timeline: 1,
        lsn: Lsn::new(lsn),
        segment: 1,
    }
}

#[tokio::test]
async fn an_object_is_created_once_and_the_same_bytes_are_recognised() {
    let repository = repository();
    let create = |bytes| repository.create("x/y", Bytes::from_static(bytes));
    assert_eq!(create(b"one").await.unwrap(), Created::Now);
    assert_eq!(create(b"one").await.unwrap(), Created::Before);
    assert!(matches!(create(b"two").await, Err(Error::Conflict { .. })));
    assert_eq!(repository.read("x/y").await.unwrap(), "one");
    repository.remove("x/y").await.unwrap();
    repository.remove("x/y").await.unwrap();
    assert!(matches!(
        repository.read("x/y").await,
        Err(Error::Missing { .. })
    ));
}

#[tokio::test]
async fn a_repository_belongs_to_the_cluster_that_came_first() {
    let (repository, ours, other) = (repository(), keyring(1), keyring(2));
    let none = repository.cluster().await;
    assert!(matches!(none, Err(Error::NoRepository { .. })));
    repository.prepare(&ours.0, &clock()).await.unwrap();
    repository.prepare(&ours.0, &clock()).await.unwrap();
    assert_eq!(repository.cluster().await.unwrap(), ours.0.cluster());
    let refused = repository.prepare(&other.0, &clock()).await;
    assert!(matches!(refused, Err(Error::WrongCluster { .. })));
}

#[tokio::test]
async fn the_master_key_alone_opens_the_newest_keyring() {
    let dir = tempfile::tempdir().unwrap();
    let (repository, entropy, path) = (repository(), SimEntropy::new(3), dir.path().join("k"));
    let (old, new) = (MasterKey::generate(&entropy), MasterKey::generate(&entropy));
    let cluster = ClusterId::generate(&entropy);
    let keyring = Keyring::create(&RealDisk, &path, &old, cluster, &entropy).unwrap();
    repository.prepare(&keyring, &clock()).await.unwrap();
    let added = keyring
        .add_data_key(&RealDisk, &path, &old, &entropy)
        .unwrap();
    repository.prepare(&keyring, &clock()).await.unwrap();
    assert_eq!(repository.open_keyring(&old).await.unwrap().active(), added);
    let wrong = repository.open_keyring(&new).await.unwrap_err();
    assert_eq!(wrong.kind(), crate::Kind::Denied);
    keyring.rewrap(&RealDisk, &path, &new, &entropy).unwrap();
    repository.prepare(&keyring, &clock()).await.unwrap();
    assert_eq!(repository.open_keyring(&new).await.unwrap().active(), added);
}

#[tokio::test]
async fn a_later_writer_ends_an_earlier_one() {
    let (repository, keyring) = (repository(), keyring(1).0);
    let clock = SimClock::new(UnixNanos(0));
    let claim = |lsn| repository.claim_epoch(&keyring, &clock, start(lsn));
    let first = claim(10).await.unwrap();
    repository.check_epoch(&first).await.unwrap();
    let second = claim(20).await.unwrap();
    repository.check_epoch(&second).await.unwrap();
    let fenced = repository.check_epoch(&first).await;
    assert!(matches!(fenced, Err(Error::Fenced { own: 1, newer: 2 })));
    let epochs = repository.epochs(&keyring).await.unwrap();
    assert_eq!(
        epochs
            .iter()
            .map(|e| e.started_lsn.get())
            .collect::<Vec<_>>(),
        [10, 20]
    );
}

#[tokio::test]
async fn an_epoch_moved_to_another_number_is_noticed() {
    let (repository, keyring) = (repository(), keyring(1).0);
    repository
        .claim_epoch(&keyring, &clock(), start(0))
        .await
        .unwrap();
    let bytes = repository.read(&crate::layout::epoch(1)).await.unwrap();
    repository
        .create(&crate::layout::epoch(2), bytes)
        .await
        .unwrap();
    let epochs = repository.epochs(&keyring).await;
    assert!(matches!(epochs, Err(Error::Damaged { .. })));
}

#[tokio::test]
async fn a_blob_that_changed_is_not_taken_for_what_it_was() {
    let repository = repository();
    let stored = repository.put_blob(Bytes::from_static(b"part"));
    let blob = stored.await.unwrap();
    assert!(repository.has_blob(&blob).await.unwrap());
    repository.fetch_blob(&blob, None).await.unwrap();
    let object = crate::layout::blob(&blob.hash);
    let replace = |bytes| repository.overwrite(&object, Bytes::from_static(bytes));
    replace(b"tarp").await.unwrap();
    let changed = repository.fetch_blob(&blob, None).await;
    assert!(matches!(changed, Err(Error::HashMismatch { .. })));
    replace(b"par").await.unwrap();
    let shorter = repository.fetch_blob(&blob, None).await;
    assert!(matches!(shorter, Err(Error::Damaged { .. })));
    assert!(!repository.has_blob(&blob).await.unwrap());
    assert_eq!(repository.list(Folder::Blob).await.unwrap().len(), 1);
}
