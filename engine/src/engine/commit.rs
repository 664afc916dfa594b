//! Writing: batches and edits go through admission into the log.

use std::time::Duration;

use wal::Binding;
use wire::BatchFrame;

use super::Engine;
use crate::admission::{Admitted, check_tags};
use crate::apply::{Commit, PreparedBatch};
use crate::catalogue::{CatalogueEdit, TableChange};
use crate::{Error, RowPredicate};

impl Engine {
    /// Writes a batch: all of its rows, or none.
    ///
    /// Groups and seals on the caller's thread, then decides and submits under a short lock; it
    /// neither waits nor touches the disk. The commit resolves once the rows are durable and visible.
    /// A batch that was stored already, or is being stored, resolves as a duplicate.
    ///
    /// # Errors
    /// Of [`Kind::Invalid`](crate::Kind::Invalid) when the batch can never be taken, naming table and
    /// column where there is one; [`Error::Overloaded`] with the time to wait; [`Error::Closing`];
    /// [`Error::Failed`] once an outcome was unknown, for copies of what is stored, too (W-3).
    /// Nothing of the batch is stored then, for certain.
    pub fn commit(&self, frame: BatchFrame) -> Result<Commit, Error> {
        let outcome = self.try_commit(frame);
        if let Err(error) = &outcome {
            self.store().metrics.refuse(error);
        }
        outcome
    }

    /// Tells whether a batch would probably find room now. Who can wait does, and commits all the same in
    /// the end: only [`Self::commit`] decides (E-3).
    #[must_use]
    pub fn has_room(&self) -> bool {
        let store = self.store();
        store.pressure.has_room(&store.settings)
    }

    /// Gives a batch of so many bytes its turn, and returns how long that is away: nothing unless merging is
    /// behind. Who can wait does, before it commits (E-3).
    #[must_use]
    pub fn turn(&self, bytes: u64) -> Duration {
        let store = self.store();
        store.brake.turn(bytes, store.environment.clock.monotonic())
    }

    /// Changes the catalogue.
    ///
    /// # Errors
    /// Those of [`Catalogue::edited`](crate::Catalogue::edited); [`Error::Overloaded`],
    /// [`Error::Closing`]; [`Error::Failed`]. Nothing has changed then.
    pub fn edit(&self, edit: CatalogueEdit) -> Result<Commit, Error> {
        let store = self.store();
        let prepared = store
            .log
            .prepare(Binding([0; 32]), edit.to_record())
            .map_err(Error::log)?;
        let mut admission = store.admission.lock();
        // Loaded under the lock, so that no delete is missed between those applied and those under way.
        let state = store.state.load();
        let edited = admission.examine_edit(&edit, &state)?;
        let ticket = store.log.submit(prepared).map_err(Error::log)?;
        admission.take_edit(edit, edited, ticket)
    }

    /// Changes retention or mode of a table.
    ///
    /// # Errors
    /// As [`Self::edit`]; [`Error::Absent`] for a table that does not exist.
    pub fn set_table(&self, name: &str, change: TableChange) -> Result<Commit, Error> {
        let name = name.to_owned();
        self.edit(CatalogueEdit::SetTable { name, change })
    }

    /// Deletes rows of a table that are there when it commits; what is written later stays.
    ///
    /// They are gone for every view from then on, and from the disk with a later compaction.
    ///
    /// # Errors
    /// As [`Self::edit`]; [`Error::Absent`] for a table or tag that does not exist, [`Error::Refused`] for
    /// rows that cannot be meant; [`Error::Overloaded`] while more than `tombstones_max` deletes wait for a
    /// merge that makes them real.
    pub fn delete_rows(&self, table: &str, rows: RowPredicate) -> Result<Commit, Error> {
        let table = table.to_owned();
        self.edit(CatalogueEdit::DeleteRows { table, rows })
    }

    fn try_commit(&self, frame: BatchFrame) -> Result<Commit, Error> {
        let store = self.store();
        let (ahead, now) = (store.settings.future_rows_max, store.environment.now());
        let batch = PreparedBatch::new(frame);
        batch.check_times(
            now.saturating_add(ahead),
            ahead.nanos().unsigned_abs() / 1_000_000,
        )?;
        check_tags(&batch, store.settings.tag_bytes_max)?;
        let binding = batch
            .number
            .as_ref()
            .map_or([0; 32], |number| number.binding());
        let prepared = store.log.prepare(Binding(binding), batch.frame.bytes());
        let prepared = prepared.map_err(Error::log)?;
        let mut admission = store.admission.lock();
        // Loaded under the lock, so that a duplicate's answer is not older than its first copy.
        let state = store.state.load();
        // W-2: one lock over both, so that the log has what was admitted in the order of admission.
        match admission.examine(&batch, &state, &store.pressure, now)? {
            Admitted::Duplicate(commit) => {
                store.metrics.duplicates.inc();
                Ok(commit)
            }
            Admitted::Fresh(grown) => {
                let ticket = store.log.submit(prepared).map_err(Error::log)?;
                let taken = admission.take(batch, grown, ticket, now);
                store.pressure.set_pending(admission.pending_bytes());
                taken
            }
        }
    }
}
