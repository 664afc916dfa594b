//! A latest part for a table that has none, by a search of all of its parts.

use std::collections::BTreeSet;
use std::sync::Arc;

use schema::{Lsn, Timestamp};

use super::next::Place;
use super::written::searched;
use super::{NextLatest, PARTS_AT_ONCE};
use crate::memtable::Chunk;
use crate::merge::Mode;
use crate::part::PartId;
use crate::series::SeriesIndex;
use crate::state::{Shelf, StoredPart, TableState};
use crate::{Error, Settings};

/// A search that goes on where it stopped when more parts come.
///
/// It opens some parts at a time, in the order of the log, and reads the last page of times of each run.
#[derive(Debug)]
pub(crate) struct Renewal {
    mode: Mode,
    series: Arc<SeriesIndex>,
    found: Option<Arc<Chunk>>,
    searched: BTreeSet<PartId>,
    committed: Timestamp,
    deletes_lsn: Lsn,
}

impl Renewal {
    /// Returns the search that a table without deletions needs.
    pub(crate) fn new(table: &TableState) -> Self {
        Self {
            mode: table.mode(),
            series: Arc::clone(&table.series),
            found: None,
            searched: BTreeSet::new(),
            committed: Timestamp::MIN,
            deletes_lsn: Lsn::ZERO,
        }
    }

    /// Searches the parts of a table that were not searched yet; what was found before must be of parts
    /// that are still there, and older.
    ///
    /// # Errors
    /// Those of reading; [`Error::Limit`] for more rows than fit their memory; those of `pace`, which is
    /// asked before each step.
    pub(crate) fn go_on(
        &mut self,
        table: &TableState,
        settings: &Settings,
        pace: &dyn Fn() -> Result<(), Error>,
    ) -> Result<(), Error> {
        let new: Vec<_> = self.left(table).collect();
        for parts in new.chunks(PARTS_AT_ONCE) {
            pace()?;
            self.found = searched(table, self.mode, self.found.take(), parts, settings)?;
            for meta in parts.iter().map(|part| part.meta()) {
                self.searched.insert(meta.id);
                self.committed = self.committed.max(meta.committed);
                self.deletes_lsn = self.deletes_lsn.max(meta.deletes_lsn);
            }
        }
        Ok(())
    }

    /// Tells whether few parts of a table are left to be searched.
    pub(crate) fn is_nearly_of(&self, table: &TableState) -> bool {
        self.left(table).count() <= PARTS_AT_ONCE
    }

    fn left<'a>(&self, table: &'a TableState) -> impl Iterator<Item = &'a Arc<StoredPart>> {
        let parts = table.parts.iter();
        parts.filter(|part| !self.searched.contains(&part.meta().id))
    }

    /// Tells whether what was found is right for a table: all of its parts were searched, and no others.
    pub(crate) fn is_of(&self, table: &TableState) -> bool {
        let mut parts = table.parts.iter();
        self.mode == table.mode()
            && Arc::ptr_eq(&self.series, &table.series)
            && self.searched.len() == table.parts.len()
            && parts.all(|part| self.searched.contains(&part.meta().id))
    }

    /// Writes what was found.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub(crate) fn write(self, table: &TableState, shelf: &Shelf) -> Result<NextLatest, Error> {
        let rows = self.found.and_then(Arc::into_inner);
        let place = Place {
            mode: self.mode,
            committed: self.committed,
            deletes_lsn: self.deletes_lsn,
        };
        match rows {
            Some(rows) => NextLatest::write(table, rows, place, shelf),
            None => Ok(NextLatest::none(table)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::Renewal;
    use crate::Settings;
    use crate::flush::flush;
    use crate::store::{Bare, NOW};

    /// A table that is flushed all the time would else never get its latest part.
    #[test]
    fn parts_that_come_during_a_search_are_searched_as_well() {
        let bare = Bare::open(Settings::default());
        let store = &bare.store;
        let present = || Arc::clone(store.state.load().table("cpu").unwrap());
        let go_on = |renewal: &mut Renewal| {
            renewal
                .go_on(&present(), &store.settings, &|| Ok(()))
                .unwrap();
        };
        for second in 0..20 {
            bare.write(NOW + second).unwrap();
            flush(store).unwrap();
        }
        let mut renewal = Renewal::new(&present());
        assert!(!renewal.is_nearly_of(&present()));
        go_on(&mut renewal);
        assert!(renewal.is_of(&present()));
        bare.write(NOW + 100).unwrap();
        flush(store).unwrap();
        assert!(!renewal.is_of(&present()) && renewal.is_nearly_of(&present()));
        go_on(&mut renewal);
        assert!(renewal.is_of(&present()));
        let next = renewal.write(&present(), &store.shelf).unwrap();
        let latest = next.into_latest().unwrap();
        assert_eq!(latest.part.meta().rows, 1);
        assert_eq!(latest.part.time_max(), NOW + 100);
    }
}
