//! The place where the present state is, and how the next one gets there.

use std::sync::Arc;

use parking_lot::{Mutex, MutexGuard, RwLock};

use super::State;
use crate::dedup::Windows;
use crate::invariants::promise;

/// Holds the present state.
#[derive(Debug)]
pub(crate) struct StateCell {
    present: RwLock<Arc<State>>,
    /// The applied windows, which only writers need; whoever holds them has the turn.
    writer: Mutex<Windows>,
}

/// The right to replace the state; there is one at a time.
#[derive(Debug)]
pub(crate) struct StateWriter<'a> {
    cell: &'a StateCell,
    windows: MutexGuard<'a, Windows>,
}

impl StateCell {
    /// Returns a cell with a first state.
    pub(crate) fn new(state: State, windows: Windows) -> Self {
        Self {
            present: RwLock::new(Arc::new(state)),
            writer: Mutex::new(windows),
        }
    }

    /// Returns the present state.
    pub(crate) fn load(&self) -> Arc<State> {
        Arc::clone(&self.present.read())
    }

    /// Waits for the turn to replace the state.
    pub(crate) fn write(&self) -> StateWriter<'_> {
        StateWriter {
            windows: self.writer.lock(),
            cell: self,
        }
    }
}

impl StateWriter<'_> {
    /// Returns a copy of the present state, to be changed and published.
    pub(crate) fn next(&self) -> State {
        State::clone(&self.cell.load())
    }

    /// Returns the applied windows.
    pub(crate) fn windows(&mut self) -> &mut Windows {
        &mut self.windows
    }

    /// Makes a state the present one.
    ///
    /// # Panics
    /// E-1: when it goes back in the log.
    pub(crate) fn publish(&self, next: State) {
        let mut present = self.cell.present.write();
        promise!(
            "E-1",
            present.applied_end <= next.applied_end && present.flushed_lsn <= next.flushed_lsn,
            "the state goes back in the log from {} to {}",
            present.applied_end,
            next.applied_end
        );
        promise!(
            "E-1",
            next.flushed_lsn <= next.applied_end,
            "flushed up to {} what is applied up to {}",
            next.flushed_lsn,
            next.applied_end
        );
        let old = std::mem::replace(&mut *present, Arc::new(next));
        drop(present);
        // The last Arc of a part may go with it, which unlinks a file: not under the lock.
        drop(old);
    }
}
