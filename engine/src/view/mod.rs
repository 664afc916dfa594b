//! A reader's pinned state: what is in it stays, whatever is written, flushed or compacted meanwhile.

mod statistics;
mod table;

use std::sync::Arc;

use schema::{Lsn, Timestamp};

pub use table::TableView;

use crate::catalogue::Catalogue;
use crate::state::State;

/// All tables at one moment; cheap to clone, and its files stay until the last clone is dropped (E-2).
#[derive(Debug, Clone)]
pub struct View {
    state: Arc<State>,
}

impl View {
    /// Returns a view of this state.
    pub(crate) fn new(state: Arc<State>) -> Self {
        Self { state }
    }

    /// Returns the last log record whose rows are in the view.
    pub fn applied_lsn(&self) -> Lsn {
        self.state.applied_lsn
    }

    /// Returns when that record was committed.
    pub fn applied_time(&self) -> Timestamp {
        self.state.applied_time
    }

    /// Returns the catalogue that belongs to the rows.
    pub fn catalogue(&self) -> &Arc<Catalogue> {
        &self.state.catalogue
    }

    /// Returns the tables in the order of their names.
    pub fn tables(&self) -> impl ExactSizeIterator<Item = TableView> + '_ {
        self.state
            .tables
            .values()
            .map(|table| TableView::new(Arc::clone(table)))
    }

    /// Returns a table.
    pub fn table(&self, name: &str) -> Option<TableView> {
        self.state
            .table(name)
            .map(|table| TableView::new(Arc::clone(table)))
    }
}
