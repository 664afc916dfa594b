//! Random bytes for keys, salts, nonces and ids.

use std::fmt::{self, Debug};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::random::{GAMMA, mix};

/// Gives random bytes.
pub trait Entropy: Debug + Send + Sync + 'static {
    /// Fills `out` with random bytes.
    ///
    /// # Panics
    /// When the operating system has none to give: a key or nonce that is not random is worse than
    /// no process.
    fn fill(&self, out: &mut [u8]);
}

/// The operating system's cryptographic generator.
#[derive(Debug, Clone, Copy, Default)]
pub struct OsEntropy;

impl Entropy for OsEntropy {
    fn fill(&self, out: &mut [u8]) {
        getrandom::fill(out).expect("the kernel gives random bytes once it has booted");
    }
}

/// Bytes that follow from a seed, so that a simulated run can be repeated.
///
/// Threads that share one take turns at the sequence, so that only a run in which the order of
/// calls is fixed repeats itself. It must never make a key that protects anything.
pub struct SimEntropy {
    state: AtomicU64,
}

impl SimEntropy {
    /// Starts the sequence of `seed`.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self {
            state: AtomicU64::new(seed),
        }
    }
}

impl Entropy for SimEntropy {
    fn fill(&self, out: &mut [u8]) {
        for chunk in out.chunks_mut(size_of::<u64>()) {
            let position = self
                .state
                .fetch_add(GAMMA, Ordering::SeqCst)
                .wrapping_add(GAMMA);
            for (byte, random) in chunk.iter_mut().zip(mix(position).to_le_bytes()) {
                *byte = random;
            }
        }
    }
}

impl Debug for SimEntropy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The position gives away every key that was drawn, so it stays out even in a simulation.
        f.debug_struct("SimEntropy").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draw(entropy: &dyn Entropy, bytes: usize) -> Vec<u8> {
        let mut out = vec![0; bytes];
        entropy.fill(&mut out);
        out
    }

    #[test]
    fn same_seed_gives_same_bytes_and_another_seed_others() {
        let first = draw(&SimEntropy::new(1), 100);
        assert_eq!(first, draw(&SimEntropy::new(1), 100));
        assert_ne!(first, draw(&SimEntropy::new(2), 100));
    }

    #[test]
    fn a_sequence_goes_on_and_does_not_repeat() {
        let entropy = SimEntropy::new(3);
        assert_ne!(draw(&entropy, 32), draw(&entropy, 32));
    }

    #[test]
    fn lengths_that_are_no_multiple_of_eight_are_filled_to_the_end() {
        let zeros_at_end = (0..64u64).filter(|seed| draw(&SimEntropy::new(*seed), 13)[12] == 0);
        assert!(zeros_at_end.count() < 8);
    }

    #[test]
    fn operating_system_gives_different_bytes_each_time() {
        assert_ne!(draw(&OsEntropy, 32), draw(&OsEntropy, 32));
    }

    #[test]
    fn debug_does_not_tell_the_position() {
        assert_eq!(format!("{:?}", SimEntropy::new(42)), "SimEntropy { .. }");
    }
}
