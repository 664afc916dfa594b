//! A strip of a scan: a stretch of time, and while somebody reads it, what has rows there.

use std::sync::{Arc, Weak};

use parking_lot::Mutex;
use schema::{Lsn, TimeRange};

use crate::Error;
use crate::merge::Source;
use crate::state::TableState;
use crate::tombstone::Deletions;

/// A stretch of time that partitions read before they go on to the next.
#[derive(Debug)]
pub(super) struct Strip {
    time: TimeRange,
    /// Partitions that are there at the same time share what is open.
    opened: Mutex<Weak<OpenStrip>>,
}

/// A strip whose parts are open; their footers are in memory until the last partition has left it.
#[derive(Debug)]
pub(super) struct OpenStrip {
    pub(super) time: TimeRange,
    pub(super) sources: Arc<[Source]>,
    pub(super) deletions: Deletions,
}

impl Strip {
    pub(super) fn new(time: TimeRange) -> Self {
        Self {
            time,
            opened: Mutex::default(),
        }
    }

    /// Returns the strip, open; whoever comes while another opens it waits for that.
    ///
    /// # Errors
    /// Those of opening a part: [`Error::Overloaded`] where there is no memory for its footer.
    pub(super) fn open(&self, table: &TableState) -> Result<Arc<OpenStrip>, Error> {
        let mut opened = self.opened.lock();
        if let Some(strip) = opened.upgrade() {
            return Ok(strip);
        }
        let sources: Arc<[Source]> = table.sources(&self.time)?.into();
        let strip = Arc::new(OpenStrip {
            time: self.time,
            deletions: Deletions::below(Lsn::MAX, table, &sources),
            sources,
        });
        *opened = Arc::downgrade(&strip);
        Ok(strip)
    }
}
