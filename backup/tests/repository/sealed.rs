//! S-1: what leaves the machine is sealed; a repository tells nobody what is in it.

use std::sync::Arc;

use backup::BackupKind;
use futures::TryStreamExt;
use object_store::memory::InMemory;
use object_store::{ObjectStore, ObjectStoreExt};

use crate::support::{HOST, TABLE, TEXT, World};

#[tokio::test]
async fn no_name_and_no_object_of_a_repository_holds_what_was_stored() {
    let store = Arc::new(InMemory::new());
    let mut world = World::new(Arc::clone(&store) as _);
    world.commits(20).await;
    world.flush().await;
    world.commits(5).await;
    world.backup(BackupKind::Full).await;
    world.archived().await;
    world.stop_archiver().await.unwrap();
    let objects: Vec<_> = store.list(None).try_collect().await.unwrap();
    assert!(objects.len() > 6, "{objects:?}");
    for meta in objects {
        let bytes = store
            .get(&meta.location)
            .await
            .unwrap()
            .bytes()
            .await
            .unwrap();
        for marker in [TABLE, HOST, TEXT, "marker_", "value"] {
            let is_in = bytes
                .windows(marker.len())
                .any(|found| found == marker.as_bytes());
            assert!(!is_in, "{marker} is in {}", meta.location);
            assert!(!meta.location.as_ref().contains(marker));
        }
    }
}
