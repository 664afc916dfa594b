//! While somebody merges, ingest is told how far merging is behind, and the merger whose turn it is.
//!
//! Tables are merged one after the other, so that each may fall behind while another has its turn. The one
//! that is furthest behind tells how fast rows may come in, whichever is being merged.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::sync::Arc;

use schema::Lsn;

use super::policy::{Choice, Effort, merges_due};
use super::worker::with_situation;
use crate::state::State;
use crate::store::Store;

/// Merges that met a damaged page, by table: they are not due again in the same round.
pub(super) type Failed = BTreeMap<Arc<str>, Vec<Choice>>;

/// Keeps what ingest is told up to date; nothing is due any more when it is dropped.
#[derive(Debug)]
pub(super) struct Behind<'a> {
    store: &'a Store,
    /// Up to where the log was in parts when it was looked last: before the next flush nothing changes.
    looked: Cell<Option<Lsn>>,
    /// What is due, by table; where nothing is due, the table is missing.
    due: RefCell<BTreeMap<Arc<str>, u32>>,
}

impl<'a> Behind<'a> {
    pub(super) const fn new(store: &'a Store) -> Self {
        Self {
            store,
            looked: Cell::new(None),
            due: RefCell::new(BTreeMap::new()),
        }
    }

    /// Looks at all tables, if there was a flush since.
    pub(super) fn look(&self, failed: &Failed) {
        let state = self.store.state.load();
        if self.looked.get() != Some(state.flushed_lsn) {
            self.look_at(&state, failed);
        }
    }

    /// Looks at all tables, since parts were merged.
    pub(super) fn look_again(&self, failed: &Failed) {
        self.look_at(&self.store.state.load(), failed);
    }

    fn look_at(&self, state: &State, failed: &Failed) {
        self.looked.set(Some(state.flushed_lsn));
        let mut due = BTreeMap::new();
        for (name, table) in &state.tables {
            let failed = failed.get(name).map_or(&[][..], Vec::as_slice);
            let wanted = (Effort::Usual, failed);
            let merges = with_situation(self.store, (state, table), wanted, |situation| {
                merges_due(situation, DUE_MAX)
            });
            if merges > 0 {
                due.insert(Arc::clone(name), merges);
            }
        }
        let most = due.values().max().copied();
        self.store.brake.set(most.unwrap_or(0));
        self.due.replace(due);
    }

    /// Returns the table that is furthest behind, if it is further behind than this one by more than a
    /// merge: each waits for one that is under way now and then.
    pub(super) fn further_than(&self, table: &str) -> Option<Arc<str>> {
        let due = self.due.borrow();
        let own = due.get(table).copied().unwrap_or(0);
        let (name, merges) = due.iter().max_by_key(|(_, merges)| **merges)?;
        (*merges > own + 1).then(|| Arc::clone(name))
    }
}

impl Drop for Behind<'_> {
    fn drop(&mut self) {
        self.store.brake.set(0);
    }
}

/// More than this makes no difference to anybody.
const DUE_MAX: u32 = 10;
