//! What a log record does to the state: the one way in, at first and at every replay (W-2).

use schema::{Lsn, Timestamp};
use wire::{BatchFrame, Limits};

use super::PreparedBatch;
use crate::catalogue::CatalogueEdit;
use crate::dedup::{DedupLimits, Windows};
use crate::memtable::{chunk_of, merge_chunks};
use crate::state::State;
use crate::tombstone::Tombstone;
use crate::{Error, RowPredicate};

/// What a log record says.
#[derive(Debug)]
pub(crate) enum Change {
    /// Rows.
    Batch(PreparedBatch),
    /// A change of the catalogue.
    Edit(CatalogueEdit),
}

/// Where in the log a record stands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    /// The record.
    pub(crate) lsn: Lsn,
    /// The position behind it.
    pub(crate) end: Lsn,
    /// When it was committed.
    pub(crate) time: Timestamp,
}

impl Change {
    /// Reads a log record.
    ///
    /// # Errors
    /// [`Error::Wire`] or [`Error::Refused`] for a record that this version does not write.
    pub(crate) fn from_record(payload: &[u8]) -> Result<Self, Error> {
        if CatalogueEdit::is_record(payload) {
            return CatalogueEdit::from_record(payload).map(Self::Edit);
        }
        // What was admitted under the limits of its day is not refused under those of today.
        let frame = BatchFrame::from_slice(payload, &UNLIMITED)?;
        Ok(Self::Batch(PreparedBatch::new(frame)))
    }
}

/// Applies a record to the state that follows.
///
/// # Errors
/// [`Error::Broken`] when the record does not fit: admission let something in that it should not.
pub(crate) fn apply(
    state: &mut State,
    windows: &mut Windows,
    limits: &DedupLimits,
    change: &Change,
    place: Place,
) -> Result<(), Error> {
    match change {
        Change::Batch(batch) => {
            apply_batch(state, batch, place.lsn).map_err(|error| broken(place.lsn, &error))?;
            if let Some(number) = &batch.number {
                windows.insert(number, place.time, limits);
            }
        }
        Change::Edit(edit) => {
            let edited = state.catalogue.edited(edit);
            state.set_catalogue(edited.map_err(|error| broken(place.lsn, &error))?);
            if let CatalogueEdit::DeleteRows { table, rows } = edit {
                delete(state, table, rows, place);
            }
        }
    }
    state.applied_lsn = place.lsn;
    state.applied_end = place.end;
    state.applied_time = state.applied_time.max(place.time);
    Ok(())
}

/// Deletes the rows that are in the state; those of later records come behind the tombstone.
fn delete(state: &mut State, table: &str, rows: &RowPredicate, place: Place) {
    if let Some(table) = state.table_mut(table) {
        table.delete(Tombstone {
            lsn: place.lsn,
            committed: place.time,
            rows: rows.clone(),
        });
    }
}

fn apply_batch(state: &mut State, batch: &PreparedBatch, lsn: Lsn) -> Result<(), Error> {
    for rows in batch.frame.view().tables() {
        if let Some(grown) = state.catalogue.grown(&[], &rows, usize::MAX)? {
            state.put_definition(grown);
        }
        let Some(table) = state.table_mut(rows.name()) else {
            continue;
        };
        let definition = std::sync::Arc::clone(&table.definition);
        let mode = table.mode();
        if let Some(chunk) = chunk_of(&definition, &table.series, &rows, lsn) {
            let merge = |chunks: &[_]| merge_chunks(chunks, &definition, mode);
            table.active = std::sync::Arc::new(table.active.with(chunk, merge));
        }
    }
    Ok(())
}

fn broken(lsn: Lsn, error: &Error) -> Error {
    Error::Broken {
        lsn,
        reason: error.to_string(),
    }
}

const UNLIMITED: Limits = Limits {
    batch_bytes_max: u32::MAX,
    message_bytes_max: u32::MAX,
    rows_max: usize::MAX,
    tables_max: usize::MAX,
    columns_max: usize::MAX,
};
