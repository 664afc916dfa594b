//! What the shares of the memory budget hold: for `/metrics` and whoever asks where memory went.

use super::Engine;
use crate::state::State;
use crate::store::Store;

/// One share of the memory budget (E-3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct MemoryShare {
    /// Its name, as in `docs/internals/memory.md`.
    pub name: &'static str,
    /// What it holds now, in bytes, as the store counts.
    pub bytes: u64,
    /// The most that it may hold.
    pub bytes_max: u64,
}

impl Engine {
    /// Returns what each share holds.
    pub fn memory(&self) -> Vec<MemoryShare> {
        shares(self.store(), &self.store().state.load())
    }
}

/// Returns what each share holds, the rows in memory as this state has them.
pub(super) fn shares(store: &Store, state: &State) -> Vec<MemoryShare> {
    let settings = &store.settings;
    let pages = store.shelf.pages.usage();
    let share = |name, bytes, bytes_max| MemoryShare {
        name,
        bytes,
        bytes_max,
    };
    vec![
        share(
            "memtables",
            state.memtable_bytes(),
            settings.memtable_bytes_max,
        ),
        share(
            "pending",
            store.pressure.pending_bytes(),
            settings.pending_bytes_max,
        ),
        share("pages", pages.bytes, pages.bytes_max),
        share(
            "footers",
            store.shelf.footers.bytes(),
            settings.shares.footer_bytes_max,
        ),
        share(
            "index",
            store.pressure.index_bytes() + store.admission.lock().windows_bytes(),
            settings.shares.index_bytes_max,
        ),
    ]
}
