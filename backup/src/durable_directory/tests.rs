//! A directory keeps the contract of an object store.

use bytes::Bytes;
use futures::TryStreamExt;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, PutMode, PutOptions};

use super::DurableDirectory;

fn store() -> (tempfile::TempDir, DurableDirectory) {
    let dir = tempfile::tempdir().unwrap();
    let store = DurableDirectory::create(&dir.path().join("a/b")).unwrap();
    (dir, store)
}

async fn contents(store: &DurableDirectory, name: &str) -> Bytes {
    let object = store.get(&Path::from(name)).await.unwrap();
    object.bytes().await.unwrap()
}

#[tokio::test]
async fn an_object_is_created_once_and_overwritten_at_will() {
    let (_dir, store) = store();
    let name = Path::from("x/y/z");
    let create = || PutOptions::from(PutMode::Create);
    store.put_opts(&name, "one".into(), create()).await.unwrap();
    let again = store.put_opts(&name, "two".into(), create()).await;
    assert!(matches!(
        again,
        Err(object_store::Error::AlreadyExists { .. })
    ));
    assert_eq!(contents(&store, "x/y/z").await, "one");
    store.put(&name, "three".into()).await.unwrap();
    assert_eq!(contents(&store, "x/y/z").await, "three");
}

#[tokio::test]
async fn nothing_stays_in_staging_after_an_answer() {
    let (_dir, store) = store();
    let name = Path::from("object");
    for options in [PutMode::Create, PutMode::Create, PutMode::Overwrite] {
        store.put_opts(&name, "x".into(), options.into()).await.ok();
    }
    let mut upload = store.put_multipart(&name).await.unwrap();
    upload.put_part("abc".into()).await.unwrap();
    upload.complete().await.unwrap();
    let mut aborted = store.put_multipart(&name).await.unwrap();
    aborted.put_part("def".into()).await.unwrap();
    aborted.abort().await.unwrap();
    assert_eq!(contents(&store, "object").await, "abc");
    let all: Vec<_> = store.list(None).try_collect().await.unwrap();
    assert_eq!(all.len(), 1, "{all:?}");
}

#[tokio::test]
async fn a_piecewise_upload_has_no_name_before_it_is_complete() {
    let (_dir, store) = store();
    let name = Path::from("blob/ab/cd");
    let mut upload = store.put_multipart(&name).await.unwrap();
    upload.put_part("abc".into()).await.unwrap();
    let before = store.head(&name).await;
    assert!(matches!(before, Err(object_store::Error::NotFound { .. })));
    upload.complete().await.unwrap();
    assert_eq!(contents(&store, "blob/ab/cd").await, "abc");
}

#[tokio::test]
async fn an_update_that_a_directory_cannot_do_is_refused() {
    let (_dir, store) = store();
    let update = PutMode::Update(object_store::UpdateVersion {
        e_tag: None,
        version: None,
    });
    let result = store
        .put_opts(&Path::from("x"), "x".into(), update.into())
        .await;
    assert!(matches!(
        result,
        Err(object_store::Error::NotImplemented { .. })
    ));
}
