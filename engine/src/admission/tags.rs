//! How long a value of a tag may be: it stays in memory as long as its series (E-3).

use crate::Error;
use crate::apply::PreparedBatch;

/// Checks that no value of a tag is longer than `bytes_max`.
///
/// # Errors
/// [`Error::LongTag`] naming the first column that has one.
pub(crate) fn check_tags(batch: &PreparedBatch, bytes_max: u32) -> Result<(), Error> {
    for rows in batch.frame.view().tables() {
        for tag in rows.tags() {
            let lengths = tag.values().offsets().windows(2).map(|pair| match pair {
                [start, end] => end.saturating_sub(*start),
                _ => 0,
            });
            let bytes = lengths.max().unwrap_or(0);
            if bytes > bytes_max {
                return Err(Error::LongTag {
                    table: rows.name().into(),
                    column: tag.name().into(),
                    bytes: bytes.into(),
                    bytes_max,
                });
            }
        }
    }
    Ok(())
}
