//! What a row of `waits` tells at least: the entropy of the draws behind it.
//!
//! A backend is a chain of seconds; who knows the one before needs for the next:
//!
//! | draw | when | bits |
//! |---|---|---|
//! | begins or stays idle | a second after an idle one | H(0.05) |
//! | ends or goes on | a second after a busy one | H(0.2) |
//! | another process, and its pid | begins | H(0.01) + 0.01 × log2 60 000 |
//! | query, type of backend, state, wait | begins | log2 100, and the entropies of their distributions |
//! | wait | goes on | that of the next one, given that before: with 0.333 a new one is drawn, which may be the same |
//!
//! The type of a wait follows from the wait, the other texts and the tags from the backend; the time
//! is the second. What is drawn once a backend is left out, as is the order of rows of one second.

use super::WaitShape;
use super::backend::{Busy, CHANGE_PERMILLE, END_PERMILLE, PID_PERMILLE, PIDS, QUERIES};
use super::backend::{START_PERMILLE, STATE_PERMILLE, wait_chances};
use crate::entropy::{binary_bits, surprise, uniform_bits};

impl WaitShape {
    /// Returns the entropy of an average row, in bits; the same for every seed.
    pub(crate) fn model_bits_per_row() -> f64 {
        let [start, end, state] = [START_PERMILLE, END_PERMILLE, STATE_PERMILLE].map(share);
        let busy = start / (start + end);
        let idle = 1.0 - busy;
        let waits = wait_chances();
        let begin = new_process_bits() + uniform_bits(QUERIES) + type_bits();
        let begin = begin + binary_bits(state) + waits.iter().copied().map(surprise).sum::<f64>();
        let a_second = idle * binary_bits(start)
            + idle * start * begin
            + busy * binary_bits(end)
            + busy * (1.0 - end) * next_wait_bits(&waits);
        a_second / busy
    }
}

fn new_process_bits() -> f64 {
    binary_bits(share(PID_PERMILLE)) + share(PID_PERMILLE) * uniform_bits(PIDS)
}

fn type_bits() -> f64 {
    let chances = Busy::type_chances();
    chances.iter().copied().map(surprise).sum()
}

/// Returns the entropy of a wait given the one before it in the same busy stretch.
fn next_wait_bits(waits: &[f64]) -> f64 {
    let change = share(CHANGE_PERMILLE);
    let given = |before: usize| -> f64 {
        let next = waits.iter().enumerate().map(|(wait, chance)| {
            let stays = if wait == before { 1.0 - change } else { 0.0 };
            surprise(stays + change * chance)
        });
        next.sum()
    };
    let weighted = waits.iter().enumerate();
    weighted.map(|(wait, chance)| chance * given(wait)).sum()
}

fn share(permille: u32) -> f64 {
    f64::from(permille) / 1_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chances_add_up_to_one() {
        assert!((wait_chances().iter().sum::<f64>() - 1.0).abs() < 1e-12);
        assert!((Busy::type_chances().iter().sum::<f64>() - 1.0).abs() < 1e-12);
    }

    #[test]
    fn a_wait_that_is_never_drawn_again_tells_nothing() {
        assert!(next_wait_bits(&[1.0]).abs() < 1e-12);
        // One of two equal ones: it stays with 0.667 + 0.333 / 2.
        let bits = next_wait_bits(&[0.5, 0.5]);
        assert!((bits - binary_bits(0.1665)).abs() < 1e-12, "{bits}");
    }

    #[test]
    fn a_row_tells_a_few_bits() {
        let bits = WaitShape::model_bits_per_row();
        assert!((4.0..8.0).contains(&bits), "{bits}");
    }
}
