//! An upload in pieces into a directory: nothing has the object's name before all of it is synced.

use std::sync::Arc;

use async_trait::async_trait;
use object_store::path::Path;
use object_store::{MultipartUpload, PutMode, PutPayload, PutResult, UploadPart};

use super::Inner;

/// An upload in flight.
#[derive(Debug)]
pub(super) struct DurableUpload {
    inner: Arc<Inner>,
    upload: Box<dyn MultipartUpload>,
    staged: Path,
    to: Path,
}

impl DurableUpload {
    pub(super) fn new(
        inner: Arc<Inner>,
        upload: Box<dyn MultipartUpload>,
        staged: Path,
        to: Path,
    ) -> Self {
        Self {
            inner,
            upload,
            staged,
            to,
        }
    }
}

#[async_trait]
impl MultipartUpload for DurableUpload {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        self.upload.put_part(data)
    }

    async fn complete(&mut self) -> Result<PutResult, object_store::Error> {
        let result = self.upload.complete().await?;
        self.inner
            .publish(&self.staged, &self.to, &PutMode::Overwrite)
            .await?;
        Ok(result)
    }

    async fn abort(&mut self) -> Result<(), object_store::Error> {
        self.upload.abort().await
    }
}
