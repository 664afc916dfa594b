//! What an edit makes of a manifest; nothing is read or written here.

use schema::Lsn;

use super::{Edit, FlushPoint, LatestParts, Manifest, PartEntry};
use crate::Error;
use crate::catalogue::Catalogue;
use crate::merge::Mode;
use crate::part::{PartId, PartMeta};
use crate::tombstone::Tombstone;

impl Manifest {
    /// Returns the manifest after an edit.
    ///
    /// # Errors
    /// [`Error::Broken`] for an edit that contradicts it, which is a mistake of our own.
    pub(crate) fn apply(&self, edit: Edit) -> Result<Self, Error> {
        let mut next = self.clone();
        match edit {
            Edit::Flush {
                added,
                latest,
                point,
            } => {
                self.check_latest(&latest)?;
                next.flush(added, *point)?;
                next.set_latest(latest)?;
            }
            Edit::Compact { removed, added } => next.compact(&removed, added)?,
            Edit::Expire { removed, latest } => {
                self.check_latest(&latest)?;
                next.remove(&removed)?;
                next.set_latest(latest)?;
            }
            Edit::Latest(latest) => {
                self.check_latest(&latest)?;
                next.set_latest(latest)?;
            }
            Edit::Timeline(timeline) if timeline < self.timeline => {
                return Err(broken(self.flushed_lsn, "the timeline goes back"));
            }
            Edit::Timeline(timeline) => next.timeline = timeline,
        }
        next.forget_tombstones();
        Ok(next)
    }

    fn flush(&mut self, added: Vec<PartEntry>, point: FlushPoint) -> Result<(), Error> {
        // E-1: a row is in a part exactly if its record lies below flushed_lsn.
        if point.end < self.flushed_lsn {
            return Err(broken(point.end, "E-1: flushed_lsn goes back"));
        }
        let below = |lsn: Lsn| lsn >= self.flushed_lsn && lsn < point.end;
        if !added
            .iter()
            .all(|e| below(e.meta.first_lsn) && below(e.meta.last_lsn))
        {
            return Err(broken(point.end, "E-1: a part has rows of other records"));
        }
        self.add(added)?;
        self.flushed_lsn = point.end;
        self.last_lsn = point.last_lsn;
        self.flushed_time = point.time;
        // Newest rows from before a delete are not those after it, and must not outlive its tombstone; nor
        // are those of one mode the ones of the other.
        let mode = |catalogue: &Catalogue, table: &str| {
            catalogue
                .table(table)
                .map(|definition| Mode::of(definition))
        };
        let (before, after) = (&self.catalogue, &point.catalogue);
        self.latest.retain(|table, _| {
            let is_deleted = point.tombstones.contains_key(table);
            !is_deleted && mode(before, table) == mode(after, table)
        });
        self.tombstones = point.tombstones;
        self.windows = point.windows;
        self.catalogue = point.catalogue;
        Ok(())
    }

    fn compact(&mut self, removed: &[PartId], added: Vec<PartEntry>) -> Result<(), Error> {
        let removed = self.remove(removed)?;
        let rows = |parts: &[PartEntry]| parts.iter().map(|e| e.meta.rows).sum::<u64>();
        if rows(&added) > rows(&removed) {
            return Err(broken(self.flushed_lsn, "a compaction makes rows"));
        }
        let table = removed.first().map(|entry| &entry.meta.table);
        if !removed
            .iter()
            .chain(&added)
            .all(|entry| Some(&entry.meta.table) == table)
        {
            return Err(broken(self.flushed_lsn, "a compaction mixes tables"));
        }
        self.add(added)
    }

    /// Checks that latest parts take the place of those that they were made from: another has rows that
    /// are not there any more, or lacks some that are.
    fn check_latest(&self, latest: &LatestParts) -> Result<(), Error> {
        let id = |table| {
            self.latest
                .get(table)
                .map(|entry: &PartEntry| entry.meta.id)
        };
        match latest
            .iter()
            .all(|(table, change)| id(table) == change.before)
        {
            true => Ok(()),
            false => Err(broken(
                self.flushed_lsn,
                "a latest part was made from another than the present one",
            )),
        }
    }

    fn set_latest(&mut self, latest: LatestParts) -> Result<(), Error> {
        for (table, change) in latest {
            let Some(entry) = change.after else {
                self.latest.remove(&table);
                continue;
            };
            if entry.meta.table != table || self.files().any(|e| e.meta.id == entry.meta.id) {
                return Err(broken(
                    entry.meta.last_lsn,
                    "a latest part is not new, or of another table",
                ));
            }
            self.latest.insert(table, entry);
        }
        Ok(())
    }

    /// Forgets the tombstones that no part is left for.
    fn forget_tombstones(&mut self) {
        let parts = &self.parts;
        self.tombstones.retain(|table, tombstones| {
            let is_for = |t: &Tombstone, entry: &PartEntry| {
                entry.meta.table == *table && t.is_for_part(&entry.meta)
            };
            tombstones.retain(|t| parts.iter().any(|entry| is_for(t, entry)));
            !tombstones.is_empty()
        });
    }

    /// Leaves parts out and returns them.
    fn remove(&mut self, ids: &[PartId]) -> Result<Vec<PartEntry>, Error> {
        let (removed, kept) = std::mem::take(&mut self.parts)
            .into_iter()
            .partition::<Vec<_>, _>(|entry| ids.contains(&entry.meta.id));
        self.parts = kept;
        if removed.len() == ids.len() {
            Ok(removed)
        } else {
            Err(broken(
                self.flushed_lsn,
                "a part that is removed is not there",
            ))
        }
    }

    fn add(&mut self, added: Vec<PartEntry>) -> Result<(), Error> {
        for entry in added {
            if self.part(&entry.meta.id).is_some() {
                return Err(broken(self.flushed_lsn, "a part is added twice"));
            }
            // Where parts share moments, the log decides who is later: their records must not mix.
            if self.parts.iter().any(|other| mix(&other.meta, &entry.meta)) {
                return Err(broken(
                    entry.meta.first_lsn,
                    "two parts mix in time and log",
                ));
            }
            self.parts.push(entry);
        }
        self.parts
            .sort_by(|a, b| (&a.meta.table, a.meta.id).cmp(&(&b.meta.table, b.meta.id)));
        Ok(())
    }
}

/// Tells whether two parts of a table share both a stretch of time and a stretch of the log.
pub(crate) fn mix(a: &PartMeta, b: &PartMeta) -> bool {
    a.table == b.table
        && a.time_min <= b.time_max
        && b.time_min <= a.time_max
        && a.first_lsn <= b.last_lsn
        && b.first_lsn <= a.last_lsn
}

fn broken(lsn: Lsn, reason: &str) -> Error {
    Error::Broken {
        lsn,
        reason: reason.into(),
    }
}
