//! A part as long as somebody may want to read it: its name, its file's end, and what is known against it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use platform::File;
use tracing::warn;

use super::quarantine::Quarantine;
use super::{PageCache, PartEnvironment, PartMeta, QuarantinedPage};
use crate::Error;

/// A part, not open: a few hundred bytes.
///
/// Shared as `Arc<PartFile>`; whoever holds one keeps the file on the disk (E-2).
#[derive(Debug)]
pub(crate) struct PartFile {
    pub(super) environment: PartEnvironment,
    pub(super) path: PathBuf,
    pub(super) meta: PartMeta,
    pub(super) cache: Arc<PageCache>,
    pub(super) quarantine: Quarantine,
    obsolete: AtomicBool,
}

impl PartFile {
    /// Returns the part that a manifest tells of; nothing is read.
    pub(crate) fn new(
        environment: &PartEnvironment,
        meta: PartMeta,
        cache: Arc<PageCache>,
    ) -> Self {
        Self {
            path: environment.path(&meta.id),
            environment: environment.clone(),
            meta,
            cache,
            quarantine: Quarantine::default(),
            obsolete: AtomicBool::new(false),
        }
    }

    /// Returns what the manifest knows of it.
    pub(crate) const fn meta(&self) -> &PartMeta {
        &self.meta
    }

    /// Returns the path of its file.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the file, open.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub(super) fn open(&self) -> Result<Arc<dyn File>, Error> {
        self.cache.files().open(&self.environment, self.meta.id)
    }

    /// Tells whether there are such pages.
    pub(crate) fn is_damaged(&self) -> bool {
        self.quarantine.has_damage()
    }

    /// Returns the pages that turned out damaged so far.
    pub(crate) fn quarantined(&self) -> Vec<QuarantinedPage> {
        self.quarantine.list()
    }

    /// Says that nobody new will want this part: its file goes when the last holder does (E-2).
    pub(crate) fn mark_obsolete(&self) {
        self.obsolete.store(true, Ordering::Release);
    }

    /// Tells whether [`Self::mark_obsolete`] was called.
    pub(crate) fn is_obsolete(&self) -> bool {
        self.obsolete.load(Ordering::Acquire)
    }
}

impl Drop for PartFile {
    fn drop(&mut self) {
        // E-2: the last holder is gone, so that nothing can read the file any more.
        if !self.is_obsolete() {
            return;
        }
        self.cache.files().close(&self.meta.id);
        if let Err(error) = self.environment.disk.remove(&self.path) {
            warn!(path = %self.path.display(), %error, "an obsolete part could not be removed");
        }
    }
}
