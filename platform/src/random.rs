//! A small deterministic generator, SplitMix64: the dice of the simulated machine.
//!
//! It is not for keys, salts or nonces: those come from [`Entropy`](crate::Entropy).
//!
//! **Source**: Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014.

/// A sequence of numbers given by a seed.
#[derive(Debug, Clone)]
pub(crate) struct Random {
    state: u64,
}

impl Random {
    /// Starts the sequence of `seed`.
    pub(crate) const fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// Returns the next number of the sequence.
    pub(crate) const fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(GAMMA);
        mix(self.state)
    }

    /// Starts another sequence at a point given by this one.
    pub(crate) const fn split(&mut self) -> Self {
        Self::new(self.next())
    }

    /// Returns a number below `bound`, or 0 when `bound` is 0.
    ///
    /// The bias of the remainder is below 2⁻³² for the bounds used here.
    pub(crate) const fn below(&mut self, bound: u64) -> u64 {
        if bound == 0 {
            return 0;
        }
        self.next() % bound
    }

    /// Returns true every `n`th time on average; never for 0, always for 1.
    pub(crate) const fn one_in(&mut self, n: u64) -> bool {
        n != 0 && self.below(n) == 0
    }
}

/// Scrambles the position of a sequence into its value there.
pub(crate) const fn mix(position: u64) -> u64 {
    let z = (position ^ (position >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// The step between two positions: 2⁶⁴ divided by the golden ratio, made odd.
pub(crate) const GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sequence_is_the_published_one() {
        // The first values of the reference implementation for seed 1234567.
        let mut random = Random::new(1_234_567);
        assert_eq!(random.next(), 6_457_827_717_110_365_317);
        assert_eq!(random.next(), 3_203_168_211_198_807_973);
        assert_eq!(random.next(), 9_817_491_932_198_370_423);
    }

    #[test]
    fn below_stays_below_and_reaches_every_value() {
        let mut random = Random::new(7);
        let mut seen = [false; 5];
        for _ in 0..200 {
            seen[usize::try_from(random.below(5)).unwrap()] = true;
        }
        assert_eq!(seen, [true; 5]);
        assert_eq!(random.below(0), 0);
    }

    #[test]
    fn one_in_zero_never_happens_and_one_in_one_always() {
        let mut random = Random::new(9);
        assert!((0..100).all(|_| !random.one_in(0) && random.one_in(1)));
    }
}
