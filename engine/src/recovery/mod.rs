//! Opening a store: manifest, parts, log, in this order.
//!
//! ```text
//!   LOCK ─▶ manifest (cases M-1 … M-9, see `manifest::store`)
//!            └▶ parts it names are opened, others removed; series are numbered anew
//!                └▶ log from flushed_lsn, record by record through apply::apply (W-2)
//!                    └▶ threads
//! ```
//!
//! A replay that outgrows memory, as a restore's may, is flushed on the way.

mod open;
mod parts;
mod replay;

use schema::{Lsn, Timestamp};

pub(crate) use open::{Opened, lock, open};

/// Up to where a log is replayed, and whether what follows is another history.
#[derive(Debug, Clone)]
pub struct Recovery {
    /// Where to stop.
    pub until: wal::Until,
    /// Whether to begin a timeline of its own, as after a restore to a point in time.
    pub new_timeline: bool,
}

impl Default for Recovery {
    /// Returns what a plain start does: everything that is durable, on the same timeline.
    fn default() -> Self {
        Self {
            until: wal::Until::End,
            new_timeline: false,
        }
    }
}

/// What opening a store found and did.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct RecoveryOutcome {
    /// What the log found.
    pub log: wal::RecoveryReport,
    /// The last record that was replayed or flushed before.
    pub applied_lsn: Lsn,
    /// When it was committed.
    pub applied_time: Timestamp,
    /// Parts that were opened.
    pub parts: u64,
    /// Files of parts that no manifest names, removed.
    pub removed_parts: u64,
}
