//! When each job of a lane is due. Pure: time comes in, a decision goes out.

use std::time::Duration;

use platform::MonotonicNanos;

/// The jobs of a lane by their next time.
#[derive(Debug)]
pub(super) struct Timetable {
    entries: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    interval: Duration,
    next: MonotonicNanos,
}

/// What to do now.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Decision {
    /// The jobs that are due, by position.
    pub(super) due: Vec<usize>,
    /// Ticks that went by while something else was running.
    pub(super) skipped: u64,
    /// When to look again.
    pub(super) wake: Option<MonotonicNanos>,
}

impl Timetable {
    /// Returns a timetable whose jobs are all due first at `first`.
    pub(super) fn new(intervals: &[Duration], first: MonotonicNanos) -> Self {
        let entry = |interval: &Duration| Entry {
            interval: *interval,
            next: first,
        };
        Self {
            entries: intervals.iter().map(entry).collect(),
        }
    }

    /// Returns what is due. A job that is late by whole intervals runs once; the others are skipped,
    /// and it stays in step with its beginning.
    pub(super) fn poll(&mut self, now: MonotonicNanos) -> Decision {
        let (mut due, mut skipped) = (Vec::new(), 0);
        for (position, entry) in self.entries.iter_mut().enumerate() {
            if entry.next > now {
                continue;
            }
            let interval = u64::try_from(entry.interval.as_nanos())
                .unwrap_or(u64::MAX)
                .max(1);
            let missed = (now.0 - entry.next.0) / interval;
            entry.next = MonotonicNanos(
                entry
                    .next
                    .0
                    .saturating_add((missed + 1).saturating_mul(interval)),
            );
            due.push(position);
            skipped += missed;
        }
        let wake = self.entries.iter().map(|entry| entry.next).min();
        Decision { due, skipped, wake }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use platform::MonotonicNanos;

    use super::{Decision, Timetable};

    fn at(seconds: u64) -> MonotonicNanos {
        MonotonicNanos(seconds * 1_000_000_000)
    }

    fn decision(due: &[usize], skipped: u64, wake: u64) -> Decision {
        Decision {
            due: due.to_vec(),
            skipped,
            wake: Some(at(wake)),
        }
    }

    #[test]
    fn jobs_are_due_in_step_with_their_beginning() {
        let mut table = Timetable::new(&[Duration::from_secs(1), Duration::from_secs(3)], at(10));
        assert_eq!(table.poll(at(9)), decision(&[], 0, 10));
        assert_eq!(table.poll(at(10)), decision(&[0, 1], 0, 11));
        assert_eq!(table.poll(at(11)), decision(&[0], 0, 12));
        assert_eq!(table.poll(at(13)), decision(&[0, 1], 1, 14));
    }

    #[test]
    fn ticks_that_went_by_are_counted_not_made_up_for() {
        let mut table = Timetable::new(&[Duration::from_secs(1)], at(0));
        assert_eq!(table.poll(at(7)), decision(&[0], 7, 8));
        assert_eq!(table.poll(at(7)), decision(&[], 0, 8));
    }

    #[test]
    fn a_lane_without_jobs_never_wakes() {
        let nothing = Decision {
            due: Vec::new(),
            skipped: 0,
            wake: None,
        };
        assert_eq!(Timetable::new(&[], at(0)).poll(at(5)), nothing);
    }
}
