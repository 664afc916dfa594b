//! An object store that refuses to be written to, where and when a test says so.

use std::fmt;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use futures::stream::BoxStream;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, PutMultipartOptions, PutOptions, PutPayload, PutResult,
};

/// A store around another one.
#[derive(Debug)]
pub(super) struct Refusing {
    inner: Arc<dyn ObjectStore>,
    /// What the names have in common that are refused, nothing for none.
    refused: Mutex<Option<&'static str>>,
}

impl Refusing {
    pub(super) fn new(inner: Arc<dyn ObjectStore>) -> Arc<Self> {
        let refused = Mutex::new(None);
        Arc::new(Self { inner, refused })
    }

    /// Refuses from now on to write objects whose names have this in them.
    pub(super) fn refuse(&self, names: &'static str) {
        *self.refused.lock().unwrap() = Some(names);
    }

    pub(super) fn heal(&self) {
        *self.refused.lock().unwrap() = None;
    }

    fn admit(&self, location: &Path) -> Result<(), Error> {
        let refused = *self.refused.lock().unwrap();
        if !refused.is_some_and(|names| location.as_ref().contains(names)) {
            return Ok(());
        }
        Err(Error::Generic {
            store: "refusing",
            source: "503 Service Unavailable".into(),
        })
    }
}

#[async_trait]
impl ObjectStore for Refusing {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult, Error> {
        self.admit(location)?;
        self.inner.put_opts(location, payload, options).await
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>, Error> {
        self.admit(location)?;
        self.inner.put_multipart_opts(location, options).await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult, Error> {
        self.inner.get_opts(location, options).await
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path, Error>>,
    ) -> BoxStream<'static, Result<Path, Error>> {
        self.inner.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta, Error>> {
        self.inner.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult, Error> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<(), Error> {
        self.inner.copy_opts(from, to, options).await
    }
}

impl fmt::Display for Refusing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "refusing {}", self.inner)
    }
}
