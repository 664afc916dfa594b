//! A batch on its way: checked and measured on the caller's thread, before any lock.

use schema::Timestamp;
use wire::{BatchFrame, FieldView, ValuesView};

use crate::Error;
use crate::dedup::BatchNumber;

/// A batch and what can be known of it without the state.
#[derive(Debug)]
pub(crate) struct PreparedBatch {
    /// The batch as it came.
    pub(crate) frame: BatchFrame,
    /// Its number, if it has one.
    pub(crate) number: Option<BatchNumber>,
    /// About how many bytes its rows take in memory.
    pub(crate) bytes: u64,
}

impl PreparedBatch {
    /// Measures a batch.
    pub(crate) fn new(frame: BatchFrame) -> Self {
        let view = frame.view();
        let number = BatchNumber::of(&view);
        let bytes = view.tables().map(|rows| unpacked_bytes(&rows)).sum::<u64>();
        let bytes = bytes.max(frame.bytes().len() as u64);
        Self {
            frame,
            number,
            bytes,
        }
    }

    /// Returns the most series that the batch can add.
    pub(crate) fn series_max(&self) -> u64 {
        let view = self.frame.view();
        view.tables().map(|rows| rows.series() as u64).sum()
    }

    /// Checks that no row is later than `latest`, and none within a day of the earliest time that
    /// there is: windows and retention reckon with times around those of the rows.
    ///
    /// # Errors
    /// [`Error::Future`] or [`Error::Past`] with the time that is furthest off.
    pub(crate) fn check_times(&self, latest: Timestamp, future_ms: u64) -> Result<(), Error> {
        for rows in self.frame.view().tables() {
            let Some((least, most)) = rows.time().bounds() else {
                continue;
            };
            if most > latest.nanos() {
                return Err(Error::Future {
                    table: rows.name().into(),
                    time: Timestamp::from_nanos(most),
                    future_ms,
                });
            }
            if least < EARLIEST.nanos() {
                return Err(Error::Past {
                    table: rows.name().into(),
                    time: Timestamp::from_nanos(least),
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
    let fields = rows.fields().map(|field| numbers + text_bytes(&field));
    numbers + fields.sum::<u64>()
}

fn text_bytes(field: &FieldView<'_>) -> u64 {
    match field.values() {
        ValuesView::Text(text) => text.bytes().len() as u64,
        ValuesView::Dictionary(dictionary) => {
            let offsets = dictionary.values.offsets();
            let length = |code: &u32| {
                let start = offsets.get(*code as usize).copied().unwrap_or(0);
                let end = offsets.get(*code as usize + 1).copied().unwrap_or(start);
                u64::from(end - start)
            };
            dictionary.codes.to_codes().iter().map(length).sum()
        }
        _ => 0,
    }
}

const VALUE_BYTES: u64 = 8;
/// A day after the earliest time that can be told.
const EARLIEST: Timestamp = Timestamp::from_nanos(i64::MIN + 86_400 * 1_000_000_000);
