//! Everything that the outside of a store was told, or told it.

use std::collections::{BTreeMap, BTreeSet};

use schema::Timestamp;

use crate::changes::{Change, Changes, Placed};
use crate::check::Found;
use crate::ensure;
use crate::ledger::Ledger;
use crate::machine::SECOND;
use crate::model::{self, Model};
use crate::observe::{self, Tables};
use crate::rows::{Batch, Row};
use crate::violation::Violation;
use crate::workload::{AGING, RETENTION_SECONDS, WITNESSES};

/// What was sent and acked, by moments.
#[derive(Debug, Clone, Default)]
pub struct Told {
    /// What is known of each batch; the same numbers as in `batches`.
    pub ledger: Ledger,
    batches: Vec<Batch>,
    edits: Vec<Edit>,
    /// Changes of the table that is written over.
    pub changes: Changes,
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

    /// Notes a change of the table that is written over, which is on its way, and returns its number.
    pub fn change(&mut self, change: Change, at: u64) -> usize {
        let order = self.ledger.next_order();
        self.changes.add(change, at, order)
    }

    /// W-2: checks what a store of a moment shows; returns the batches and the changes that it has.
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
        let witnesses = tables.get(WITNESSES).into_iter();
        let found = self
            .ledger
            .check(moment, witnesses.flat_map(observe::Table::lines))?;
        self.ledger.check_prefix(moment, &found)?;
        let changes = self.check_tables(moment, &found, tables, now)?;
        self.check_setting(moment, setting)?;
        Ok((found, changes))
    }

    /// Returns the same with nothing acked: whoever damages a disk may lose all of it, and nothing may
    /// be made up.
    #[must_use]
    pub fn without_acks(&self) -> Self {
        let mut forgetful = self.clone();
        forgetful.ledger.forget_acks();
        forgetful.changes.forget_acks();
        forgetful
            .edits
            .iter_mut()
            .for_each(|edit| edit.acked = None);
        forgetful
    }

    /// Takes what a restart has found for what there is.
    pub fn settle(&mut self, found: &Found, at: u64) {
        self.ledger.settle(&found.batches, at);
        self.changes.settle(&found.changes, at);
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

    /// Checks every table against what the batches that are there, and the changes that may be, make of it.
    fn check_tables(
        &self,
        moment: u64,
        found: &BTreeSet<usize>,
        tables: &Tables,
        now: Timestamp,
    ) -> Result<BTreeSet<usize>, Violation> {
        let batches = self.ledger.in_order(found);
        let last = batches.last().and_then(|number| self.ledger.order(*number));
        let changes = self.changes.by(moment, last);
        let certain = changes.iter().rposition(|change| change.is_certain);
        let least = certain.map_or(0, |last| last + 1);
        let mut outcome = Ok(());
        // Of changes behind the last batch nobody knows how many are there. As many as can be are taken for
        // there: one that leaves nothing to be seen by now may do so later.
        for count in (least..=changes.len()).rev() {
            let present = changes.get(..count).unwrap_or_default();
            let model = self.model(&batches, present);
            outcome = check_model(&model, tables, now);
            if outcome.is_ok() {
                return Ok(present.iter().map(|change| change.number).collect());
            }
        }
        outcome.map(|()| BTreeSet::new())
    }

    /// Returns what batches and changes make of the tables, in the order in which they were sent.
    fn model(&self, batches: &[usize], changes: &[Placed<'_>]) -> Model {
        let mut model = Model::default();
        let mut changes = changes.iter().peekable();
        for number in batches {
            let order = self.ledger.order(*number).unwrap_or(u64::MAX);
            while let Some(placed) = changes.next_if(|placed| placed.order < order) {
                placed.change.apply_to(&mut model);
            }
            let tables = &self.batch(*number).tables;
            tables.iter().for_each(|rows| model.apply(rows));
        }
        changes.for_each(|placed| placed.change.apply_to(&mut model));
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
    let nothing = observe::Table::default();
    for (name, expected) in model.tables() {
        let shown = tables.get(name).unwrap_or(&nothing);
        let checked = match name {
            AGING => check_aging(shown, expected, now),
            _ => expected.check(shown),
        };
        checked.map_err(|violation| violation.at(&format!("table {name}")))?;
    }
    Ok(())
}

/// Checks that of rows that age only such are missing as have aged.
fn check_aging(
    shown: &observe::Table,
    expected: &model::Table,
    now: Timestamp,
) -> Result<(), Violation> {
    expected.check_mode(shown)?;
    let kept_from = now.nanos() - i64::from(RETENTION_SECONDS) * SECOND;
    let mut rest: BTreeMap<&str, usize> = BTreeMap::new();
    for line in shown.lines() {
        *rest.entry(line).or_default() += 1;
    }
    for row in expected.written() {
        match rest
            .get_mut(row.line().as_str())
            .filter(|count| **count > 0)
        {
            Some(count) => *count -= 1,
            None => ensure!(
                row.time < kept_from,
                "a row is gone before its time: {}",
                row.line()
            ),
        }
    }
    rest.retain(|_, count| *count > 0);
    ensure!(rest.is_empty(), "rows that no batch has: {rest:?}");
    Ok(())
}
