//! An object store that fails by a seed: refuses, applies without answering, hangs, truncates.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt;
use futures::stream::BoxStream;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, GetResultPayload, ListResult, MultipartUpload,
    ObjectMeta, ObjectStore, PutMultipartOptions, PutOptions, PutPayload, PutResult,
};

use super::Random;

/// A store around another one.
#[derive(Debug)]
pub(crate) struct Faulty {
    inner: Arc<dyn ObjectStore>,
    random: Mutex<Random>,
    is_on: AtomicBool,
    faults: AtomicU64,
}

/// What happens to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Served,
    /// 503, and nothing was done.
    Refused,
    /// 500, and it was done.
    Applied,
    /// No answer, and it was done.
    Lost,
    /// An answer that ends too early.
    Truncated,
}

impl Faulty {
    pub(crate) fn new(inner: Arc<dyn ObjectStore>, seed: u64) -> Arc<Self> {
        Arc::new(Self {
            inner,
            random: Mutex::new(Random::new(seed)),
            is_on: AtomicBool::new(true),
            faults: AtomicU64::new(0),
        })
    }

    pub(crate) fn heal(&self) {
        self.is_on.store(false, Ordering::SeqCst);
    }

    pub(crate) fn faults(&self) -> u64 {
        self.faults.load(Ordering::SeqCst)
    }

    fn fate(&self) -> Fate {
        if !self.is_on.load(Ordering::SeqCst) {
            return Fate::Served;
        }
        let fate = match self.random.lock().unwrap().below(100) {
            0..8 => Fate::Refused,
            8..16 => Fate::Applied,
            16..17 => Fate::Lost,
            17..23 => Fate::Truncated,
            _ => return Fate::Served,
        };
        self.faults.fetch_add(1, Ordering::SeqCst);
        fate
    }
}

fn failure() -> Error {
    Error::Generic {
        store: "faulty",
        source: "500 Internal Server Error".into(),
    }
}

#[async_trait]
impl ObjectStore for Faulty {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult, Error> {
        let fate = self.fate();
        if fate == Fate::Refused {
            return Err(failure());
        }
        let result = self.inner.put_opts(location, payload, options).await;
        match fate {
            Fate::Applied | Fate::Truncated => Err(failure()),
            Fate::Lost => std::future::pending().await,
            _ => result,
        }
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>, Error> {
        match self.fate() {
            Fate::Served => self.inner.put_multipart_opts(location, options).await,
            _ => Err(failure()),
        }
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult, Error> {
        let fate = self.fate();
        if matches!(fate, Fate::Refused | Fate::Applied) {
            return Err(failure());
        }
        if fate == Fate::Lost {
            return std::future::pending().await;
        }
        let is_head = options.head;
        let result = self.inner.get_opts(location, options).await?;
        if fate != Fate::Truncated || is_head {
            return Ok(result);
        }
        let (meta, range) = (result.meta.clone(), result.range.clone());
        let attributes = result.attributes.clone();
        let bytes = result.bytes().await?;
        let half: Bytes = bytes.slice(..bytes.len() / 2);
        let payload = futures::stream::once(async move { Ok(half) }).boxed();
        Ok(GetResult {
            payload: GetResultPayload::Stream(payload),
            meta,
            range,
            attributes,
        })
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path, Error>>,
    ) -> BoxStream<'static, Result<Path, Error>> {
        if self.fate() == Fate::Served {
            return self.inner.delete_stream(locations);
        }
        futures::stream::once(async { Err(failure()) }).boxed()
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta, Error>> {
        if self.fate() == Fate::Served {
            return self.inner.list(prefix);
        }
        // What a listing gave before it failed must not be taken for all of it.
        let some = self.inner.list(prefix).take(1);
        some.chain(futures::stream::once(async { Err(failure()) }))
            .boxed()
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult, Error> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<(), Error> {
        self.inner.copy_opts(from, to, options).await
    }
}

impl fmt::Display for Faulty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "faulty {}", self.inner)
    }
}
