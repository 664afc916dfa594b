//! What is done to a store: steps, and what its outside was told of each.

use engine::{CatalogueEdit, Commit, Committed, Engine, Environment, Error, TableChange};
use schema::Span;

use crate::changes::Change;
use crate::deletes::Deleted;
use crate::dice::Dice;
use crate::machine::Machine;
use crate::told::Told;
use crate::workload::{AGING, RETENTION_SECONDS, WRITTEN_OVER, Workload};

/// One thing done to a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// So many batches at once, for one group of the log.
    Send(u8),
    /// What was not acked, or was, once more.
    Resend,
    /// An edit of the catalogue.
    Edit,
    /// Deletes rows by chance.
    Delete,
    /// Lets a table keep every row from now on, or merge rows of equal series and time.
    AppendOnly(bool),
    /// Gives a table a retention.
    Retain,
    /// Memory to parts.
    Flush,
    /// Parts to fewer, and what is past its retention goes.
    Compact,
    /// A new segment of the log.
    Rotate,
    /// The marker that an idle log writes.
    Vouch,
    /// So many minutes pass.
    Wait(u8),
    /// A new master key.
    MasterKey,
    /// A new data key.
    DataKey,
}

/// A store under way, and what was told of it.
#[derive(Debug)]
pub struct History<'a> {
    /// The machine.
    pub machine: &'a Machine,
    /// What was told.
    pub told: &'a mut Told,
    /// What is sent.
    pub workload: &'a mut Workload,
    /// Changes of disks before this one.
    pub base: u64,
    /// Chances.
    pub dice: &'a mut Dice,
}

impl History<'_> {
    /// Opens the store, does the steps as far as it lets, and returns it.
    pub fn run(&mut self, steps: &[Step]) -> Option<Engine> {
        let (engine, environment) = self.machine.open().ok()?;
        let now = self.moment();
        self.told.opened.get_or_insert(now);
        for step in steps {
            self.step(&engine, &environment, *step);
        }
        Some(engine)
    }

    /// Returns how many changes were made to the disks so far.
    #[must_use]
    pub fn moment(&self) -> u64 {
        self.base + self.machine.disk.change_count()
    }

    /// Does one step. What the store refuses or fails at is its right: the check tells whether it lied.
    pub fn step(&mut self, engine: &Engine, environment: &Environment, step: Step) {
        let machine = self.machine;
        match step {
            Step::Send(count) => self.send(engine, count),
            Step::Resend => self.resend(engine),
            Step::Edit => self.edit(engine),
            Step::Delete => self.delete(engine),
            Step::AppendOnly(append_only) => self.set_append_only(engine, append_only),
            Step::Retain => {
                let retention = Span::from_secs(RETENTION_SECONDS);
                let change = TableChange {
                    retention: Some(Some(retention)),
                    append_only: None,
                };
                engine.set_table(AGING, change).ok();
                engine.step();
            }
            Step::Flush => drop(engine.flush()),
            Step::Compact => drop(engine.compact()),
            Step::Rotate => drop(engine.log().rotate()),
            Step::Vouch => drop(engine.log().vouch()),
            Step::Wait(minutes) => machine.advance(60 * u64::from(minutes)),
            Step::MasterKey => drop(machine.change_master_key(environment)),
            Step::DataKey => drop(machine.add_data_key(environment)),
        }
    }

    fn send(&mut self, engine: &Engine, count: u8) {
        let mut commits = Vec::new();
        for _ in 0..count {
            let now = self.machine.now().nanos();
            let number = self.told.add(self.workload.batch(self.dice, now));
            self.told.ledger.sent(number, self.moment());
            match engine.commit(self.told.batch(number).frame()) {
                Ok(commit) => commits.push((number, commit)),
                Err(_) => self.told.ledger.refused(number),
            }
        }
        engine.step();
        for (number, commit) in commits {
            if commit.wait().is_ok() {
                self.told.ledger.acked(number, self.moment());
            }
        }
    }

    fn resend(&mut self, engine: &Engine) {
        let waiting: Vec<usize> = self.told.ledger.unacked().collect();
        let any = self.dice.below(self.told.ledger.len() as u64);
        let any = usize::try_from(any)
            .ok()
            .filter(|_| !self.told.ledger.is_empty());
        for number in waiting.into_iter().chain(any) {
            let before = self.moment();
            if send(engine, self.told, number, before).is_some() {
                let after = self.moment();
                self.told.ledger.acked(number, after);
            }
        }
    }

    fn edit(&mut self, engine: &Engine) {
        let number = self.told.edit(self.moment());
        let edit = CatalogueEdit::PutSetting {
            name: SETTING.into(),
            value: Some(number.to_string()),
        };
        match engine.edit(edit) {
            Ok(commit) => {
                engine.step();
                if commit.wait().is_ok() {
                    self.told.edit_acked(number, self.moment());
                }
            }
            Err(_) => self.told.edit_refused(number),
        }
    }

    fn delete(&mut self, engine: &Engine) {
        let rows = Deleted::random(self.dice);
        let predicate = rows.predicate();
        self.change(engine, Change::Delete(rows), |engine| {
            engine.delete_rows(WRITTEN_OVER, predicate)
        });
    }

    fn set_append_only(&mut self, engine: &Engine, append_only: bool) {
        let change = TableChange {
            retention: None,
            append_only: Some(append_only),
        };
        self.change(engine, Change::AppendOnly(append_only), |engine| {
            engine.set_table(WRITTEN_OVER, change)
        });
    }

    /// Changes the table that is written over, and notes what became of it.
    fn change(
        &mut self,
        engine: &Engine,
        change: Change,
        submit: impl FnOnce(&Engine) -> Result<Commit, Error>,
    ) {
        let number = self.told.change(change, self.moment());
        match submit(engine) {
            Ok(commit) => {
                engine.step();
                if commit.wait().is_ok() {
                    self.told.changes.acked(number, self.moment());
                }
            }
            Err(_) => self.told.changes.refused(number),
        }
    }
}

/// Sends a batch, perhaps not for the first time, and returns its outcome if it is certain.
pub fn send(engine: &Engine, told: &mut Told, number: usize, moment: u64) -> Option<Committed> {
    let is_under_way = told.ledger.is_sent(number);
    told.ledger.sent(number, moment);
    let Ok(commit) = engine.commit(told.batch(number).frame()) else {
        if !is_under_way {
            told.ledger.refused(number);
        }
        return None;
    };
    engine.step();
    commit.wait().ok()
}

/// Returns the number of the last edit that is in force.
#[must_use]
pub fn setting(engine: &Engine) -> Option<usize> {
    let catalogue = engine.catalogue();
    let mut settings = catalogue.settings();
    settings.find_map(|(name, value)| (name == SETTING).then(|| value.parse().ok())?)
}

const SETTING: &str = "edit";
