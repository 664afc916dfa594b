//! Holds: whoever still needs the log from some position on.

use std::sync::Arc;

use schema::Lsn;

use super::shared::Shared;

/// Keeps the log from a position on, until it is dropped.
#[derive(Debug)]
#[must_use = "a hold that is dropped holds nothing"]
pub struct Hold {
    shared: Arc<Shared>,
    id: u64,
}

/// All holds of a log.
#[derive(Debug, Default)]
pub(crate) struct Holds {
    entries: Vec<Entry>,
    next_id: u64,
}

#[derive(Debug)]
struct Entry {
    id: u64,
    name: String,
    from: Lsn,
}

impl Hold {
    pub(crate) fn new(shared: Arc<Shared>, name: &str, from: Lsn) -> Self {
        let id = shared.state.lock().holds.add(name, from);
        Self { shared, id }
    }

    /// Lets go of what is before `lsn`. Going back has no effect.
    pub fn advance(&self, lsn: Lsn) {
        let mut state = self.shared.state.lock();
        if let Some(entry) = state
            .holds
            .entries
            .iter_mut()
            .find(|entry| entry.id == self.id)
        {
            entry.from = entry.from.max(lsn);
        }
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        let id = self.id;
        self.shared
            .state
            .lock()
            .holds
            .entries
            .retain(|entry| entry.id != id);
    }
}

impl Holds {
    fn add(&mut self, name: &str, from: Lsn) -> u64 {
        let id = self.next_id;
        self.next_id += 1;
        self.entries.push(Entry {
            id,
            name: name.to_owned(),
            from,
        });
        id
    }

    /// Returns the first position that somebody holds, at most `lsn`.
    pub(crate) fn limit(&self, lsn: Lsn) -> Lsn {
        self.entries
            .iter()
            .map(|entry| entry.from)
            .fold(lsn, Lsn::min)
    }

    /// Returns every hold's name and position.
    pub(crate) fn list(&self) -> Vec<(String, Lsn)> {
        self.entries
            .iter()
            .map(|entry| (entry.name.clone(), entry.from))
            .collect()
    }
}
