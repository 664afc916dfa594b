//! A place in an object store that holds the backups and the archived log of one cluster.
//!
//! ```text
//!   Repository ── object     one object: read whole, created once, read back when in doubt
//!             ├── blob       content by its hash, in pieces when large
//!             ├── claim      cluster, self-test, keyring: what a writer does first
//!             ├── epoch      who writes here; a later writer ends an earlier one
//!             ├── timeline   where a restored server left the history of its parent
//!             └── catalogue  the manifests
//! ```
//!
//! Every request has a time limit and a bounded number of attempts.

mod blob;
mod catalogue;
mod claim;
mod epoch;
mod object;
mod timeline;

use std::fmt;
use std::sync::Arc;

use object_store::ObjectStore;
use object_store::path::Path;
use platform::Entropy;

pub(crate) use blob::{Blob, LocalFile};
pub(crate) use catalogue::Stored;
pub(crate) use claim::{Damage, Keyrings, blamed};
pub(crate) use epoch::{EpochRecord, LogStart, Writer};
pub(crate) use object::Created;
pub(crate) use timeline::{TIMELINE_FORMAT, TimelineRecord};

use crate::{Location, Settings};

/// A repository, cheap to clone.
#[derive(Clone)]
pub struct Repository {
    inner: Arc<Inner>,
}

struct Inner {
    store: Arc<dyn ObjectStore>,
    prefix: Path,
    url: String,
    settings: Settings,
    entropy: Arc<dyn Entropy>,
}

impl Repository {
    /// Returns the repository at a place; no request is made.
    #[must_use]
    pub fn new(location: Location, settings: Settings, entropy: Arc<dyn Entropy>) -> Self {
        let Location { store, prefix, url } = location;
        let settings = settings.clamped();
        Self {
            inner: Arc::new(Inner {
                store,
                prefix,
                url,
                settings,
                entropy,
            }),
        }
    }

    /// Returns the URL of this repository, for messages.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.inner.url
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.inner.settings
    }

    pub(crate) fn entropy(&self) -> &dyn Entropy {
        self.inner.entropy.as_ref()
    }

    fn store(&self) -> &dyn ObjectStore {
        self.inner.store.as_ref()
    }

    fn path(&self, object: &str) -> Path {
        object
            .split('/')
            .fold(self.inner.prefix.clone(), |path, part| path.join(part))
    }
}

impl fmt::Debug for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Repository")
            .field("url", &self.inner.url)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
