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
use serde::{Deserialize, Serialize, Serializer};

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
    /// Bytes of memory that one copy of all windows may take.
    pub(crate) bytes_max: usize,
}

impl DedupLimits {
    /// Returns the limits that the settings name.
    pub(crate) fn of(settings: &Settings) -> Self {
        Self {
            collectors_max: settings.dedup_collectors_max as usize,
            epochs_max: settings.dedup_epochs_max as usize,
            ranges_max: settings.dedup_ranges_max as usize,
            idempotency_age: settings.idempotency_age,
            bytes_max: usize::try_from(settings.shares.index_bytes_max / INDEX_SHARES)
                .unwrap_or(usize::MAX),
        }
    }
}

/// The windows of all collectors.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(from = "BTreeMap<String, Window>")]
pub(crate) struct Windows {
    collectors: BTreeMap<String, Window>,
    /// About what all of it takes in memory.
    bytes: usize,
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
    /// Windows are held by admission, by the state, by the manifest and by a flush under way.
    pub(crate) const COPIES: u64 = 4;

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
        let is_roomy =
            self.collectors.len() < limits.collectors_max && self.bytes < limits.bytes_max;
        is_roomy || self.collectors.contains_key(&number.collector)
    }

    /// Returns about how many bytes of memory the windows take.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Remembers a batch that was committed at this time.
    pub(crate) fn insert(&mut self, number: &BatchNumber, at: Timestamp, limits: &DedupLimits) {
        let is_full = self.bytes >= limits.bytes_max;
        let known = self.collectors.get(&number.collector);
        let before = known.map_or(0, |window| window.bytes(&number.collector));
        let window = self.collectors.entry(number.collector.clone()).or_default();
        if window.is_expired(&number.collector, at, limits) {
            *window = Window::default();
        }
        window.last = window.last.max(at);
        let sequences = window.epochs.entry(number.epoch).or_default();
        // E-3: where memory is used up, a gap more costs the window its oldest one.
        let ranges_max = match is_full {
            true => sequences.range_count().clamp(1, limits.ranges_max),
            false => limits.ranges_max,
        };
        sequences.insert(number.sequence, ranges_max);
        while window.epochs.len() > limits.epochs_max {
            let forgotten = window.epochs.pop_first().map_or(0, |(epoch, _)| epoch);
            window.floor = window.floor.max(forgotten);
        }
        self.bytes = self.bytes - before + window.bytes(&number.collector);
    }

    /// Forgets idempotency keys that are old enough.
    pub(crate) fn expire(&mut self, now: Timestamp, limits: &DedupLimits) {
        self.collectors
            .retain(|collector, window| !window.is_expired(collector, now, limits));
        self.bytes = bytes_of(&self.collectors);
    }

    /// Returns for each collector its name, the number of epochs, and when its last batch came.
    pub(crate) fn summaries(&self) -> impl Iterator<Item = (&str, usize, Timestamp)> {
        let windows = self.collectors.iter();
        windows.map(|(name, window)| (name.as_str(), window.epochs.len(), window.last))
    }
}

impl From<BTreeMap<String, Window>> for Windows {
    fn from(collectors: BTreeMap<String, Window>) -> Self {
        let bytes = bytes_of(&collectors);
        Self { collectors, bytes }
    }
}

impl Serialize for Windows {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.collectors.serialize(serializer)
    }
}

fn bytes_of(collectors: &BTreeMap<String, Window>) -> usize {
    let windows = collectors.iter();
    windows.map(|(name, window)| window.bytes(name)).sum()
}

impl Window {
    /// Returns about how many bytes the window of a collector of this name takes.
    fn bytes(&self, collector: &str) -> usize {
        let ranges: usize = self.epochs.values().map(Sequences::range_count).sum();
        collector.len()
            + WINDOW_BYTES
            + self.epochs.len().div_ceil(LEAF) * LEAF_BYTES
            + ranges * RANGE_BYTES
    }

    fn is_expired(&self, collector: &str, now: Timestamp, limits: &DedupLimits) -> bool {
        collector.starts_with(IDEMPOTENCY_PREFIX)
            && self.last.saturating_add(limits.idempotency_age) < now
    }
}

/// All copies together take up to half of the index's share.
const INDEX_SHARES: u64 = 2 * Windows::COPIES;
/// A window and its name's slot in the map, whose nodes are half full at worst.
const WINDOW_BYTES: usize = 200;
/// A node of the map of epochs, and how many it holds.
const LEAF_BYTES: usize = 472;
const LEAF: usize = 11;
/// Two numbers, in a vector that may be half empty.
const RANGE_BYTES: usize = 32;

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
        bytes_max: usize::MAX,
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
    fn windows_that_fill_their_memory_take_no_new_collector_and_forget_old_gaps() {
        let limits = DedupLimits {
            collectors_max: 1_000,
            ranges_max: 1_000,
            bytes_max: 10_000,
            ..LIMITS
        };
        let mut windows = Windows::default();
        // A batch of every second sequence: each is a range of its own.
        let mut sequence = 0;
        while windows.bytes() < limits.bytes_max {
            sequence += 2;
            windows.insert(&number("c", 1, sequence), day(0), &limits);
        }
        assert!(!windows.has_room(&number("d", 1, 1), &limits));
        assert!(windows.has_room(&number("c", 1, sequence), &limits));
        let full = windows.bytes();
        let later = number("c", 1, sequence + 2);
        windows.insert(&later, day(0), &limits);
        assert_eq!(windows.bytes(), full);
        assert_eq!(windows.check(&later, day(0), &limits), Verdict::Duplicate);
        // What was forgotten for it is refused, and never taken again.
        let verdict = windows.check(&number("c", 1, 2), day(0), &limits);
        assert_eq!(verdict, Verdict::TooOld);
    }

    #[test]
    fn windows_survive_their_text() {
        let windows = seen(&[number("c", 1, 1), number("c", 1, 3), number("d", 7, 2)]);
        let text = serde_json::to_string(&windows).unwrap();
        assert_eq!(serde_json::from_str::<Windows>(&text).unwrap(), windows);
    }
}
