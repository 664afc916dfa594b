//! While somebody merges, ingest is told how far merging is behind.

use std::cell::Cell;

use schema::Lsn;

use super::policy::{Choice, Effort, merges_due};
use super::worker::with_situation;
use crate::store::Store;

/// Keeps what ingest is told up to date; nothing is due any more when it is dropped.
#[derive(Debug)]
pub(super) struct Behind<'a> {
    store: &'a Store,
    /// Up to where the log was in parts when it was looked last: before the next flush nothing changes.
    looked: Cell<Option<Lsn>>,
}

impl<'a> Behind<'a> {
    pub(super) const fn new(store: &'a Store) -> Self {
        Self {
            store,
            looked: Cell::new(None),
        }
    }

    /// Returns the store.
    pub(super) const fn store(&self) -> &'a Store {
        self.store
    }

    /// Looks at a table, of which these merges have failed, if there was a flush since.
    pub(super) fn look(&self, table: &str, failed: &[Choice]) {
        let state = self.store.state.load();
        if self.looked.get() == Some(state.flushed_lsn) {
            return;
        }
        self.look_again(table, failed);
    }

    /// Looks at a table, since parts were merged.
    pub(super) fn look_again(&self, table: &str, failed: &[Choice]) {
        let state = self.store.state.load();
        self.looked.set(Some(state.flushed_lsn));
        let due = state.table(table).map_or(0, |table| {
            let wanted = (Effort::Usual, failed);
            with_situation(self.store, (&state, table), wanted, |situation| {
                merges_due(situation, DUE_MAX)
            })
        });
        self.store.brake.set(due);
    }
}

impl Drop for Behind<'_> {
    fn drop(&mut self) {
        self.store.brake.set(0);
    }
}

/// More than this makes no difference to anybody.
const DUE_MAX: u32 = 10;
