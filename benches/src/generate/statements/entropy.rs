//! What a row of `statements` tells at least: the entropy of the draws behind it.
//!
//! Everything that can be told from the counters, given each statement's character and the counters
//! before, is one of these draws, and each is independent of the others:
//!
//! | draw | when | bits |
//! |---|---|---|
//! | moment of the sample | once for the rows of an instance and minute | log2 250 |
//! | active or idle | every row | H(0.12) |
//! | calls, from 1 to 2 *c* | active | log2 2 *c* |
//! | rows, blocks hit, microseconds: *calls* × *each* and from 0 to *calls* − 1 more | active | log2 *calls*, each of the three |
//! | log records, likewise | active, and the statement writes | log2 *calls* |
//! | bytes of a log record | active, and there are records | log2 40 |
//! | read from disk or not | active, and 16 blocks or more are hit | H(0.1) |
//! | microseconds of reading a block | active, and something is read | log2 100 |
//!
//! Characters, tags and where counters begin are drawn once a statement; over hours they are next to
//! nothing and are left out.

use super::statement::{Character, Statement};
use super::{ACTIVE_PERMILLE, HITS_PER_READ, JITTER_MILLISECONDS, READ_MICROSECONDS};
use super::{READ_PERMILLE, StatementShape, WAL_RECORD_BYTES};
use crate::entropy::{binary_bits, uniform_bits};

impl StatementShape {
    /// Returns the entropy of an average row, in bits.
    pub(crate) fn model_bits_per_row(self) -> f64 {
        let per_instance = self.statements;
        let numbers = (0..self.instances)
            .flat_map(|instance| (0..per_instance).map(move |n| (instance, n)))
            .map(|(instance, n)| (instance, instance * per_instance + n));
        let bits: f64 = numbers
            .map(|(instance, number)| Statement::new(self.seed, instance, number))
            .map(|statement| statement.character().bits_per_active_minute())
            .sum();
        let statements = f64::from(self.instances * per_instance).max(1.0);
        let active = f64::from(ACTIVE_PERMILLE) / 1_000.0;
        let moment = uniform_bits(JITTER_MILLISECONDS) / f64::from(per_instance).max(1.0);
        moment + binary_bits(active) + active * bits / statements
    }
}

impl Character {
    /// Returns the entropy of what an active minute adds, in bits.
    fn bits_per_active_minute(&self) -> f64 {
        let most = 2 * self.calls;
        let of_calls: f64 = (1..=most).map(|calls| self.bits_given(calls)).sum();
        uniform_bits(most) + of_calls / f64::from(most)
    }

    fn bits_given(&self, calls: u32) -> f64 {
        let writes = self.records > 0;
        let counts = if writes { 4.0 } else { 3.0 };
        let record = if writes {
            uniform_bits(WAL_RECORD_BYTES.1)
        } else {
            0.0
        };
        let may_read = self.chance_of_enough_hits(calls);
        let reads = f64::from(READ_PERMILLE) / 1_000.0;
        let reading = binary_bits(reads) + reads * uniform_bits(READ_MICROSECONDS.1);
        counts * uniform_bits(calls) + record + may_read * reading
    }

    /// Returns how likely so many calls hit so many blocks that a read would show.
    fn chance_of_enough_hits(&self, calls: u32) -> f64 {
        let least = i64::from(calls) * i64::from(self.blocks);
        let short = (HITS_PER_READ - least).clamp(0, calls.into());
        let short = u32::try_from(short).unwrap_or(calls);
        1.0 - f64::from(short) / f64::from(calls)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn character(calls: u32, blocks: u32, records: u32) -> Character {
        Character {
            calls,
            rows: 3,
            blocks,
            records,
            microseconds: 5,
        }
    }

    #[test]
    fn a_statement_of_one_or_two_calls_is_counted_by_hand() {
        // One or two calls: 1 bit. Two calls leave 1 bit in each of rows, blocks and time; 40 blocks
        // are always enough to read, which is 0.469 bits and in one of ten cases log2 100 = 6.644.
        let bits = character(1, 40, 0).bits_per_active_minute();
        assert!((bits - (1.0 + 1.5 + 0.469 + 0.664)).abs() < 0.001, "{bits}");
        // Log records are one more count, and log2 40 = 5.322 bits of bytes.
        let more = character(1, 40, 2).bits_per_active_minute();
        assert!((more - bits - 0.5 - 5.322).abs() < 0.001, "{more}");
    }

    #[test]
    fn reads_show_only_where_sixteen_blocks_are_hit() {
        let enough = |calls, blocks| character(8, blocks, 0).chance_of_enough_hits(calls);
        assert!((enough(1, 1), enough(2, 8)) == (0.0, 1.0));
        // Ten calls of one block hit 10 to 19 blocks, four of the ten numbers are 16 or more.
        assert!((enough(10, 1) - 0.4).abs() < 1e-9);
    }

    #[test]
    fn the_model_is_far_below_what_rows_take_plainly() {
        let bits = StatementShape::of_minutes(42, 60).model_bits_per_row();
        assert!((2.0..6.0).contains(&bits), "{bits}");
    }
}
