//! Rows that were deleted and may still lie in parts.
//!
//! ```text
//!   delete ─▶ log record @ lsn ─▶ Tombstone in the state ─ flush ─▶ in the manifest, too
//!                                    │ read: rows of records before it are left out
//!                                    └ compaction: those below flushed_lsn are made real
//! ```
//!
//! A tombstone hides rows of records before its own and none behind: what is written again stays. It is
//! for a source whose rows are all older; there is no other kind, since chunks of memory are not merged
//! across it, and a part says up to where tombstones are applied to it (`deletes_lsn`).
//!
//! Compaction applies only what the manifest has, below `flushed_lsn`: a restore to a moment before a
//! tombstone begins with a manifest that is not later, and whose parts still have the rows.
//!
//! A tombstone is forgotten when no part or chunk is left that it is for.

mod deletions;
mod predicate;

use schema::{Lsn, TimeRange, Timestamp};
use serde::{Deserialize, Serialize};

pub(crate) use deletions::Deletions;
pub use predicate::RowPredicate;

use crate::memtable::Chunk;
use crate::merge::Source;
use crate::part::PartMeta;

/// A deletion of rows of one table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Tombstone {
    /// Its record: older rows are deleted.
    pub(crate) lsn: Lsn,
    /// When it was committed.
    pub(crate) committed: Timestamp,
    /// Which rows.
    pub(crate) rows: RowPredicate,
}

impl Tombstone {
    /// Returns about how many bytes it takes here, in the manifest that rules and in the one that is written.
    pub(crate) fn bytes(&self) -> u64 {
        COPIES * (TOMBSTONE_BYTES + self.rows.bytes())
    }

    /// Tells whether rows of a part may have to be left out.
    pub(crate) fn is_for_part(&self, part: &PartMeta) -> bool {
        part.deletes_lsn <= self.lsn
            && overlaps(
                &self.rows.time,
                (part.time_min.nanos(), part.time_max.nanos()),
            )
    }

    /// Tells whether rows of a chunk have to be left out.
    pub(crate) fn is_for_chunk(&self, chunk: &Chunk) -> bool {
        chunk.last_lsn < self.lsn && overlaps(&self.rows.time, (chunk.time_min, chunk.time_max))
    }

    /// Tells whether rows of a source may have to be left out.
    pub(crate) fn is_for(&self, source: &Source) -> bool {
        match source {
            Source::Part(part) => self.is_for_part(part.meta()),
            Source::Chunk(chunk) => self.is_for_chunk(chunk),
        }
    }
}

/// The state, the manifest on disk and the one that is written.
const COPIES: u64 = 3;
/// What a tombstone takes besides its tags.
const TOMBSTONE_BYTES: u64 = 96;

fn overlaps(range: &TimeRange, (earliest, latest): (i64, i64)) -> bool {
    earliest < range.end.nanos() && range.start.nanos() <= latest
}
