//! Counters become increases: what was added between two snapshots of a view.
//!
//! Pure: two snapshots in, increases and the next baseline out. The rules, for each entry:
//!
//! | the entry | its increase |
//! |---|---|
//! | no snapshot was taken before | none: the first is the baseline |
//! | the snapshot before is of another version of the extension | none: a new baseline |
//! | was not in the snapshot before | its counters, since the snapshot before was complete |
//! | has another origin than before | its counters: they started again at nothing |
//! | any counter is less than before | its counters: evicted and entered again, or reset |
//! | else | the differences |
//!
//! The **origin** is the time from which PostgreSQL says that it counts (`stats_since` of an entry,
//! else `stats_reset`). A restart alone says nothing, since an orderly one keeps the counters; where
//! there is no origin to ask and most entries fell or went with a restart, all are taken as new.
//! An update of the extension changes what identifies an entry and what its origin is, and resets
//! nothing: compared across it, every entry would look new and tell all that it ever counted.
//!
//! An entry that is not sent keeps its old baseline, so that nothing is lost and sums stay exact.

use std::collections::HashMap;

use super::version::Version;

/// A counter as it stands; `None` where this version or row has none.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Counter {
    Absent,
    I64(i64),
    F64(f64),
}

/// What is remembered of an entry.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    /// Since when PostgreSQL counts, in microseconds since the Unix epoch, if it says so.
    pub(crate) origin: Option<i64>,
    /// Every counter of the view, in the order of its declaration.
    pub(crate) counters: Box<[Counter]>,
}

/// The entries of a view at a moment, all of them.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Snapshot {
    /// When the server started, in microseconds since the Unix epoch.
    pub(crate) server_started: i64,
    /// The version of the extension that counts, where one does.
    pub(crate) extension: Option<Version>,
    /// The entries by what identifies them inside PostgreSQL.
    pub(crate) entries: HashMap<Box<str>, Entry>,
}

/// Which entries are sent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rule {
    /// The position of the counter that must have grown, if one must.
    pub(crate) grown: Option<usize>,
    /// The most entries that are sent at once; the others wait for the next time.
    pub(crate) entries_max: usize,
}

/// What came out of two snapshots.
#[derive(Debug)]
pub(crate) struct Difference {
    /// The increases of the entries that are sent.
    pub(crate) increases: HashMap<Box<str>, Box<[Counter]>>,
    /// What to compare with next, once the increases are safe.
    pub(crate) next: Snapshot,
}

/// Returns what was added since `previous`.
pub(crate) fn difference(previous: Option<&Snapshot>, current: Snapshot, rule: Rule) -> Difference {
    let comparable = previous.filter(|previous| previous.extension == current.extension);
    let Some(previous) = comparable else {
        return Difference {
            increases: HashMap::new(),
            next: current,
        };
    };
    let is_new_start = lost_in_restart(previous, &current);
    let mut increases = HashMap::new();
    let mut next = Snapshot {
        entries: HashMap::new(),
        ..current
    };
    for (key, entry) in current.entries {
        let before = previous.entries.get(&key);
        let base = before
            .filter(|before| !(is_new_start && entry.origin.is_none()) && goes_on(before, &entry));
        let increase = added(base, &entry);
        if increases.len() < rule.entries_max && is_worth_sending(&increase, rule) {
            increases.insert(key.clone(), increase);
            next.entries.insert(key, entry);
        } else if let Some(base) = base {
            next.entries.insert(key, base.clone());
        }
        // An entry that is new or started again, and is not sent, is left out: it stays new.
    }
    Difference { increases, next }
}

/// Tells whether the counters of an entry went on counting.
fn goes_on(before: &Entry, now: &Entry) -> bool {
    before.origin == now.origin
        && !before
            .counters
            .iter()
            .zip(&now.counters)
            .any(|(a, b)| has_fallen(*a, *b))
}

fn has_fallen(before: Counter, now: Counter) -> bool {
    match (before, now) {
        (Counter::I64(before), Counter::I64(now)) => now < before,
        (Counter::F64(before), Counter::F64(now)) => now < before,
        _ => false,
    }
}

/// Tells whether the server restarted and most of what has no origin fell or went away.
fn lost_in_restart(previous: &Snapshot, current: &Snapshot) -> bool {
    if previous.server_started == current.server_started {
        return false;
    }
    let unmarked = previous
        .entries
        .iter()
        .filter(|(_, entry)| entry.origin.is_none());
    let lost = unmarked.clone().filter(|(key, before)| {
        current
            .entries
            .get(*key)
            .is_none_or(|now| !goes_on(before, now))
    });
    lost.count() * 2 > unmarked.count()
}

fn added(base: Option<&Entry>, now: &Entry) -> Box<[Counter]> {
    match base {
        None => now.counters.clone(),
        Some(base) => base
            .counters
            .iter()
            .zip(&now.counters)
            .map(|(a, b)| minus(*b, *a))
            .collect(),
    }
}

/// A counter that appears with a new version of the extension has no increase yet.
fn minus(now: Counter, before: Counter) -> Counter {
    match (now, before) {
        (Counter::I64(now), Counter::I64(before)) => Counter::I64(now.saturating_sub(before)),
        (Counter::F64(now), Counter::F64(before)) => Counter::F64(now - before),
        _ => Counter::Absent,
    }
}

fn is_worth_sending(increase: &[Counter], rule: Rule) -> bool {
    match rule.grown.and_then(|position| increase.get(position)) {
        None => rule.grown.is_none(),
        Some(Counter::I64(value)) => *value > 0,
        Some(Counter::F64(value)) => *value > 0.0,
        Some(Counter::Absent) => false,
    }
}

#[cfg(test)]
mod tests;
