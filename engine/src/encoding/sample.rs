//! Rows picked from four vectors, by which the chooser reckons what packing would take.

use super::window::estimated_bits;

/// Values and differences of some rows, vector by vector, each sorted.
#[derive(Debug)]
pub(super) struct Sample {
    vectors: Vec<Vector>,
    rows: usize,
}

#[derive(Debug)]
struct Vector {
    rows: usize,
    values: Vec<i64>,
    deltas: Vec<i64>,
}

impl Sample {
    /// Picks the rows.
    pub(super) fn of(values: &[i64]) -> Self {
        let vectors = values.len().div_ceil(VECTOR_ROWS);
        let gap = vectors.div_ceil(VECTORS).max(1);
        let picked = values.chunks(VECTOR_ROWS).step_by(gap);
        Self {
            vectors: picked.map(Vector::of).collect(),
            rows: values.len(),
        }
    }

    /// Returns the bits that the values would take, packed.
    pub(super) fn frame_bits(&self) -> u64 {
        self.scaled(|vector| estimated_bits(&vector.values, vector.rows))
    }

    /// Returns the bits that the differences would take, packed.
    pub(super) fn delta_bits(&self) -> u64 {
        self.scaled(|vector| estimated_bits(&vector.deltas, vector.rows))
    }

    /// Tells whether the values are few, and so far apart that numbering them saves bits.
    pub(super) fn is_scattered(&self) -> bool {
        let all = self.vectors.iter().flat_map(|vector| &vector.values);
        let mut all: Vec<i64> = all.copied().collect();
        let picked = all.len();
        all.sort_unstable();
        all.dedup();
        let (Some(least), Some(most)) = (all.first(), all.last()) else {
            return false;
        };
        let apart = most.wrapping_sub(*least).cast_unsigned() / all.len() as u64;
        all.len() * 2 <= picked && apart >= APART_MIN
    }

    fn scaled(&self, bits_of: impl Fn(&Vector) -> u64) -> u64 {
        let picked: usize = self.vectors.iter().map(|vector| vector.rows).sum();
        let bits: u64 = self
            .vectors
            .iter()
            .map(|vector| bits_of(vector) + VECTOR_BITS)
            .sum();
        let scaled = u128::from(bits) * self.rows as u128 / picked.max(1) as u128;
        u64::try_from(scaled).unwrap_or(u64::MAX)
    }
}

impl Vector {
    fn of(values: &[i64]) -> Self {
        let gap = values.len().div_ceil(ROWS).max(1);
        let mut picked: Vec<i64> = values.iter().step_by(gap).copied().collect();
        let pairs = values.iter().zip(values.iter().skip(1)).step_by(gap);
        let mut deltas: Vec<i64> = pairs.map(|(a, b)| b.wrapping_sub(*a)).collect();
        picked.sort_unstable();
        deltas.sort_unstable();
        Self {
            rows: values.len(),
            values: picked,
            deltas,
        }
    }
}

const VECTOR_ROWS: usize = 1_024;
const VECTORS: usize = 4;
const ROWS: usize = 64;
/// What stands before the bits of a vector.
const VECTOR_BITS: u64 = 96;
/// How far apart, on average, values must lie to be worth numbering.
const APART_MIN: u64 = 4;
