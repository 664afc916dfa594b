//! What comes in the place of a latest part.

use schema::{Lsn, TimeRange, Timestamp};

use super::Latest;
use crate::Error;
use crate::manifest::{LatestChange, LatestParts};
use crate::memtable::Chunk;
use crate::merge::{Mode, Source};
use crate::part::{Heat, PartId};
use crate::state::{Shelf, TableState};
use crate::store::{Contents, Stored, store_part};

/// A latest part in the place of another, written and not published yet.
#[derive(Debug)]
pub(crate) struct NextLatest {
    before: Option<PartId>,
    /// Nothing where no row is left, or they are not known.
    stored: Option<Stored>,
    mode: Mode,
}

/// What is noted of a latest part besides its rows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) mode: Mode,
    pub(super) committed: Timestamp,
    pub(super) deletes_lsn: Lsn,
}

impl NextLatest {
    /// Returns the end of a table's latest part.
    pub(crate) fn none(table: &TableState) -> Self {
        Self {
            before: table.latest_id(),
            stored: None,
            mode: table.mode(),
        }
    }

    /// Writes the rows of a table's next latest part.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub(super) fn write(
        table: &TableState,
        rows: Chunk,
        place: Place,
        shelf: &Shelf,
    ) -> Result<Self, Error> {
        let contents = Contents {
            table,
            mode: place.mode,
            sources: [Source::Chunk(rows.into())].into(),
            window: TimeRange::ALL,
            level: 0,
            heat: Heat::Hot,
            committed: place.committed,
            deletes_lsn: place.deletes_lsn,
            pages_max: 0,
        };
        Ok(Self {
            stored: store_part(shelf, &contents, &|| Ok(()))?,
            mode: place.mode,
            ..Self::none(table)
        })
    }

    /// Tells whether nothing changes: there is no latest part, and there was none.
    pub(crate) fn is_nothing(&self) -> bool {
        self.before.is_none() && self.stored.is_none()
    }

    /// Returns what the manifest is to say.
    pub(crate) fn change(&self) -> LatestChange {
        LatestChange {
            before: self.before,
            after: self.stored.as_ref().map(|stored| stored.entry.clone()),
        }
    }

    /// Returns what the manifest is to say, where nothing else changes.
    pub(crate) fn only_change(&self, table: &str) -> LatestParts {
        LatestParts::from([(table.to_owned(), self.change())])
    }

    /// Returns it as a state has it.
    pub(crate) fn into_latest(self) -> Option<Latest> {
        let stored = self.stored?;
        Some(Latest {
            part: stored.part,
            mode: self.mode,
            is_stale: false,
        })
    }

    /// Says that no manifest will name it.
    pub(crate) fn mark_obsolete(&self) {
        let written = self.stored.iter();
        written.for_each(|stored| stored.part.mark_obsolete());
    }
}
