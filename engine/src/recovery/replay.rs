//! Applying the log behind the manifest.

use std::sync::Arc;

use platform::FailPoint;
use wal::Record;

use crate::apply::{Change, Place, apply};
use crate::dedup::{DedupLimits, Windows};
use crate::flush::{freeze_tables, retire, write_tables};
use crate::manifest::{FlushPoint, ManifestStore};
use crate::state::{Shelf, State};
use crate::{Error, Settings};

/// A store under recovery.
#[derive(Debug)]
pub(super) struct Replay<'a> {
    pub(super) state: State,
    pub(super) windows: Windows,
    pub(super) dedup: DedupLimits,
    pub(super) manifest: &'a mut ManifestStore,
    pub(super) shelf: &'a Shelf,
    pub(super) settings: &'a Settings,
}

impl Replay<'_> {
    /// Applies one record.
    ///
    /// # Errors
    /// [`Error::Broken`] for a record that does not fit; those of a flush.
    pub(super) fn record(&mut self, record: &Record) -> Result<(), Error> {
        let place = Place {
            lsn: record.lsn,
            end: record.next,
            time: record.commit_time,
        };
        let change = Change::from_record(&record.payload)?;
        apply(
            &mut self.state,
            &mut self.windows,
            &self.dedup,
            &change,
            place,
        )?;
        if self.state.memtable_bytes() >= self.bytes_max() {
            self.flush()?;
        }
        Ok(())
    }

    /// Returns the bytes of rows at which a replay stops to flush: as many as there were in memory
    /// before a crash, where one flush was under way and the next due.
    ///
    /// What is left in memory is flushed as soon as the store is open, beside whatever else it does.
    fn bytes_max(&self) -> u64 {
        let twice = self.settings.flush_bytes.saturating_mul(2);
        // An eighth stays free, so that the store takes batches at once.
        twice.min(self.settings.memtable_bytes_max / 8 * 7)
    }

    /// Puts what was replayed so far into parts, since it outgrows memory.
    fn flush(&mut self) -> Result<(), Error> {
        freeze_tables(&mut self.state);
        self.windows.expire(self.state.applied_time, &self.dedup);
        let point = FlushPoint::of(&self.state, &self.windows);
        let written = write_tables(&self.state, &point, self.shelf, self.settings)?;
        let next = self
            .manifest
            .present()
            .manifest
            .apply(written.edit(point))?;
        self.manifest.persist(next)?;
        let published = Arc::clone(self.manifest.present());
        let parts = &self.shelf.environment;
        parts
            .disk
            .reach(FailPoint::RecoveryFlushed)
            .map_err(|source| Error::io(&parts.dir, source))?;
        let removed = retire(&mut self.state, written, &published.manifest);
        removed.iter().for_each(|part| part.mark_obsolete());
        Ok(())
    }
}
