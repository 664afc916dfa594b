//! A batch on its way: checked and grouped on the caller's thread, before any lock.

use schema::{ColumnRole, Timestamp};
use wire::{BatchFrame, ColumnView, ValuesView};

use crate::Error;
use crate::dedup::BatchNumber;
use crate::memtable::Grouping;

/// A batch and what can be known of it without the state.
#[derive(Debug)]
pub(crate) struct PreparedBatch {
    /// The batch as it came.
    pub(crate) frame: BatchFrame,
    /// Its number, if it has one.
    pub(crate) number: Option<BatchNumber>,
    /// The groups of each table's rows.
    pub(crate) groupings: Vec<Grouping>,
    /// About how many bytes its rows take in memory.
    pub(crate) bytes: u64,
}

impl PreparedBatch {
    /// Groups the rows of a batch.
    pub(crate) fn new(frame: BatchFrame) -> Self {
        let view = frame.view();
        let number = BatchNumber::of(&view);
        let groupings = view.tables().map(|rows| Grouping::of(&rows)).collect();
        let bytes = view.tables().map(|rows| unpacked_bytes(&rows)).sum::<u64>();
        let bytes = bytes.max(frame.bytes().len() as u64);
        Self {
            frame,
            number,
            groupings,
            bytes,
        }
    }

    /// Returns the most series that the batch can add.
    pub(crate) fn series_max(&self) -> u64 {
        self.groupings
            .iter()
            .map(|grouping| grouping.groups() as u64)
            .sum()
    }

    /// Checks that no row is later than `latest`, and none within a day of the earliest time that
    /// there is: windows and retention reckon with times around those of the rows.
    ///
    /// # Errors
    /// [`Error::Future`] or [`Error::Past`] with the first that is.
    pub(crate) fn check_times(&self, latest: Timestamp, future_ms: u64) -> Result<(), Error> {
        for rows in self.frame.view().tables() {
            if let Some(time) = rows.time().iter().find(|time| **time > latest.nanos()) {
                return Err(Error::Future {
                    table: rows.name().into(),
                    time: Timestamp::from_nanos(*time),
                    future_ms,
                });
            }
            if let Some(time) = rows.time().iter().find(|time| **time < EARLIEST.nanos()) {
                return Err(Error::Past {
                    table: rows.name().into(),
                    time: Timestamp::from_nanos(*time),
                    earliest: EARLIEST,
                });
            }
        }
        Ok(())
    }
}

/// Returns the bytes of a table's rows once texts that travel by code stand for themselves.
fn unpacked_bytes(rows: &wire::TableView<'_>) -> u64 {
    let numbers = rows.rows() as u64 * VALUE_BYTES;
    let fields = rows
        .columns()
        .filter(|column| column.role() == ColumnRole::Field);
    numbers
        + fields
            .map(|column| numbers + text_bytes(&column))
            .sum::<u64>()
}

fn text_bytes(column: &ColumnView<'_>) -> u64 {
    match column.values() {
        ValuesView::Text(text) => text.bytes().len() as u64,
        ValuesView::Dictionary(dictionary) => {
            let offsets = dictionary.values.offsets();
            let length = |code: &u32| {
                let start = offsets.get(*code as usize).copied().unwrap_or(0);
                let end = offsets.get(*code as usize + 1).copied().unwrap_or(start);
                u64::from(end - start)
            };
            dictionary.codes.iter().map(length).sum()
        }
        _ => 0,
    }
}

const VALUE_BYTES: u64 = 8;
/// A day after the earliest time that can be told.
const EARLIEST: Timestamp = Timestamp::from_nanos(i64::MIN + 86_400 * 1_000_000_000);
