//! Putting parts in the place of others, for the disk and for readers.

use std::sync::Arc;

use platform::FailPoint;

use crate::Error;
use crate::latest::NextLatest;
use crate::manifest::Edit;
use crate::part::PartId;
use crate::state::{StoredPart, TableState};
use crate::store::Store;

/// What takes the place of what.
#[derive(Debug)]
pub(super) struct Replaced<'a> {
    pub(super) added: &'a [Arc<StoredPart>],
    pub(super) removed: &'a [Arc<StoredPart>],
    /// The latest part from now on, where it changes.
    pub(super) latest: Option<NextLatest>,
}

impl Replaced<'_> {
    fn undo(&self) {
        self.added.iter().for_each(|part| part.mark_obsolete());
        self.latest.iter().for_each(NextLatest::mark_obsolete);
    }
}

/// Replaces parts, durably first, then for readers (E-1).
pub(super) fn publish(
    store: &Store,
    (table, edit): (&str, Edit),
    replaced: Replaced<'_>,
    published: FailPoint,
) -> Result<(), Error> {
    let mut manifest = store.manifest.lock();
    manifest.edit(edit, || replaced.undo())?;
    store.environment.disk.pass(published);
    let mut removed = replaced.removed.to_vec();
    let writer = store.state.write();
    let mut next = writer.next();
    if let Some(table) = next.table_mut(table) {
        table.replace_parts(replaced.added, replaced.removed);
        table.forget_tombstones();
        if let Some(latest) = replaced.latest {
            removed.extend(table.put_latest(latest.into_latest()));
        }
    }
    writer.publish(next);
    drop(writer);
    drop(manifest);
    // E-2: the files go when the last view, backup or scan that has them is gone.
    removed.iter().for_each(|part| part.mark_obsolete());
    Ok(())
}

/// Returns the parts of a table with these ids.
pub(super) fn with_ids(table: &TableState, ids: &[PartId]) -> Vec<Arc<StoredPart>> {
    let parts = table
        .parts
        .iter()
        .filter(|part| ids.contains(&part.meta().id));
    parts.map(Arc::clone).collect()
}
