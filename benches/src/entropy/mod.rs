//! How little a data set could take: the bounds beside which bytes on disk are shown.
//!
//! | data set | bound |
//! |---|---|
//! | `cpu` | order-0 entropy of the differences within a field of a host: an encoder of differences, one by one, cannot go below |
//! | `statements`, `waits` | entropy of the generator's own draws, as far as they show in the rows, given what is drawn once a source: nothing that is lossless can go below, whatever it knows |
//!
//! The second is derived beside each generator. Both are in bytes for each value, as sizes are.

mod differences;
mod figures;

pub(crate) use differences::difference_bits;
pub(crate) use figures::EntropyFigures;

/// Returns the entropy of a draw out of so many equally likely ones, in bits.
pub(crate) fn uniform_bits(count: u32) -> f64 {
    f64::from(count.max(1)).log2()
}

/// Returns the entropy of a draw that says yes with this probability, in bits.
pub(crate) fn binary_bits(probability: f64) -> f64 {
    surprise(probability) + surprise(1.0 - probability)
}

/// Returns what an outcome of this probability adds to an entropy, in bits.
pub(crate) fn surprise(probability: f64) -> f64 {
    if probability > 0.0 {
        -probability * probability.log2()
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entropies_of_known_draws() {
        assert!((uniform_bits(256), uniform_bits(0)) == (8.0, 0.0));
        assert!((binary_bits(0.5) - 1.0).abs() < 1e-12);
        assert!((binary_bits(0.12) - 0.529_361).abs() < 1e-6);
        assert!((binary_bits(0.0), binary_bits(1.0)) == (0.0, 0.0));
    }
}
