//! Everything that the outside of a store was told, or told it.

use std::collections::BTreeSet;

use schema::Timestamp;

use crate::check::Found;
use crate::deletes::{Deleted, Deletes, Placed};
use crate::ensure;
use crate::ledger::Ledger;
use crate::machine::SECOND;
use crate::model::Model;
use crate::observe::Tables;
use crate::rows::{Batch, Row};
use crate::violation::Violation;
use crate::workload::{AGING, RETENTION_SECONDS, WITNESSES, WRITTEN_OVER};

/// What was sent and acked, by moments.
#[derive(Debug, Clone, Default)]
pub struct Told {
    /// What is known of each batch; the same numbers as in `batches`.
    pub ledger: Ledger,
    batches: Vec<Batch>,
    edits: Vec<Edit>,
    /// Deletes of rows of the table that is written over.
    pub deletes: Deletes,
    /// Since when a store was there.
    pub opened: Option<u64>,
}

/// A change of the setting `edit` to its number.
#[derive(Debug, Clone, Copy)]
struct Edit {
    sent: Option<u64>,
    acked: Option<u64>,
}

impl Told {
    /// Notes a batch, and returns its number.
    pub fn add(&mut self, batch: Batch) -> usize {
        let name = format!(
            "batch {}/{}/{}",
            batch.collector, batch.epoch, batch.sequence
        );
        let witnesses = batch.tables.iter().filter(|table| table.name == WITNESSES);
        let rows = witnesses.flat_map(|table| table.rows.iter().map(Row::line));
        let number = self.ledger.add(name, rows.collect::<Vec<_>>());
        self.batches.push(batch);
        number
    }

    /// Returns a batch.
    ///
    /// # Panics
    /// When there is none of that number.
    #[must_use]
    pub fn batch(&self, number: usize) -> &Batch {
        self.batches.get(number).expect("the number is of a batch")
    }

    /// Notes an edit that is on its way, and returns its number.
    pub fn edit(&mut self, at: u64) -> usize {
        let sent = Some(at);
        self.edits.push(Edit { sent, acked: None });
        self.edits.len() - 1
    }

    /// Notes that an edit was refused, for certain.
    pub fn edit_refused(&mut self, number: usize) {
        self.edits.get_mut(number).expect("it was sent").sent = None;
    }

    /// Notes that an edit was acked.
    pub fn edit_acked(&mut self, number: usize, at: u64) {
        self.edits.get_mut(number).expect("it was sent").acked = Some(at);
    }

    /// Notes a delete that is on its way, and returns its number.
    pub fn delete(&mut self, rows: Deleted, at: u64) -> usize {
        let order = self.ledger.next_order();
        self.deletes.add(rows, at, order)
    }

    /// W-2: checks what a store of a moment shows; returns the batches and the deletes that it has.
    ///
    /// # Errors
    /// The first thing that must not be.
    pub fn check(
        &self,
        moment: u64,
        tables: &Tables,
        setting: Option<usize>,
        now: Timestamp,
    ) -> Result<(BTreeSet<usize>, BTreeSet<usize>), Violation> {
        let none = Vec::new();
        let witnesses = tables.get(WITNESSES).unwrap_or(&none);
        let found = self
            .ledger
            .check(moment, witnesses.iter().map(String::as_str))?;
        self.ledger.check_prefix(moment, &found)?;
        let deletes = self.check_tables(moment, &found, tables, now)?;
        self.check_setting(moment, setting)?;
        Ok((found, deletes))
    }

    /// Returns the same with nothing acked: whoever damages a disk may lose all of it, and nothing may
    /// be made up.
    #[must_use]
    pub fn without_acks(&self) -> Self {
        let mut forgetful = self.clone();
        forgetful.ledger.forget_acks();
        forgetful.deletes.forget_acks();
        forgetful
            .edits
            .iter_mut()
            .for_each(|edit| edit.acked = None);
        forgetful
    }

    /// Takes what a restart has found for what there is.
    pub fn settle(&mut self, found: &Found, at: u64) {
        self.ledger.settle(&found.batches, at);
        self.deletes.settle(&found.deletes, at);
        let setting = found.setting;
        for (number, edit) in self.edits.iter_mut().enumerate() {
            if Some(number) <= setting {
                continue;
            }
            edit.sent = None;
        }
        if let Some(edit) = setting.and_then(|number| self.edits.get_mut(number)) {
            edit.acked.get_or_insert(at);
        }
    }

    /// Checks every table against what the batches that are there, and the deletes that may be, make of it.
    fn check_tables(
        &self,
        moment: u64,
        found: &BTreeSet<usize>,
        tables: &Tables,
        now: Timestamp,
    ) -> Result<BTreeSet<usize>, Violation> {
        let batches = self.ledger.in_order(found);
        let last = batches.last().and_then(|number| self.ledger.order(*number));
        let deletes = self.deletes.by(moment, last);
        let certain = deletes.iter().rposition(|delete| delete.is_certain);
        let least = certain.map_or(0, |last| last + 1);
        let mut outcome = Ok(());
        // Of deletes behind the last batch nobody knows how many are there.
        for count in least..=deletes.len() {
            let present = deletes.get(..count).unwrap_or_default();
            let model = self.model(&batches, present);
            outcome = check_model(&model, tables, now);
            if outcome.is_ok() {
                return Ok(present.iter().map(|delete| delete.number).collect());
            }
        }
        outcome.map(|()| BTreeSet::new())
    }

    /// Returns what batches and deletes make of the tables, in the order in which they were sent.
    fn model(&self, batches: &[usize], deletes: &[Placed<'_>]) -> Model {
        let mut model = Model::default();
        let mut deletes = deletes.iter().peekable();
        for number in batches {
            let order = self.ledger.order(*number).unwrap_or(u64::MAX);
            while let Some(delete) = deletes.next_if(|delete| delete.order < order) {
                model.delete(WRITTEN_OVER, delete.rows);
            }
            let tables = &self.batch(*number).tables;
            tables.iter().for_each(|rows| model.apply(rows));
        }
        deletes.for_each(|delete| model.delete(WRITTEN_OVER, delete.rows));
        model
    }

    fn check_setting(&self, moment: u64, setting: Option<usize>) -> Result<(), Violation> {
        if let Some(number) = setting {
            let edit = self.edits.get(number);
            let sent = edit.and_then(|edit| edit.sent);
            ensure!(
                sent.is_some_and(|at| at <= moment),
                "edit {number} is there and was not taken"
            );
        }
        let acked = self
            .edits
            .iter()
            .rposition(|edit| edit.acked.is_some_and(|at| at <= moment));
        ensure!(
            acked <= setting,
            "edit {acked:?} was acked, and {setting:?} is in force"
        );
        Ok(())
    }
}

/// Checks every table against a model.
fn check_model(model: &Model, tables: &Tables, now: Timestamp) -> Result<(), Violation> {
    for (name, expected) in model.tables() {
        let mut actual = tables.get(name).cloned().unwrap_or_default();
        actual.sort_unstable();
        if name == AGING {
            check_aging(&actual, &expected, now)?;
            continue;
        }
        ensure!(
            actual == expected,
            "table {name} is not what its batches make it:\n   found {actual:#?}\nexpected {expected:#?}"
        );
    }
    Ok(())
}

/// Checks that of rows that age only such are missing as have aged.
fn check_aging(actual: &[String], expected: &[String], now: Timestamp) -> Result<(), Violation> {
    let kept_from = now.nanos() - i64::from(RETENTION_SECONDS) * SECOND;
    let mut rest = actual.iter().peekable();
    for row in expected {
        if rest.next_if(|found| *found == row).is_none() {
            let time = row
                .split("time=")
                .nth(1)
                .and_then(|rest| rest.split(' ').next());
            let time: i64 = time.and_then(|time| time.parse().ok()).unwrap_or(i64::MAX);
            ensure!(time < kept_from, "a row is gone before its time: {row}");
        }
    }
    ensure!(
        rest.peek().is_none(),
        "a row of {AGING} that no batch has: {:?}",
        rest.peek()
    );
    Ok(())
}
