//! Batches by chance: several collectors, rows that meet, come late or out of order, schemas that grow.

use std::collections::BTreeMap;

use crate::dice::Dice;
use crate::machine::{SECOND, START};
use crate::rows::{Batch, Row, TableRows, Value};

/// Makes batches, each unlike all others in the table of witnesses.
#[derive(Debug, Default)]
pub struct Workload {
    sequences: BTreeMap<&'static str, u64>,
    epochs: BTreeMap<&'static str, u64>,
    rows: i64,
    /// The latest rows of the table that is written over, without their fields.
    latest: Vec<Row>,
}

impl Workload {
    /// Returns the next batch of some collector, for a moment at which the clock shows `now`.
    pub fn batch(&mut self, dice: &mut Dice, now: i64) -> Batch {
        let collector = dice.pick(&["one", "two", "three"]);
        let epoch = self.epochs.entry(collector).or_insert(1);
        let sequence = self.sequences.entry(collector).or_default();
        *sequence += 1;
        // A collector that started again, or that dropped what it could not keep.
        if dice.one_in(20) {
            *epoch += 1;
            *sequence = 1;
        } else if dice.one_in(20) {
            *sequence += 3;
        }
        let (epoch, sequence) = (*epoch, *sequence);
        let mut tables = vec![self.witnesses(dice, now)];
        if dice.one_in(2) {
            tables.push(self.merging(dice, now));
        }
        if dice.one_in(4) {
            tables.push(self.aging(dice, now));
        }
        Batch {
            collector,
            epoch,
            sequence,
            tables,
        }
    }

    /// Returns rows that tell, each for itself, which batch they are of.
    fn witnesses(&mut self, dice: &mut Dice, now: i64) -> TableRows {
        let count = if dice.one_in(12) {
            60
        } else {
            1 + dice.below(3)
        };
        let rows = (0..count).map(|_| self.witness(dice, now)).collect();
        TableRows {
            name: WITNESSES,
            append_only: true,
            rows,
        }
    }

    fn witness(&mut self, dice: &mut Dice, now: i64) -> Row {
        self.rows += 1;
        let mut row = Row {
            time: time(dice, now),
            tags: [("host", dice.pick(&["a", "b", "c"]).to_owned())].into(),
            fields: [("n", Value::I64(self.rows))].into(),
        };
        if dice.one_in(6) {
            row.fields.insert("note", text(dice));
        }
        row
    }

    /// Returns rows of series and times that were there before, in this batch or in one of the latest, and
    /// of others: they are written over or kept, as the table has it by then.
    fn merging(&mut self, dice: &mut Dice, now: i64) -> TableRows {
        let rows = (0..1 + dice.below(8)).map(|_| {
            let again = usize::try_from(dice.below(LATEST_MAX)).unwrap_or(0);
            let again = self.latest.get(again).filter(|_| dice.one_in(2)).cloned();
            let row = again.unwrap_or_else(|| place(dice, now));
            self.latest.insert(0, row.clone());
            Row {
                fields: fields(dice),
                ..row
            }
        });
        let rows = rows.collect();
        self.latest
            .truncate(usize::try_from(LATEST_MAX).unwrap_or(0));
        TableRows {
            name: WRITTEN_OVER,
            append_only: false,
            rows,
        }
    }

    /// Returns rows of a table that is given a retention.
    fn aging(&mut self, dice: &mut Dice, now: i64) -> TableRows {
        let rows = (0..1 + dice.below(3))
            .map(|_| self.witness(dice, now))
            .collect();
        TableRows {
            name: AGING,
            append_only: true,
            rows,
        }
    }
}

/// Returns a row of few series and times, without fields.
fn place(dice: &mut Dice, now: i64) -> Row {
    let mut row = Row {
        time: START - i64::try_from(dice.below(6)).unwrap_or(0) * 1_200 * SECOND,
        ..Row::default()
    };
    if dice.one_in(8) {
        row.time = time(dice, now);
    }
    for tag in ["host", "core", "zone"] {
        if !dice.one_in(3) {
            row.tags.insert(tag, dice.pick(&["a", "b"]).to_owned());
        }
    }
    row
}

/// Returns columns that come and go.
fn fields(dice: &mut Dice) -> BTreeMap<&'static str, Value> {
    let all: [(&str, Make); 5] = [
        ("usage", |dice| Value::F64(dice.pick(&[0.5, 1.5, -2.25]))),
        ("count", |dice| Value::I64(dice.below(1_000).cast_signed())),
        ("note", text),
        ("up", |dice| Value::Bool(dice.one_in(2))),
        ("late", |dice| Value::I64(dice.number().cast_signed())),
    ];
    let mut fields = BTreeMap::new();
    for (name, value) in all {
        if dice.one_in(3) {
            fields.insert(name, value(dice));
        }
    }
    fields
}

/// Returns a time of now, or of hours before.
fn time(dice: &mut Dice, now: i64) -> i64 {
    let late = if dice.one_in(4) {
        dice.below(5) * 3_000
    } else {
        0
    };
    now - i64::try_from(late + dice.below(20)).unwrap_or(0) * SECOND
}

fn text(dice: &mut Dice) -> Value {
    let length = dice.pick(&[0, 3, 3, 40]);
    Value::Text((0..length).map(|_| dice.pick(&['x', 'y', 'ß'])).collect())
}

type Make = fn(&mut Dice) -> Value;

/// The table that tells which batches are there.
pub const WITNESSES: &str = "witnesses";
/// The table whose rows are written over or kept, and deleted.
pub const WRITTEN_OVER: &str = "merging";
/// The table that is given a retention.
pub const AGING: &str = "aging";
/// What it is given.
pub const RETENTION_SECONDS: u32 = 7_200;
/// How many rows are remembered, to be met again.
const LATEST_MAX: u64 = 12;
