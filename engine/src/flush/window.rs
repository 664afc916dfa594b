//! Which stretches of time the rows of a memtable lie in.

use std::collections::BTreeSet;
use std::sync::Arc;

use schema::{Span, TimeRange, Timestamp};

use crate::Settings;
use crate::memtable::Chunk;

/// Returns the windows that rows lie in, each to become a part, earliest first.
///
/// Rows of a long past, as an import brings them, are cut into the longer windows of compaction, so
/// that a flush does not write thousands of parts.
pub(crate) fn windows_of<'a>(
    chunks: impl Iterator<Item = &'a Arc<Chunk>> + Clone,
    settings: &Settings,
) -> Vec<TimeRange> {
    let short = cut(chunks.clone(), settings.window);
    if short.len() <= WINDOWS_MAX {
        return short;
    }
    let mut windows = short;
    for length in &settings.compaction.windows {
        windows = cut(chunks.clone(), *length);
        if windows.len() <= WINDOWS_MAX {
            break;
        }
    }
    windows
}

fn cut<'a>(chunks: impl Iterator<Item = &'a Arc<Chunk>>, length: Span) -> Vec<TimeRange> {
    let mut windows = BTreeSet::new();
    for chunk in chunks {
        let mut last = aligned(chunk.time_min, length);
        windows.insert(last.start);
        if last.contains(Timestamp::from_nanos(chunk.time_max)) {
            continue;
        }
        for time in &chunk.time {
            if !last.contains(Timestamp::from_nanos(*time)) {
                last = aligned(*time, length);
                windows.insert(last.start);
            }
        }
    }
    windows
        .into_iter()
        .map(|start| aligned(start.nanos(), length))
        .collect()
}

/// Returns the window of this length that a moment lies in; windows are counted from the epoch.
///
/// Two windows are equal or have no moment in common; the first and the last of all time are cut short.
pub(crate) fn aligned(time: i64, length: Span) -> TimeRange {
    let (time, length) = (i128::from(time), i128::from(length.nanos().max(1)));
    let start = time - time.rem_euclid(length);
    TimeRange {
        start: nearest(start),
        end: nearest(start + length),
    }
}

/// Returns the moment, or the one nearest to it that can be told.
fn nearest(nanos: i128) -> Timestamp {
    let out_of_range = if nanos < 0 { i64::MIN } else { i64::MAX };
    Timestamp::from_nanos(i64::try_from(nanos).unwrap_or(out_of_range))
}

/// Windows that one flush cuts a table into before it takes longer ones.
const WINDOWS_MAX: usize = 32;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use schema::{Span, Timestamp};

    use super::aligned;

    proptest! {
        #[test]
        fn every_moment_lies_in_its_window(time in any::<i64>()) {
            let window = aligned(time, Span::from_secs(7_200));
            // The first and the last window of all time are cut short.
            let inside = window.contains(Timestamp::from_nanos(time));
            prop_assert!(inside || time == i64::MAX);
        }

        #[test]
        fn windows_are_equal_or_apart(
            time in prop_oneof![any::<i64>(), Just(i64::MIN), Just(i64::MAX)],
            step in -20_000_000_000_000i64..20_000_000_000_000,
            seconds in 1u32..2_000_000,
        ) {
            let length = Span::from_secs(seconds);
            let (one, other) = (aligned(time, length), aligned(time.saturating_add(step), length));
            prop_assert!(one == other || one.end <= other.start || other.end <= one.start);
        }
    }

    #[test]
    fn the_first_window_of_all_time_ends_where_the_second_begins() {
        let length = Span::from_secs(7_200);
        let (first, second) = (
            aligned(i64::MIN, length),
            aligned(-9_223_365_000_000_000_000, length),
        );
        assert_eq!(first.start, Timestamp::MIN);
        assert_eq!(first.end, second.start);
    }
}
