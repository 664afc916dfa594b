//! The sequences seen of one epoch, as ranges, so that gaps cost little and none is forgotten early.

use serde::{Deserialize, Serialize};

use super::Verdict;

/// Sequences as ranges that rise and do not touch.
///
/// What lies at or below `floor` is not remembered any more.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sequences {
    floor: u64,
    ranges: Vec<(u64, u64)>,
}

impl Sequences {
    /// Tells whether a sequence was seen.
    pub(crate) fn check(&self, sequence: u64) -> Verdict {
        let at = self.ranges.partition_point(|(_, last)| *last < sequence);
        match self.ranges.get(at) {
            Some((first, _)) if *first <= sequence => Verdict::Duplicate,
            _ if sequence <= self.floor => Verdict::TooOld,
            _ => Verdict::Fresh,
        }
    }

    /// Remembers a sequence; past `ranges_max` ranges the lowest is forgotten and the floor rises.
    pub(crate) fn insert(&mut self, sequence: u64, ranges_max: usize) {
        let at = self
            .ranges
            .partition_point(|(_, last)| last.saturating_add(1) < sequence);
        match self.ranges.get_mut(at) {
            Some((first, last)) if first.saturating_sub(1) <= sequence => {
                *first = sequence.min(*first);
                *last = sequence.max(*last);
                self.close_gap(at);
            }
            _ => self.ranges.insert(at, (sequence, sequence)),
        }
        while self.ranges.len() > ranges_max {
            let (_, last) = self.ranges.remove(0);
            self.floor = self.floor.max(last);
        }
    }

    /// Returns the number of ranges.
    pub(crate) fn range_count(&self) -> usize {
        self.ranges.len()
    }

    fn close_gap(&mut self, at: usize) {
        let next = self.ranges.get(at + 1).copied();
        if let (Some((_, last)), Some((next_first, next_last))) = (self.ranges.get_mut(at), next)
            && last.saturating_add(1) >= next_first
        {
            *last = next_last.max(*last);
            self.ranges.remove(at + 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::{Sequences, Verdict};

    #[test]
    fn below_the_floor_nothing_is_taken_or_called_a_duplicate() {
        let mut seen = Sequences::default();
        for sequence in [1, 3, 5] {
            seen.insert(sequence, 2);
        }
        assert_eq!(seen.check(1), Verdict::TooOld);
        assert_eq!(seen.check(2), Verdict::Fresh);
        assert_eq!(seen.check(3), Verdict::Duplicate);
        assert_eq!(seen.check(6), Verdict::Fresh);
    }

    proptest! {
        #[test]
        fn with_room_it_is_a_set(sent in prop::collection::vec(1u64..40, 0..80)) {
            let (mut seen, mut model) = (Sequences::default(), BTreeSet::new());
            for sequence in sent {
                let expected = if model.insert(sequence) { Verdict::Fresh } else { Verdict::Duplicate };
                prop_assert_eq!(seen.check(sequence), expected);
                seen.insert(sequence, 100);
            }
            prop_assert!(seen.ranges.windows(2).all(|pair| pair[0].1 + 1 < pair[1].0));
        }

        #[test]
        fn without_room_nothing_seen_is_fresh_again(sent in prop::collection::vec(1u64..40, 0..80)) {
            let (mut seen, mut model) = (Sequences::default(), BTreeSet::new());
            for sequence in sent {
                if seen.check(sequence) == Verdict::Fresh {
                    prop_assert!(model.insert(sequence), "{} was taken twice", sequence);
                    seen.insert(sequence, 3);
                }
            }
        }
    }
}
