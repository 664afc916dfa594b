//! How much of a file's pending sectors a power cut leaves.

use crate::random::Random;

/// What a power cut leaves of one file's pending sectors.
///
/// The extremes are drawn as often as the mixtures: with many sectors, chance alone would never
/// show that everything, or nothing, was written back in time.
#[derive(Debug, Clone, Copy)]
pub(super) enum Survival {
    Nothing,
    Everything,
    /// The sectors before this one: a long write that was cut short.
    Before(u64),
    /// Each sector by itself, now and then in an earlier version.
    Any,
}

impl Survival {
    /// Chooses for a file with these pending sectors.
    pub(super) fn draw(
        random: &mut Random,
        mut pending: impl Iterator<Item = u64> + Clone,
    ) -> Self {
        match random.below(4) {
            0 => Self::Nothing,
            1 => Self::Everything,
            2 => {
                let choice = random.below(pending.clone().count() as u64);
                let end = usize::try_from(choice)
                    .ok()
                    .and_then(|nth| pending.nth(nth));
                Self::Before(end.unwrap_or(0))
            }
            _ => Self::Any,
        }
    }

    /// Returns whether a pending sector was written back, in whatever version.
    pub(super) const fn is_written(self, index: u64, random: &mut Random) -> bool {
        match self {
            Self::Nothing => false,
            Self::Everything => true,
            Self::Before(end) => index < end,
            Self::Any => random.one_in(2),
        }
    }

    /// Returns which of the `count` versions before the last one was written back, if any was.
    pub(super) fn older_version(self, count: usize, random: &mut Random) -> Option<usize> {
        if !matches!(self, Self::Any) || !random.one_in(4) {
            return None;
        }
        usize::try_from(random.below(count as u64)).ok()
    }
}
