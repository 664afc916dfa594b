//! One statement: its tags, its character, and its counters, minute by minute.

use super::{ACTIVE_PERMILLE, HITS_PER_READ, READ_MICROSECONDS, READ_PERMILLE, WAL_RECORD_BYTES};
use crate::generate::Random;

/// A statement of an instance.
#[derive(Debug, Clone)]
pub(super) struct Statement {
    random: Random,
    tags: [String; 4],
    character: Character,
    counters: Counters,
}

/// What one call does, on average, and how many there are in an active minute.
#[derive(Debug, Clone, Copy)]
pub(super) struct Character {
    pub(super) calls: u32,
    pub(super) rows: u32,
    pub(super) blocks: u32,
    pub(super) records: u32,
    pub(super) microseconds: u32,
}

/// What a statement has done so far, or in a minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Counters {
    /// In the order of the table's whole-numbered fields.
    pub(super) counts: [i64; 6],
    /// In the order of the table's fractional fields.
    pub(super) microseconds: [i64; 2],
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
        let minutes_before = random.below(ACTIVE_MINUTES_BEFORE);
        Self {
            counters: character.average().times(minutes_before.into()),
            random,
            tags,
            character,
        }
    }

    /// Returns the values of the tags, in the order of the table's.
    pub(super) fn tags(&self) -> &[String; 4] {
        &self.tags
    }

    /// Returns what its minutes vary around.
    pub(super) fn character(&self) -> &Character {
        &self.character
    }

    /// Lets a minute pass and returns the counters at its end.
    pub(super) fn minute(&mut self) -> &Counters {
        if self.random.chance(ACTIVE_PERMILLE) {
            let more = self.character.minute(&mut self.random);
            self.counters.add(&more);
        }
        &self.counters
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

    /// Draws what an active minute adds; every draw that can be told from the counters is accounted
    /// for in `entropy`.
    fn minute(self, random: &mut Random) -> Counters {
        let calls = 1 + random.below(2 * self.calls);
        let mut around =
            |each: u32| i64::from(calls) * i64::from(each) + i64::from(random.below(calls));
        let (rows, hit, microseconds) = (
            around(self.rows),
            around(self.blocks),
            around(self.microseconds),
        );
        let records = if self.records == 0 {
            0
        } else {
            around(self.records)
        };
        let read = if random.chance(READ_PERMILLE) {
            hit / HITS_PER_READ
        } else {
            0
        };
        let each = |random: &mut Random, (least, more)| i64::from(least + random.below(more));
        let wal_bytes = records * each(random, WAL_RECORD_BYTES);
        Counters {
            counts: [calls.into(), rows, hit, read, records, wal_bytes],
            microseconds: [microseconds, read * each(random, READ_MICROSECONDS)],
        }
    }

    /// Returns about what an active minute adds.
    fn average(self) -> Counters {
        let calls = i64::from(self.calls);
        let [rows, hit, records, microseconds] =
            [self.rows, self.blocks, self.records, self.microseconds]
                .map(|each| calls * i64::from(each));
        let read = hit / HITS_PER_READ / 10;
        Counters {
            counts: [calls, rows, hit, read, records, records * 80],
            microseconds: [microseconds, read * 150],
        }
    }
}

impl Counters {
    fn add(&mut self, more: &Self) {
        let counts = self.counts.iter_mut().zip(more.counts);
        let times = self.microseconds.iter_mut().zip(more.microseconds);
        counts.chain(times).for_each(|(sum, more)| *sum += more);
    }

    fn times(mut self, factor: i64) -> Self {
        let counts = self.counts.iter_mut();
        counts
            .chain(&mut self.microseconds)
            .for_each(|counter| *counter *= factor);
        self
    }
}

/// Keeps these streams apart from those of `cpu` under one seed.
const STATEMENT_STREAMS: u64 = 1 << 40;
/// The most active minutes that a statement has behind it when the data set begins.
const ACTIVE_MINUTES_BEFORE: u32 = 6_000;
