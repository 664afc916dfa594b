//! One statement: its tags, its character, and what it adds in a minute.

use super::ACTIVE_PERMILLE;
use crate::generate::Random;

/// A statement of an instance.
#[derive(Debug, Clone)]
pub(super) struct Statement {
    random: Random,
    tags: [String; 4],
    character: Character,
}

/// What one call does, on average.
#[derive(Debug, Clone, Copy)]
struct Character {
    calls: u32,
    rows: u32,
    blocks: u32,
    records: u32,
    microseconds: u32,
}

/// What a statement added in a minute.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Increase {
    /// In the order of the table's whole-numbered fields.
    pub(super) counts: [i64; 7],
    /// In milliseconds.
    pub(super) total_exec_time: f64,
}

impl Statement {
    /// Draws a statement; `number` is its own among those of all instances.
    pub(super) fn new(seed: u64, instance: u32, number: u32) -> Self {
        let mut random = Random::new(seed, STATEMENT_STREAMS + u64::from(number));
        let tags = [
            format!("pg-{instance:02}"),
            format!("app_{}", random.below(3)),
            format!("role_{}", random.below(4)),
            random.next().cast_signed().to_string(),
        ];
        let character = Character::draw(&mut random);
        Self {
            random,
            tags,
            character,
        }
    }

    /// Returns the values of the tags, in the order of the table's.
    pub(super) fn tags(&self) -> &[String; 4] {
        &self.tags
    }

    /// Returns what the next minute added.
    pub(super) fn minute(&mut self) -> Increase {
        let random = &mut self.random;
        if !random.chance(ACTIVE_PERMILLE) {
            return Increase::default();
        }
        let it = self.character;
        let calls = 1 + random.below(2 * it.calls);
        let mut around =
            |each: u32| i64::from(calls) * i64::from(each) + i64::from(random.below(calls));
        let (rows, hit) = (around(it.rows), around(it.blocks));
        let records = if it.records == 0 {
            0
        } else {
            around(it.records)
        };
        let microseconds = around(it.microseconds);
        let read = if random.chance(100) { hit / 16 } else { 0 };
        let wal_bytes = records * i64::from(60 + random.below(40));
        let counts = [
            calls.into(),
            rows,
            hit,
            read,
            records / 4,
            records,
            wal_bytes,
        ];
        Increase {
            counts,
            total_exec_time: milliseconds(microseconds),
        }
    }
}

impl Character {
    /// Draws a character; magnitudes are drawn, not amounts, so that most statements are small.
    fn draw(random: &mut Random) -> Self {
        let mut magnitude = |bits: u32| {
            let bound = 2 << random.below(bits);
            1 + random.below(bound - 1)
        };
        let (calls, rows, blocks) = (magnitude(9), magnitude(7), magnitude(8));
        let (records, microseconds) = (magnitude(4), magnitude(16));
        Self {
            calls,
            rows,
            blocks,
            records: if random.chance(500) { records } else { 0 },
            microseconds,
        }
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a minute's microseconds are far below 2^53"
)]
fn milliseconds(microseconds: i64) -> f64 {
    microseconds as f64 / 1_000.0
}

/// Keeps these streams apart from those of `cpu` under one seed.
const STATEMENT_STREAMS: u64 = 1 << 40;
