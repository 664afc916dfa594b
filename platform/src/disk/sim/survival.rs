//! How much of a file's pending sectors a power cut leaves.

use super::image::{PAGE_BYTES, SECTOR_BYTES};
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
}

/// What a power cut leaves of one file, sector by sector.
///
/// Half of all devices write 512 bytes at once, the others 4096: of those a page is there whole or
/// not at all.
#[derive(Debug)]
pub(super) struct Tear {
    survival: Survival,
    /// Sectors that the device writes at once.
    unit: u64,
    /// The unit that was asked for last, and whether it was written back.
    drawn: Option<(u64, bool)>,
}

impl Tear {
    pub(super) const fn new(survival: Survival, random: &mut Random) -> Self {
        Self {
            survival,
            unit: if random.one_in(2) {
                1
            } else {
                SECTORS_PER_PAGE
            },
            drawn: None,
        }
    }

    /// Returns whether a pending sector was written back, in whatever version. Asked in their order.
    pub(super) fn is_written(&mut self, index: u64, random: &mut Random) -> bool {
        let unit = index / self.unit;
        match self.survival {
            Survival::Nothing => false,
            Survival::Everything => true,
            Survival::Before(end) => unit * self.unit < end,
            Survival::Any => match self.drawn {
                Some((drawn, is_written)) if drawn == unit => is_written,
                _ => {
                    let is_written = random.one_in(2);
                    self.drawn = Some((unit, is_written));
                    is_written
                }
            },
        }
    }

    /// Returns which of the `count` versions before the last one was written back, if any was.
    pub(super) fn older_version(&self, count: usize, random: &mut Random) -> Option<usize> {
        let may_mix = matches!(self.survival, Survival::Any) && self.unit == 1;
        if !may_mix || !random.one_in(2) {
            return None;
        }
        usize::try_from(random.below(count as u64)).ok()
    }
}

const SECTORS_PER_PAGE: u64 = PAGE_BYTES / SECTOR_BYTES;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_tear_between_sectors_or_between_pages() {
        let (mut by_sector, mut by_page) = (0, 0);
        for seed in 0..64 {
            let random = &mut Random::new(seed);
            let mut tear = Tear::new(Survival::Any, random);
            let written: Vec<bool> = (0..32).map(|at| tear.is_written(at, random)).collect();
            let is_whole = |page: &[bool]| page.iter().all(|sector| *sector == page[0]);
            let is_by_page = tear.unit == SECTORS_PER_PAGE;
            if is_by_page {
                by_page += 1;
                assert!(written.chunks(8).all(is_whole), "{written:?}");
            } else if !written.chunks(8).all(is_whole) {
                by_sector += 1;
            }
        }
        assert!(by_sector > 16 && by_page > 16, "{by_sector} {by_page}");
    }
}
