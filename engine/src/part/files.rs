//! Files of parts that are open, at most so many (E-3): a store may have more parts than a process may
//! have open files.

use std::fmt;
use std::sync::Arc;

use platform::{File, OpenMode};
use quick_cache::sync::Cache;

use super::{PartEnvironment, PartId};
use crate::Error;

/// The files that were read last, kept open for the next reader.
///
/// A reader holds its file while it reads, so that a file that goes from here is closed after that.
pub(crate) struct OpenFiles {
    files: Cache<PartId, Arc<dyn File>>,
}

impl OpenFiles {
    /// Returns room for so many files.
    pub(crate) fn new(files_max: u32) -> Self {
        Self {
            files: Cache::new(files_max.max(1) as usize),
        }
    }

    /// Returns the file of a part, opening it if need be.
    ///
    /// # Errors
    /// [`Error::Io`] when the disk refuses.
    pub(crate) fn open(
        &self,
        environment: &PartEnvironment,
        id: PartId,
    ) -> Result<Arc<dyn File>, Error> {
        self.files.get_or_insert_with(&id, || {
            let path = environment.path(&id);
            let file = environment.disk.open(&path, OpenMode::Read);
            file.map_err(|source| Error::io(&path, source))
        })
    }

    /// Closes the file of a part that is about to be removed.
    pub(crate) fn close(&self, id: &PartId) {
        self.files.remove(id);
    }

    /// Returns the number of files that are open.
    pub(crate) fn count(&self) -> usize {
        self.files.len()
    }
}

impl fmt::Debug for OpenFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("OpenFiles").field(&self.count()).finish()
    }
}
