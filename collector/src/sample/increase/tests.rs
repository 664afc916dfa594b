//! The rules one by one, then against a model of PostgreSQL that resets, evicts and restarts.

use std::collections::HashMap;

use proptest::prelude::*;

use super::{Counter, Entry, Rule, Snapshot, difference};
use crate::sample::version::Version;

const ALL: Rule = Rule {
    grown: None,
    entries_max: usize::MAX,
};
const CALLED: Rule = Rule {
    grown: Some(0),
    entries_max: usize::MAX,
};

fn entry(origin: Option<i64>, calls: i64, time: f64) -> Entry {
    Entry {
        origin,
        counters: [Counter::I64(calls), Counter::F64(time)].into(),
    }
}

fn snapshot(server_started: i64, entries: &[(&str, Entry)]) -> Snapshot {
    let entries = entries
        .iter()
        .map(|(key, entry)| ((*key).into(), entry.clone()))
        .collect();
    Snapshot {
        server_started,
        entries,
        ..Snapshot::default()
    }
}

fn calls(previous: &Snapshot, current: Snapshot, key: &str) -> Option<i64> {
    match difference(Some(previous), current, ALL)
        .increases
        .get(key)
        .map(|i| i[0])
    {
        Some(Counter::I64(calls)) => Some(calls),
        _ => None,
    }
}

#[test]
fn the_first_snapshot_is_remembered_and_gives_nothing() {
    let first = snapshot(1, &[("a", entry(None, 5, 1.0))]);
    let outcome = difference(None, first.clone(), ALL);
    assert!(outcome.increases.is_empty());
    assert_eq!(outcome.next, first);
}

#[test]
fn an_entry_goes_on_or_starts_again() {
    for (name, before, now, expected) in [
        ("goes on", entry(Some(1), 5, 1.0), entry(Some(1), 8, 2.0), 3),
        ("stands still", entry(None, 5, 1.0), entry(None, 5, 1.0), 0),
        (
            "reset by its origin",
            entry(Some(1), 5, 1.0),
            entry(Some(2), 8, 2.0),
            8,
        ),
        (
            "evicted, seen by calls",
            entry(None, 5, 1.0),
            entry(None, 2, 2.0),
            2,
        ),
        (
            "evicted, seen by another counter",
            entry(None, 5, 9.0),
            entry(None, 8, 2.0),
            8,
        ),
        (
            "origin appears",
            entry(None, 5, 1.0),
            entry(Some(2), 8, 2.0),
            8,
        ),
    ] {
        let previous = snapshot(1, &[("a", before)]);
        assert_eq!(
            calls(&previous, snapshot(1, &[("a", now)]), "a"),
            Some(expected),
            "{name}"
        );
    }
}

#[test]
fn an_entry_unseen_before_counts_from_nothing() {
    let previous = snapshot(1, &[("a", entry(None, 5, 1.0))]);
    let current = snapshot(1, &[("a", entry(None, 5, 1.0)), ("b", entry(None, 4, 1.0))]);
    assert_eq!(calls(&previous, current, "b"), Some(4));
}

#[test]
fn an_update_of_the_extension_begins_with_a_new_baseline() {
    let of = |version, key, origin, calls| Snapshot {
        extension: Some(Version(version)),
        ..snapshot(1, &[(key, entry(origin, calls, 1.0))])
    };
    for (name, before, now, later) in [
        (
            "1.8 to 1.9 changes the keys",
            of(108, "10 5 7  ", None, 500),
            of(109, "10 5 7 t ", Some(1), 502),
            of(109, "10 5 7 t ", Some(1), 505),
        ),
        (
            "1.10 to 1.11 changes the origins",
            of(110, "10 5 7 t ", Some(1), 500),
            of(111, "10 5 7 t ", Some(2), 502),
            of(111, "10 5 7 t ", Some(2), 505),
        ),
    ] {
        let update = difference(Some(&before), now.clone(), ALL);
        assert!(update.increases.is_empty(), "{name}: {update:?}");
        assert_eq!(update.next, now, "{name}");
        assert_eq!(calls(&update.next, later, "10 5 7 t "), Some(3), "{name}");
    }
}

#[test]
fn an_orderly_restart_keeps_counting() {
    let previous = snapshot(
        1,
        &[("a", entry(None, 5, 1.0)), ("b", entry(Some(3), 5, 1.0))],
    );
    let current = || {
        snapshot(
            2,
            &[("a", entry(None, 6, 1.0)), ("b", entry(Some(3), 7, 1.0))],
        )
    };
    assert_eq!(calls(&previous, current(), "a"), Some(1));
    assert_eq!(calls(&previous, current(), "b"), Some(2));
}

#[test]
fn a_crash_that_lost_most_entries_lost_all_that_have_no_origin() {
    let previous = snapshot(
        1,
        &[
            ("a", entry(None, 5, 1.0)),
            ("b", entry(None, 5, 1.0)),
            ("c", entry(None, 5, 1.0)),
            ("d", entry(Some(3), 5, 1.0)),
        ],
    );
    let current = || {
        snapshot(
            2,
            &[
                ("a", entry(None, 9, 2.0)),
                ("b", entry(None, 1, 0.1)),
                ("d", entry(Some(3), 6, 1.0)),
            ],
        )
    };
    assert_eq!(calls(&previous, current(), "a"), Some(9));
    assert_eq!(calls(&previous, current(), "d"), Some(1));
    let same_server = Snapshot {
        server_started: 1,
        ..current()
    };
    assert_eq!(calls(&previous, same_server, "a"), Some(4));
}

#[test]
fn what_is_not_sent_waits_and_is_not_lost() {
    let previous = snapshot(1, &[("a", entry(None, 5, 1.0))]);
    let idle = difference(
        Some(&previous),
        snapshot(1, &[("a", entry(None, 5, 3.0))]),
        CALLED,
    );
    assert!(idle.increases.is_empty());
    let later = difference(
        Some(&idle.next),
        snapshot(1, &[("a", entry(None, 6, 4.0))]),
        CALLED,
    );
    assert_eq!(
        later.increases["a"][..],
        [Counter::I64(1), Counter::F64(3.0)]
    );
}

#[test]
fn entries_beyond_the_limit_come_with_the_next_sample() {
    let rule = Rule {
        entries_max: 1,
        ..CALLED
    };
    let previous = snapshot(1, &[]);
    let current = || snapshot(1, &[("a", entry(None, 5, 1.0)), ("b", entry(None, 7, 1.0))]);
    let first = difference(Some(&previous), current(), rule);
    let second = difference(Some(&first.next), current(), rule);
    assert_eq!((first.increases.len(), second.increases.len()), (1, 1));
    let mut keys: Vec<_> = first
        .increases
        .keys()
        .chain(second.increases.keys())
        .collect();
    keys.sort();
    assert_eq!(keys, [&"a".into(), &"b".into()]);
}

#[test]
fn a_counter_that_a_new_version_brings_has_no_increase_at_first() {
    let before = Entry {
        origin: None,
        counters: [Counter::I64(1), Counter::Absent].into(),
    };
    let previous = snapshot(1, &[("a", before)]);
    let outcome = difference(
        Some(&previous),
        snapshot(1, &[("a", entry(None, 2, 5.0))]),
        ALL,
    );
    assert_eq!(
        outcome.increases["a"][..],
        [Counter::I64(1), Counter::Absent]
    );
}

/// What happens inside PostgreSQL between two looks at it.
#[derive(Debug, Clone)]
enum Event {
    Call(u8, u8),
    Evict(u8),
    Reset,
    OrderlyRestart,
    Crash,
    Sample,
}

/// A PostgreSQL that counts calls and knows what was really called.
#[derive(Default)]
struct Model {
    has_origins: bool,
    clock: i64,
    started: i64,
    entries: HashMap<u8, (i64, i64, f64)>,
    called_since_sample: HashMap<u8, i64>,
}

impl Model {
    fn call(&mut self, key: u8, times: u8) {
        self.clock += 1;
        let (clock, times) = (self.clock, i64::from(times));
        let entry = self.entries.entry(key).or_insert((clock, 0, 0.0));
        entry.1 += times;
        entry.2 += times as f64;
        *self.called_since_sample.entry(key).or_default() += times;
    }

    /// Whatever was called and then forgotten before a sample, nobody can know.
    fn forget(&mut self, key: u8) {
        self.entries.remove(&key);
        self.called_since_sample.remove(&key);
    }

    fn snapshot(&self) -> Snapshot {
        let entries = self.entries.iter().map(|(key, (since, calls, time))| {
            (
                key.to_string().into(),
                entry(self.has_origins.then_some(*since), *calls, *time),
            )
        });
        Snapshot {
            server_started: self.started,
            entries: entries.collect(),
            ..Snapshot::default()
        }
    }
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let event = prop_oneof![
        6 => (0..5u8, 1..9u8).prop_map(|(key, times)| Event::Call(key, times)),
        1 => (0..5u8).prop_map(Event::Evict),
        1 => Just(Event::Reset),
        1 => Just(Event::OrderlyRestart),
        1 => Just(Event::Crash),
        3 => Just(Event::Sample),
    ];
    prop::collection::vec(event, 0..60)
}

proptest! {
    /// With origins each sample gives exactly the calls that a reader could see.
    #[test]
    fn with_origins_sums_are_exact_whatever_happens(events in events()) {
        let mut model = Model { has_origins: true, ..Model::default() };
        let mut previous = difference(None, model.snapshot(), CALLED).next;
        for event in events {
            match event {
                Event::Call(key, times) => model.call(key, times),
                Event::Evict(key) => model.forget(key),
                Event::Reset => (0..5).for_each(|key| model.forget(key)),
                Event::OrderlyRestart => model.started += 1,
                Event::Crash => {
                    model.started += 1;
                    (0..5).for_each(|key| model.forget(key));
                }
                Event::Sample => {
                    let outcome = difference(Some(&previous), model.snapshot(), CALLED);
                    let sent: HashMap<u8, i64> = outcome.increases.iter().map(|(key, increase)| {
                        let Counter::I64(calls) = increase[0] else { unreachable!() };
                        (key.parse().unwrap(), calls)
                    }).collect();
                    prop_assert_eq!(&sent, &model.called_since_sample);
                    model.called_since_sample.clear();
                    previous = outcome.next;
                }
            }
        }
    }

    /// Without origins a sample never gives less than nothing nor more than the counters show.
    #[test]
    fn without_origins_increases_stay_between_nothing_and_the_counter(events in events()) {
        let mut model = Model::default();
        let mut previous = difference(None, model.snapshot(), CALLED).next;
        for event in events {
            match event {
                Event::Call(key, times) => model.call(key, times),
                Event::Evict(key) => model.forget(key),
                Event::Reset | Event::Crash => (0..5).for_each(|key| model.forget(key)),
                Event::OrderlyRestart => model.started += 1,
                Event::Sample => {
                    let current = model.snapshot();
                    let outcome = difference(Some(&previous), current.clone(), CALLED);
                    for (key, increase) in &outcome.increases {
                        let (Counter::I64(sent), Counter::I64(stands)) =
                            (increase[0], current.entries[key].counters[0]) else { unreachable!() };
                        prop_assert!(0 < sent && sent <= stands);
                    }
                    previous = outcome.next;
                }
            }
        }
    }
}
