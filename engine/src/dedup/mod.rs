//! Which numbered batches were stored: the windows behind exactly-once.
//!
//! A batch is known by (collector, epoch, sequence). For each epoch the sequences seen are kept as
//! ranges; a window is bounded, and what falls out of it is refused, never taken again and never
//! silently dropped. Windows are saved in the manifest with `flushed_lsn`, and the log behind it
//! brings them up to date, so that they say after a restart what they said before (W-2).
//!
//! Two copies live in memory, as with the catalogue: *admitted* and *applied*.

mod number;
mod sequences;

use std::collections::BTreeMap;

use schema::Timestamp;
use serde::{Deserialize, Serialize};

pub(crate) use number::BatchNumber;
use sequences::Sequences;

use crate::Settings;

/// What is known of a numbered batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It was not seen.
    Fresh,
    /// It was stored.
    Duplicate,
    /// It is below what is remembered.
    TooOld,
}

/// How much is remembered.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DedupLimits {
    /// Collectors and idempotency keys.
    pub(crate) collectors_max: usize,
    /// Epochs of one collector.
    pub(crate) epochs_max: usize,
    /// Ranges of one epoch.
    pub(crate) ranges_max: usize,
    /// How long an idempotency key is remembered.
    pub(crate) idempotency_age: schema::Span,
}

impl DedupLimits {
    /// Returns the limits that the settings name.
    pub(crate) fn of(settings: &Settings) -> Self {
        Self {
            collectors_max: settings.dedup_collectors_max as usize,
            epochs_max: settings.dedup_epochs_max as usize,
            ranges_max: settings.dedup_ranges_max as usize,
            idempotency_age: settings.idempotency_age,
        }
    }
}

/// The windows of all collectors.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Windows {
    collectors: BTreeMap<String, Window>,
}

/// The window of one collector or idempotency key.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Window {
    /// When its last batch was committed.
    last: Timestamp,
    /// Epochs up to this one are not remembered; 0 while all are.
    floor: u64,
    epochs: BTreeMap<u64, Sequences>,
}

impl Windows {
    /// Tells what is known of a batch at this time.
    pub(crate) fn check(
        &self,
        number: &BatchNumber,
        now: Timestamp,
        limits: &DedupLimits,
    ) -> Verdict {
        let window = self.collectors.get(&number.collector);
        let Some(window) = window.filter(|w| !w.is_expired(&number.collector, now, limits)) else {
            return Verdict::Fresh;
        };
        match window.epochs.get(&number.epoch) {
            Some(sequences) => sequences.check(number.sequence),
            None if number.epoch <= window.floor => Verdict::TooOld,
            None => {
                let lowest = window.epochs.keys().next();
                let is_full = window.epochs.len() >= limits.epochs_max;
                // It would be the first to be forgotten, and could come again.
                let is_lowest = lowest.is_some_and(|lowest| number.epoch < *lowest);
                if is_full && is_lowest {
                    Verdict::TooOld
                } else {
                    Verdict::Fresh
                }
            }
        }
    }

    /// Tells whether a collector that is not known yet can be remembered.
    pub(crate) fn has_room(&self, number: &BatchNumber, limits: &DedupLimits) -> bool {
        self.collectors.len() < limits.collectors_max
            || self.collectors.contains_key(&number.collector)
    }

    /// Remembers a batch that was committed at this time.
    pub(crate) fn insert(&mut self, number: &BatchNumber, at: Timestamp, limits: &DedupLimits) {
        let window = self.collectors.entry(number.collector.clone()).or_default();
        if window.is_expired(&number.collector, at, limits) {
            *window = Window::default();
        }
        window.last = window.last.max(at);
        let sequences = window.epochs.entry(number.epoch).or_default();
        sequences.insert(number.sequence, limits.ranges_max);
        while window.epochs.len() > limits.epochs_max {
            let forgotten = window.epochs.pop_first().map_or(0, |(epoch, _)| epoch);
            window.floor = window.floor.max(forgotten);
        }
    }

    /// Forgets idempotency keys that are old enough.
    pub(crate) fn expire(&mut self, now: Timestamp, limits: &DedupLimits) {
        self.collectors
            .retain(|collector, window| !window.is_expired(collector, now, limits));
    }

    /// Returns for each collector its name, the number of epochs, and when its last batch came.
    pub(crate) fn summaries(&self) -> impl Iterator<Item = (&str, usize, Timestamp)> {
        let windows = self.collectors.iter();
        windows.map(|(name, window)| (name.as_str(), window.epochs.len(), window.last))
    }
}

impl Window {
    fn is_expired(&self, collector: &str, now: Timestamp, limits: &DedupLimits) -> bool {
        collector.starts_with(IDEMPOTENCY_PREFIX)
            && self.last.saturating_add(limits.idempotency_age) < now
    }
}

/// Collectors of this name are idempotency keys, which the server makes of an HTTP header.
pub(crate) const IDEMPOTENCY_PREFIX: &str = "idempotency:";

#[cfg(test)]
mod tests {
    use schema::{Span, Timestamp};

    use super::{BatchNumber, DedupLimits, Verdict, Windows};

    const LIMITS: DedupLimits = DedupLimits {
        collectors_max: 2,
        epochs_max: 2,
        ranges_max: 4,
        idempotency_age: Span::from_days(1),
    };

    fn number(collector: &str, epoch: u64, sequence: u64) -> BatchNumber {
        let collector = collector.into();
        BatchNumber {
            collector,
            epoch,
            sequence,
        }
    }

    fn day(days: i64) -> Timestamp {
        Timestamp::from_nanos(days * 86_400_000_000_000)
    }

    fn seen(numbers: &[BatchNumber]) -> Windows {
        let mut windows = Windows::default();
        numbers
            .iter()
            .for_each(|n| windows.insert(n, day(0), &LIMITS));
        windows
    }

    #[test]
    fn an_epoch_that_was_forgotten_is_too_old_and_a_new_one_fresh() {
        let windows = seen(&[number("c", 1, 1), number("c", 2, 1), number("c", 3, 1)]);
        let check = |epoch, sequence| windows.check(&number("c", epoch, sequence), day(0), &LIMITS);
        assert_eq!(check(1, 1), Verdict::TooOld);
        assert_eq!(check(1, 9), Verdict::TooOld);
        assert_eq!(check(2, 1), Verdict::Duplicate);
        assert_eq!(check(3, 2), Verdict::Fresh);
        assert_eq!(check(4, 1), Verdict::Fresh);
    }

    #[test]
    fn an_idempotency_key_ages_out_and_a_collector_does_not() {
        let (key, collector) = (number("idempotency:x", 1, 1), number("c", 1, 1));
        let mut windows = seen(&[key.clone(), collector.clone()]);
        assert_eq!(windows.check(&key, day(1), &LIMITS), Verdict::Duplicate);
        assert_eq!(windows.check(&key, day(2), &LIMITS), Verdict::Fresh);
        assert_eq!(
            windows.check(&collector, day(400), &LIMITS),
            Verdict::Duplicate
        );
        assert!(!windows.has_room(&number("d", 1, 1), &LIMITS));
        windows.expire(day(2), &LIMITS);
        assert_eq!(windows.summaries().count(), 1);
        assert!(windows.has_room(&number("d", 1, 1), &LIMITS));
    }

    #[test]
    fn windows_survive_their_text() {
        let windows = seen(&[number("c", 1, 1), number("c", 1, 3), number("d", 7, 2)]);
        let text = serde_json::to_string(&windows).unwrap();
        assert_eq!(serde_json::from_str::<Windows>(&text).unwrap(), windows);
    }
}
