//! The file of a part while it is written.

use std::io::IoSlice;
use std::path::PathBuf;
use std::sync::Arc;

use platform::{FailPoint, File};
use tracing::warn;

use super::PartEnvironment;
use crate::Error;

/// The file of a part that is not finished, removed when it never will be.
#[derive(Debug)]
pub(crate) struct Unfinished {
    environment: PartEnvironment,
    path: PathBuf,
    file: Arc<dyn File>,
    keep: bool,
}

impl Unfinished {
    pub(crate) fn new(environment: &PartEnvironment, path: PathBuf, file: Arc<dyn File>) -> Self {
        Self {
            environment: environment.clone(),
            path,
            file,
            keep: false,
        }
    }

    /// Writes slices one after the other.
    pub(crate) fn write(&self, slices: &[&[u8]], offset: u64) -> Result<(), Error> {
        let mut slices: Vec<IoSlice<'_>> = slices
            .iter()
            .filter(|slice| !slice.is_empty())
            .map(|slice| IoSlice::new(slice))
            .collect();
        self.file
            .write_all_vectored_at(&mut slices, offset)
            .map_err(|source| Error::io(&self.path, source))
    }

    /// Makes file and name durable; from now on the file stays.
    pub(crate) fn sync(&mut self) -> Result<(), Error> {
        let (disk, dir) = (&self.environment.disk, &self.environment.dir);
        let failed = |source| Error::io(&self.path, source);
        disk.reach(FailPoint::PartWritten).map_err(failed)?;
        self.file.sync_all().map_err(failed)?;
        disk.reach(FailPoint::PartSynced).map_err(failed)?;
        disk.sync_dir(dir)
            .map_err(|source| Error::io(dir, source))?;
        self.keep = true;
        Ok(())
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if self.keep {
            return;
        }
        if let Err(error) = self.environment.disk.remove(&self.path) {
            warn!(path = %self.path.display(), %error, "an unfinished part could not be removed");
        }
    }
}
