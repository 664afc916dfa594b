//! One object: read whole, created once, listed.
//!
//! The hard part is a put whose answer is lost. Clients of object stores repeat a request after a
//! `500`, and the first may have been applied: "already exists" may then mean ourselves. So nobody
//! here believes it before the object was read back and compared.

use std::future::Future;
use std::time::Duration;

use bytes::Bytes;
use futures::TryStreamExt;
use object_store::{ObjectMeta, ObjectStoreExt, PutMode, PutPayload};
use tracing::debug;

use super::Repository;
use crate::Error;
use crate::layout::{self, Folder};

/// An object as a listing shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Listed {
    /// Its name below the prefix.
    pub(crate) object: String,
    /// Its length.
    pub(crate) bytes: u64,
}

/// How an object that was to be created came to be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Created {
    /// It was put by this call, or by an attempt of it whose answer was lost.
    Now,
    /// The same bytes were there when this call began.
    Before,
}

impl Repository {
    /// Returns the bytes of an object.
    pub(crate) async fn read(&self, object: &str) -> Result<Bytes, Error> {
        let found = self.read_if_present(object).await?;
        found.ok_or_else(|| missing(object))
    }

    /// Returns the bytes of an object, nothing when it is absent.
    pub(crate) async fn read_if_present(&self, object: &str) -> Result<Option<Bytes>, Error> {
        let path = self.path(object);
        let get = || async {
            let answer = self.store().get(&path).await?;
            let expected = answer.meta.size;
            whole(answer.bytes().await?, expected)
        };
        present(self.attempt("read", object, get).await)
    }

    /// Returns the length of an object, nothing when it is absent.
    pub(crate) async fn size(&self, object: &str) -> Result<Option<u64>, Error> {
        let path = self.path(object);
        let head = || async { self.store().head(&path).await };
        let meta = present(self.attempt("look up", object, head).await)?;
        Ok(meta.map(|meta| meta.size))
    }

    /// Creates an object that nobody else may have created with other bytes.
    ///
    /// # Errors
    /// [`Error::Conflict`] when other bytes are there.
    pub(crate) async fn create(&self, object: &str, bytes: Bytes) -> Result<Created, Error> {
        let (path, mut outcome) = (self.path(object), Created::Before);
        let mut failures = 0;
        loop {
            let put = self.store().put_opts(
                &path,
                PutPayload::from_bytes(bytes.clone()),
                PutMode::Create.into(),
            );
            let error = match self.in_time("create", object, put).await {
                Ok(_) => return Ok(Created::Now),
                Err(Error::Store {
                    source: object_store::Error::AlreadyExists { .. },
                    ..
                }) => match self.read_if_present(object).await? {
                    Some(there) if there == bytes => return Ok(outcome),
                    Some(_) => return Err(conflict(object)),
                    // S3 answers 409 while another put of the name is under way; it came to nothing.
                    None => conflict(object),
                },
                Err(error) if error.is_transient() => error,
                Err(error) => return Err(error),
            };
            // From here on the object may be there because of the attempt that failed.
            outcome = Created::Now;
            failures += 1;
            if failures >= self.settings().attempts_max {
                return Err(error);
            }
            self.pause(failures, &error).await;
        }
    }

    /// Writes an object, replacing one that is there: only for names that follow from the content.
    pub(crate) async fn overwrite(&self, object: &str, bytes: Bytes) -> Result<(), Error> {
        let path = self.path(object);
        let put = || async {
            let payload = PutPayload::from_bytes(bytes.clone());
            self.store().put(&path, payload).await
        };
        self.attempt("write", object, put).await.map(|_| ())
    }

    /// Removes an object; one that is absent is fine.
    pub(crate) async fn remove(&self, object: &str) -> Result<(), Error> {
        let path = self.path(object);
        let delete = || async { self.store().delete(&path).await };
        present(self.attempt("remove", object, delete).await).map(|_| ())
    }

    /// Returns the objects of a folder, sorted by name.
    pub(crate) async fn list(&self, folder: Folder) -> Result<Vec<Listed>, Error> {
        self.list_below(folder.name()).await
    }

    /// Returns the objects whose names begin with these parts of a path, sorted by name.
    pub(crate) async fn list_below(&self, folder: &str) -> Result<Vec<Listed>, Error> {
        let prefix = self.path(folder);
        let list = || async {
            let objects: Vec<ObjectMeta> = self.store().list(Some(&prefix)).try_collect().await?;
            Ok(objects)
        };
        let objects = self.attempt("list", folder, list).await?;
        let mut listed: Vec<_> = objects
            .into_iter()
            .filter_map(|meta| {
                let object = layout::below(&self.inner.prefix, &meta.location)?.to_owned();
                Some(Listed {
                    object,
                    bytes: meta.size,
                })
            })
            .collect();
        listed.sort_by(|a, b| a.object.cmp(&b.object));
        Ok(listed)
    }

    /// Makes a request that may be repeated until it succeeds, fails for good or too often.
    pub(super) async fn attempt<T, F>(
        &self,
        operation: &'static str,
        object: &str,
        mut request: impl FnMut() -> F,
    ) -> Result<T, Error>
    where
        F: Future<Output = Result<T, object_store::Error>>,
    {
        let mut failures = 0;
        loop {
            match self.in_time(operation, object, request()).await {
                Err(error) if error.is_transient() => {
                    failures += 1;
                    if failures >= self.settings().attempts_max {
                        return Err(error);
                    }
                    self.pause(failures, &error).await;
                }
                result => return result,
            }
        }
    }

    /// Makes one request, within the time that a request has.
    pub(super) async fn in_time<T>(
        &self,
        operation: &'static str,
        object: &str,
        request: impl Future<Output = Result<T, object_store::Error>>,
    ) -> Result<T, Error> {
        // Retries inside the client have a clock of their own; this is the wall around them.
        let limit = self.settings().request_timeout().saturating_mul(2);
        match tokio::time::timeout(limit, request).await {
            Ok(result) => result.map_err(|source| Error::Store {
                operation,
                object: object.to_owned(),
                source,
            }),
            Err(_) => Err(Error::Timeout {
                operation,
                object: object.to_owned(),
                limit_ms: u64::try_from(limit.as_millis()).unwrap_or(u64::MAX),
            }),
        }
    }

    async fn pause(&self, failures: u32, error: &Error) {
        let wait: Duration = self.settings().backoff(failures);
        debug!(%error, failures, ?wait, "object store request is repeated");
        tokio::time::sleep(wait).await;
    }
}

/// Turns "not found" into nothing.
fn present<T>(result: Result<T, Error>) -> Result<Option<T>, Error> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(Error::Store {
            source: object_store::Error::NotFound { .. },
            ..
        }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Refuses a body that is shorter or longer than its header said; the request is then repeated.
pub(super) fn whole(bytes: Bytes, expected: u64) -> Result<Bytes, object_store::Error> {
    if bytes.len() as u64 == expected {
        return Ok(bytes);
    }
    Err(object_store::Error::Generic {
        store: "repository",
        source: format!("a body of {} bytes where {expected} were told", bytes.len()).into(),
    })
}

pub(super) fn missing(object: &str) -> Error {
    Error::Missing {
        object: object.to_owned(),
    }
}

fn conflict(object: &str) -> Error {
    Error::Conflict {
        object: object.to_owned(),
    }
}
