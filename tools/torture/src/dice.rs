//! Chances that follow from a seed.

use platform::{Entropy, SimEntropy};

/// A sequence of numbers given by a seed.
#[derive(Debug)]
pub struct Dice(SimEntropy);

impl Dice {
    /// Starts the sequence of `seed`.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(SimEntropy::new(seed))
    }

    /// Returns the next number.
    pub fn number(&mut self) -> u64 {
        let mut bytes = [0; 8];
        self.0.fill(&mut bytes);
        u64::from_le_bytes(bytes)
    }

    /// Returns a number below `bound`, or 0 when `bound` is 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.number().checked_rem(bound).unwrap_or(0)
    }

    /// Returns true every `n`th time on average.
    pub fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    /// Returns one of some values.
    ///
    /// # Panics
    /// When there is none.
    pub fn pick<T: Copy>(&mut self, values: &[T]) -> T {
        let choice = usize::try_from(self.below(values.len() as u64)).unwrap_or(0);
        *values.get(choice).expect("there is a value to pick")
    }
}
