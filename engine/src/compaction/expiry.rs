//! Dropping what is past its retention: parts, their newest rows and their series.

use platform::FailPoint;
use tracing::{debug, warn};

use super::publication::{Replaced, publish, with_ids};
use super::retention::expired;
use crate::Error;
use crate::latest;
use crate::manifest::Edit;
use crate::state::{LiveSeries, TableState};
use crate::store::Store;

/// Drops the parts of a table that are past its retention, and the newest rows that they had.
///
/// # Errors
/// [`Error::Io`].
pub(super) fn expire(store: &Store, name: &str) -> Result<(), Error> {
    let now = store.environment.now();
    let is_due = |table: &TableState| {
        let parts = table.parts.iter().map(|part| part.meta());
        expired(parts, table.definition.retention, now)
    };
    let state = store.state.load();
    if state
        .table(name)
        .is_none_or(|table| is_due(table).is_empty())
    {
        return Ok(());
    }
    // No flush may publish other newest rows meanwhile.
    let turn = store.flushing.lock();
    let state = store.state.load();
    let Some(table) = state.table(name) else {
        return Ok(());
    };
    let gone = is_due(table);
    let removed = with_ids(table, &gone);
    let latest = latest::without(table, &gone, &store.shelf, &store.settings)?;
    let change = latest.as_ref().map(|next| next.only_change(name));
    let edit = Edit::Expire {
        removed: gone,
        latest: change.unwrap_or_default(),
    };
    let replaced = Replaced {
        added: &[],
        removed: &removed,
        latest,
    };
    let published = FailPoint::RetentionPublished;
    publish(store, (name, edit), replaced, published)?;
    drop(turn);
    // What is expired is gone all the same, and an index that is too large does no harm (E-4).
    if let Err(error) = renumber(store, name) {
        warn!(table = name, %error, "the series of a table keep their numbers");
    }
    store.metrics.expired_parts.inc_by(removed.len() as u64);
    debug!(table = name, parts = removed.len(), "expired");
    Ok(())
}

/// Gives a table whose series are mostly gone a smaller index.
///
/// # Errors
/// Those of opening a part; the table keeps its index then.
fn renumber(store: &Store, name: &str) -> Result<(), Error> {
    let state = store.state.load();
    let Some(table) = state.table(name) else {
        return Ok(());
    };
    // What the parts have is looked up before anybody has to wait for it.
    let mut live = LiveSeries::default();
    if !live.look(table)? || !live.is_sparse(table) {
        return Ok(());
    }
    // From here on no flush brings another part: those that came meanwhile are looked at before ingest waits.
    let _turn = store.flushing.lock();
    if let Some(table) = store.state.load().table(name) {
        live.look(table)?;
    }
    // No part or chunk may come or go meanwhile: the manifest's lock keeps parts, the turn chunks.
    let _manifest = store.manifest.lock();
    let writer = store.state.write();
    let mut next = writer.next();
    if let Some(table) = next.table_mut(name) {
        live.look(table)?;
        *table = table.renumbered(&live);
    }
    store
        .pressure
        .measure(&next, store.environment.clock.monotonic());
    writer.publish(next);
    Ok(())
}
