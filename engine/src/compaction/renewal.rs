//! Finding the newest rows of a table that lost its latest part.

use std::collections::BTreeMap;
use std::time::Duration;

use platform::{FailPoint, MonotonicNanos};
use tracing::warn;

use super::policy::Effort;
use super::publication::{Replaced, publish};
use crate::Error;
use crate::latest::Renewal;
use crate::manifest::Edit;
use crate::state::TableState;
use crate::store::Store;

/// The searches that were in vain, since newest rows are too many or a part does not read: to try again with
/// every flush would cost as much each time.
#[derive(Debug, Default)]
pub(crate) struct Renewals {
    failed: BTreeMap<String, MonotonicNanos>,
}

impl Renewals {
    /// Tells whether a search is to be tried.
    fn is_due(&self, table: &str, effort: Effort, now: MonotonicNanos) -> bool {
        let failed = self.failed.get(table);
        effort == Effort::Full || failed.is_none_or(|at| now.since(*at) >= RETRY_AFTER)
    }
}

/// Searches for the newest rows of a table that lost its latest part, unless that was in vain lately.
///
/// # Errors
/// [`Error::Io`]; [`Error::Closing`].
pub(super) fn renew_latest(
    store: &Store,
    name: &str,
    effort: Effort,
    renewals: &mut Renewals,
) -> Result<(), Error> {
    let now = store.environment.clock.monotonic();
    if !renewals.is_due(name, effort, now) {
        return Ok(());
    }
    renewals.failed.remove(name);
    match renew(store, name) {
        Err(error @ (Error::Limit { .. } | Error::Corrupt { .. } | Error::Seal { .. })) => {
            warn!(table = name, %error, "the newest rows are not kept");
            renewals.failed.insert(name.to_owned(), now);
            Ok(())
        }
        outcome => outcome,
    }
}

/// Searches for the newest rows of a table that lost its latest part.
///
/// The parts that there are are searched while flushes add others, and those that came meanwhile while none
/// can: so a table that is flushed all the time gets its latest part, too.
///
/// # Errors
/// Those of reading; [`Error::Limit`]; [`Error::Closing`].
fn renew(store: &Store, name: &str) -> Result<(), Error> {
    let pace = || match store.is_closing() {
        true => Err(Error::Closing),
        false => Ok(()),
    };
    let mut begun = None;
    let mut renewal = loop {
        let state = store.state.load();
        let Some(table) = state.table(name).filter(|table| is_wanted(store, table)) else {
            return Ok(());
        };
        let has_begun = begun.is_some();
        let mut renewal = begun.take().unwrap_or_else(|| Renewal::new(table));
        // A flush must not wait for parts that were there before, however few, nor for as many as come
        // during a search of thousands.
        if has_begun && renewal.is_nearly_of(table) {
            break renewal;
        }
        renewal.go_on(table, &store.settings, &pace)?;
        begun = Some(renewal);
    };
    let _turn = store.flushing.lock();
    let state = store.state.load();
    // A deletion or a change of the mode may have come between: a later round sees to it.
    let Some(table) = state.table(name).filter(|table| is_wanted(store, table)) else {
        return Ok(());
    };
    renewal.go_on(table, &store.settings, &pace)?;
    if !renewal.is_of(table) {
        return Ok(());
    }
    let next = renewal.write(table, &store.shelf)?;
    if next.is_nothing() {
        return Ok(());
    }
    let edit = Edit::Latest(next.only_change(name));
    let replaced = Replaced {
        added: &[],
        removed: &[],
        latest: Some(next),
    };
    let published = FailPoint::LatestRenewed;
    publish(store, (name, edit), replaced, published)
}

/// Tells whether a table has no latest part and can have one: not while rows are deleted that are still
/// there, nor before the manifest has its mode.
fn is_wanted(store: &Store, table: &TableState) -> bool {
    let has_rows = table.latest.is_some() || !table.parts.is_empty();
    let is_known = || {
        let mode = store
            .manifest
            .lock()
            .present()
            .manifest
            .mode(&table.definition.name);
        mode == Some(table.mode())
    };
    has_rows && table.current_latest().is_none() && !table.has_deletions() && is_known()
}

const RETRY_AFTER: Duration = Duration::from_secs(3_600);

#[cfg(test)]
mod tests {
    use super::{Effort, MonotonicNanos, Renewals};

    #[test]
    fn a_search_that_was_in_vain_is_tried_again_after_an_hour_or_when_it_is_asked_for() {
        let at = |minutes: u64| MonotonicNanos(minutes * 60_000_000_000);
        let mut renewals = Renewals::default();
        renewals.failed.insert("cpu".into(), at(5));
        assert!(!renewals.is_due("cpu", Effort::Usual, at(64)));
        assert!(renewals.is_due("cpu", Effort::Full, at(64)));
        assert!(renewals.is_due("cpu", Effort::Usual, at(65)));
        assert!(renewals.is_due("disk", Effort::Usual, at(6)));
    }
}
