//! While somebody merges, ingest is told how far merging is behind, and the merger whose turn it is.
//!
//! Tables are merged one after the other, so that each may fall behind while another has its turn. The one
//! that is furthest behind tells how fast rows may come in, whichever is being merged.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
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
        if self.looked.get() == Some(state.flushed_lsn) {
            return;
        }
        self.looked.set(Some(state.flushed_lsn));
        // What was known of tables that are gone goes as well.
        self.due.borrow_mut().clear();
        for name in state.tables.keys() {
            if self.store.is_closing() {
                break;
            }
            self.look_at(&state, name, failed);
        }
        self.tell();
    }

    /// Looks at a table, since its parts were merged.
    pub(super) fn look_again(&self, name: &Arc<str>, failed: &Failed) {
        self.look_at(&self.store.state.load(), name, failed);
        self.tell();
    }

    fn look_at(&self, state: &State, name: &Arc<str>, failed: &Failed) {
        let failed = failed.get(name).map_or(&[][..], Vec::as_slice);
        let wanted = (Effort::Usual, failed);
        let merges = state.table(name).map_or(0, |table| {
            with_situation(self.store, (state, table), wanted, |situation| {
                merges_due(situation, DUE_MAX)
            })
        });
        match merges {
            0 => self.due.borrow_mut().remove(name),
            _ => self.due.borrow_mut().insert(Arc::clone(name), merges),
        };
    }

    fn tell(&self) {
        let most = self.due.borrow().values().max().copied();
        self.store.brake.set(most.unwrap_or(0));
    }

    /// Returns the table that is furthest behind of those that are not set aside, if it is further behind
    /// than this one by more than a merge: each waits for one that is under way now and then.
    pub(super) fn further_than(
        &self,
        table: &str,
        set_aside: &BTreeSet<Arc<str>>,
    ) -> Option<Arc<str>> {
        let due = self.due.borrow();
        let own = due.get(table).copied().unwrap_or(0);
        let others = due.iter().filter(|(name, _)| !set_aside.contains(*name));
        let (name, merges) = others.max_by_key(|(_, merges)| **merges)?;
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
