//! Where a scan is cut into strips of time: pure, by what is known of parts without opening them.
//!
//! ```text
//!   footers   ▆▆▆▆▆  ▆▆▆▆▆▆▆▆▆ ▆▆▆▆▆▆
//!                ▆▆▆▆▆▆    ▆▆▆▆      ▆▆▆   ─▶ time
//!   strips    └──────────┘└────┘└───────┘
//!                        clean  a part is in both
//! ```

use schema::{TimeRange, Timestamp};

/// A part as far as cutting goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Footed {
    /// The earliest and the latest time of its rows.
    pub(super) times: (i64, i64),
    /// What its footer takes in memory.
    pub(super) bytes: u64,
}

/// A stretch of time, and what the footers of the parts with rows in it take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cut {
    pub(super) time: TimeRange,
    pub(super) bytes: u64,
}

/// Cuts a range of time so that the footers of each strip take at most `bytes_max`, as far as they let
/// themselves be parted.
///
/// All rows of one moment are in one strip. Cuts are made where no part is in both strips if there is such
/// a place; else only where a strip lets go of a quarter of its bytes, so that whoever reads strip after
/// strip opens the same bytes at most four times. No strip takes more than `bytes_max`, or four thirds of
/// what parts take that share a moment, whichever is more.
pub(super) fn cut(mut parts: Vec<Footed>, range: &TimeRange, bytes_max: u64) -> Vec<Cut> {
    parts.sort_unstable_by_key(|part| part.times);
    let mut strips = Vec::new();
    let mut strip = Growing::from(range.start.nanos());
    for part in &parts {
        strip.look_for_gap(part);
        while strip.bytes + part.bytes > bytes_max {
            let Some(end) = strip.place_to_cut(part) else {
                break;
            };
            let next = strip.behind(end);
            strips.push(strip.closed(end));
            strip = next;
        }
        strip.add(part);
    }
    strips.push(strip.closed(range.end.nanos()));
    strips
}

/// A strip that takes parts, the one that begins first before the others.
struct Growing {
    start: i64,
    parts: Vec<Footed>,
    bytes: u64,
    /// The latest time of any part.
    reach: i64,
    /// The last place that no part so far lies across.
    gap: Option<i64>,
}

impl Growing {
    fn from(start: i64) -> Self {
        Self {
            start,
            parts: Vec::new(),
            bytes: 0,
            reach: i64::MIN,
            gap: None,
        }
    }

    fn add(&mut self, part: &Footed) {
        self.parts.push(*part);
        self.bytes += part.bytes;
        self.reach = self.reach.max(part.times.1);
    }

    /// Notes where the next part begins, if none of those before reaches there.
    fn look_for_gap(&mut self, next: &Footed) {
        if next.times.0 > self.start.max(self.reach) && !self.parts.is_empty() {
            self.gap = Some(next.times.0);
        }
    }

    /// Returns where the strip should end before a part that it has no room for.
    fn place_to_cut(&self, next: &Footed) -> Option<i64> {
        let worth_it = |end: &i64| {
            !self.parts.is_empty()
                && *end > self.start
                && self.behind(*end).bytes <= self.bytes / 4 * 3
        };
        self.gap.or_else(|| Some(next.times.0).filter(worth_it))
    }

    /// Returns the strip that begins at a place, with the parts of this one that reach there.
    fn behind(&self, start: i64) -> Self {
        let mut behind = Self::from(start);
        for part in self.parts.iter().filter(|part| part.times.1 >= start) {
            behind.add(part);
        }
        behind
    }

    /// Returns the strip up to a place that some of its parts may lie behind.
    fn closed(self, end: i64) -> Cut {
        let inside = self.parts.iter().filter(|part| part.times.0 < end);
        Cut {
            time: TimeRange {
                start: Timestamp::from_nanos(self.start),
                end: Timestamp::from_nanos(end),
            },
            bytes: inside.map(|part| part.bytes).sum(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use schema::{TimeRange, Timestamp};

    use super::{Cut, Footed, cut};

    fn range(start: i64, end: i64) -> TimeRange {
        TimeRange {
            start: Timestamp::from_nanos(start),
            end: Timestamp::from_nanos(end),
        }
    }

    fn parts(all: &[(i64, i64, u64)]) -> Vec<Footed> {
        let part = |(start, length, bytes): &(i64, i64, u64)| Footed {
            times: (*start, start + length),
            bytes: *bytes,
        };
        all.iter().map(part).collect()
    }

    /// Returns the bytes of the parts that have rows in a range.
    fn bytes_within(parts: &[Footed], range: &TimeRange) -> u64 {
        let (start, end) = (range.start.nanos(), range.end.nanos());
        let inside = parts
            .iter()
            .filter(|part| part.times.0 < end && start <= part.times.1);
        inside.map(|part| part.bytes).sum()
    }

    #[test]
    fn strips_end_where_no_part_is_in_two() {
        let parts = parts(&[(0, 9, 1), (5, 9, 1), (20, 9, 1), (25, 9, 1), (40, 5, 2)]);
        let cuts = cut(parts, &range(-100, 100), 3);
        let cut = |start, end, bytes| Cut {
            time: range(start, end),
            bytes,
        };
        assert_eq!(cuts, [cut(-100, 20, 2), cut(20, 40, 2), cut(40, 100, 2)]);
    }

    #[test]
    fn a_part_that_lies_across_everything_is_in_every_strip() {
        let parts = parts(&[(0, 99, 2), (0, 9, 2), (10, 9, 2), (20, 9, 2), (30, 9, 2)]);
        let cuts = cut(parts, &TimeRange::ALL, 4);
        assert_eq!(cuts.len(), 4);
        assert!(cuts.iter().all(|cut| cut.bytes == 4), "{cuts:?}");
    }

    proptest! {
        #[test]
        fn strips_cover_the_range_and_hold_no_more_than_they_must(
            all in prop::collection::vec((0i64..200, 0i64..60, 1u64..20), 1..40),
            (start, length) in (-5i64..100, 50i64..220),
            bytes_max in 1u64..200,
        ) {
            let whole = range(start, start + length);
            let parts = parts(&all);
            let within: Vec<Footed> = parts
                .into_iter()
                .filter(|part| part.times.0 < start + length && start <= part.times.1)
                .collect();
            let cuts = cut(within.clone(), &whole, bytes_max);
            prop_assert_eq!(cuts[0].time.start, whole.start);
            prop_assert_eq!(cuts[cuts.len() - 1].time.end, whole.end);
            prop_assert!(cuts.windows(2).all(|two| two[0].time.end == two[1].time.start));
            prop_assert!(cuts.iter().all(|cut| !cut.time.is_empty()));
            let moments = (start..start + length).map(|at| bytes_within(&within, &range(at, at + 1)));
            let densest = moments.max().unwrap_or(0);
            for cut in &cuts {
                prop_assert_eq!(cut.bytes, bytes_within(&within, &cut.time));
                prop_assert!(cut.bytes <= bytes_max.max(densest * 4 / 3 + 4), "{:?}", cuts);
            }
            let all = bytes_within(&within, &whole);
            let opened: u64 = cuts.iter().map(|cut| cut.bytes).sum();
            prop_assert!(all <= opened && opened <= 4 * all);
            prop_assert!(all > bytes_max || cuts.len() == 1);
        }
    }
}
