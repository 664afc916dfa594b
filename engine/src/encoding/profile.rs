//! What one pass over integers shows; the chooser's first look.

/// The least and the greatest of values and of their differences.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Profile {
    /// The first value.
    pub(super) first: i64,
    /// The least value.
    pub(super) min: i64,
    /// The greatest value.
    pub(super) max: i64,
    /// The least difference from a row to the next, wrapping around.
    pub(super) delta_min: i64,
    /// The greatest difference, likewise.
    pub(super) delta_max: i64,
    /// Rows that differ from the one before.
    pub(super) changes: u64,
    /// Rows that are less than the one before.
    pub(super) falls: u64,
}

impl Profile {
    /// Looks at all values; nothing when there are none.
    pub(super) fn of(values: &[i64]) -> Option<Self> {
        let (first, later) = values.split_first()?;
        Some(over(*first, values, later))
    }

    /// Returns the step of values that rise or fall evenly: 0 if all are equal.
    pub(super) const fn step(&self) -> Option<i64> {
        match self.delta_min == self.delta_max {
            true => Some(self.delta_min),
            false => None,
        }
    }
}

platform::wide_fn! {
    fn over<'a>(first: i64, values: &'a [i64], later: &'a [i64]) -> Profile {
        let mut profile = Profile {
            first,
            min: first,
            max: first,
            delta_min: i64::MAX,
            delta_max: i64::MIN,
            changes: 0,
            falls: 0,
        };
        for (before, value) in values.iter().zip(later) {
            let delta = value.wrapping_sub(*before);
            profile.min = profile.min.min(*value);
            profile.max = profile.max.max(*value);
            profile.delta_min = profile.delta_min.min(delta);
            profile.delta_max = profile.delta_max.max(delta);
            profile.changes += u64::from(value != before);
            profile.falls += u64::from(value < before);
        }
        profile
    }
}
