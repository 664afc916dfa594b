//! Which sources of a data set one connection sends, and where in time it stands.

/// A connection's part of the sources (hosts, instances): those whose number, divided by the number
/// of connections, leaves the connection's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Share {
    /// Which connection, from 0.
    pub(crate) index: u32,
    /// How many there are.
    pub(crate) count: u32,
}

impl Share {
    /// All of a data set.
    pub(crate) const WHOLE: Self = Self { index: 0, count: 1 };

    /// Returns the shares of so many connections.
    pub(crate) fn split(count: u32) -> impl Iterator<Item = Self> {
        (0..count).map(move |index| Self { index, count })
    }

    /// Returns the sources of this share, out of `sources`.
    pub(crate) fn of(self, sources: u32) -> impl Iterator<Item = u32> {
        (self.index..sources).step_by(self.count.max(1) as usize)
    }
}

/// A walk over ticks and, within each, over sources: the order in which rows come.
#[derive(Debug, Clone)]
pub(crate) struct Ticks {
    tick: i64,
    ticks: i64,
    source: usize,
    sources: usize,
}

impl Ticks {
    /// Begins at the first source of the first of `ticks` ticks.
    pub(crate) fn new(ticks: i64, sources: usize) -> Self {
        let ticks = if sources == 0 { 0 } else { ticks };
        Self {
            tick: 0,
            ticks,
            source: 0,
            sources,
        }
    }
}

impl Iterator for Ticks {
    /// The tick and the source's place in the share.
    type Item = (i64, usize);

    fn next(&mut self) -> Option<Self::Item> {
        if self.tick >= self.ticks {
            return None;
        }
        let place = (self.tick, self.source);
        self.source += 1;
        if self.source == self.sources {
            self.source = 0;
            self.tick += 1;
        }
        Some(place)
    }
}

#[cfg(test)]
mod tests {
    use super::{Share, Ticks};

    #[test]
    fn shares_hold_every_source_once() {
        for count in [1, 2, 3, 7, 12] {
            let mut sources: Vec<u32> =
                Share::split(count).flat_map(|share| share.of(10)).collect();
            sources.sort_unstable();
            assert_eq!(sources, (0..10).collect::<Vec<_>>(), "{count}");
        }
    }

    #[test]
    fn a_walk_goes_tick_by_tick_over_all_sources() {
        let walk: Vec<_> = Ticks::new(2, 2).collect();
        assert_eq!(walk, [(0, 0), (0, 1), (1, 0), (1, 1)]);
        assert_eq!(Ticks::new(5, 0).next(), None);
        assert_eq!(Ticks::new(0, 5).next(), None);
    }
}
