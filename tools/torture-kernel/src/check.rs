//! What a real directory must give, after whatever happened to it: the checks of `torture`, for what
//! workers said that they sent and were told.

use std::collections::BTreeSet;
use std::path::Path;

use engine::Engine;
use torture::check::{describe, verify_at};
use torture::ensure;
use torture::model::Model;
use torture::observe;
use torture::rows::{Batch, Row};
use torture::violation::Violation;
use torture::{ledger, newest};

use crate::ledger::Ledger;
use crate::load::{AGING, EVENTS, STATE, batch};
use crate::store;
use crate::worker::SETTING;

/// Recovers the store of a directory and holds it against what was sent and acknowledged.
///
/// Returns the batches that are there.
///
/// # Errors
/// The promise that was broken, in words.
pub(crate) fn check(dir: &Path, ledger: &Ledger) -> Result<BTreeSet<usize>, String> {
    let checked = checked(dir, ledger);
    checked.map_err(|violation| violation.0)
}

fn checked(dir: &Path, ledger: &Ledger) -> Result<BTreeSet<usize>, Violation> {
    verify(dir).map_err(|violation| violation.at("before recovery"))?;
    let engine = open(dir)?;
    let found = Sent::of(ledger).compare(&engine)?;
    check_edits(&engine, ledger)?;
    newest::check(&engine)?;
    let digest = digest(&engine)?;
    engine.close().map_err(cannot("be closed"))?;
    drop(engine);
    verify(dir).map_err(|violation| violation.at("after recovery"))?;
    let again = open(dir)?;
    let second = self::digest(&again)?;
    again.close().map_err(cannot("be closed"))?;
    ensure!(
        digest == second,
        "W-2: opening twice does not give the same"
    );
    Ok(found)
}

/// Reads every byte of the directory.
fn verify(dir: &Path) -> Result<(), Violation> {
    // A store that was killed before its first manifest was whole has nothing to verify.
    let manifests = std::fs::read_dir(dir.join("manifest"));
    let mut names = manifests.into_iter().flatten().flatten();
    if names.all(|entry| entry.path().extension().is_some()) {
        return Ok(());
    }
    verify_at(&store::environment(dir).map_err(Violation)?)
}

fn open(dir: &Path) -> Result<Engine, Violation> {
    let environment = store::environment(dir).map_err(Violation)?;
    store::open_quietly(environment).map_err(cannot("be opened"))
}

fn digest(engine: &Engine) -> Result<u64, Violation> {
    engine.digest().map_err(cannot("be read"))
}

/// Every batch that a worker may have sent, writer by writer, in order.
struct Sent {
    ledger: ledger::Ledger,
    batches: Vec<Batch>,
    /// Those whose rows of `state` must be there one by one, if it keeps every row.
    kept: BTreeSet<usize>,
    /// Whether it does, where that is certain.
    mode: Option<bool>,
}

impl Sent {
    fn of(said: &Ledger) -> Self {
        let (mut ledger, mut batches) = (ledger::Ledger::default(), Vec::new());
        let mut kept = BTreeSet::new();
        for (writer, (last, acked)) in said.sent.iter().zip(&said.acked).enumerate() {
            for sequence in 1..=*last {
                let batch = batch(writer, sequence);
                let name = format!("batch {sequence} of writer {writer}");
                let number = ledger.add(name, lines_of(&batch, EVENTS));
                ledger.sent(number, 0);
                if acked.contains(&sequence) {
                    ledger.acked(number, 0);
                }
                if said.kept.contains(&(writer, sequence)) {
                    kept.insert(number);
                }
                batches.push(batch);
            }
        }
        Self {
            ledger,
            batches,
            kept,
            mode: said.mode,
        }
    }

    /// W-2: compares every table with what the batches that are there make of it.
    fn compare(&self, engine: &Engine) -> Result<BTreeSet<usize>, Violation> {
        let mut tables = observe::tables(engine).map_err(cannot("be read"))?;
        let mut shown = |name| tables.remove(name).unwrap_or_default();
        let found = self.ledger.check(0, shown(EVENTS).lines())?;
        let state = shown(STATE);
        let model = self.model(&found, self.mode.unwrap_or(state.append_only));
        if let Some(table) = model.table(STATE) {
            let checked = table.check(&state);
            checked.map_err(|violation| violation.at(STATE))?;
        }
        // What ages is deleted and expires at any time, and nothing is made up.
        let (aging, mut known) = (shown(AGING), BTreeSet::new());
        known.extend(self.batches.iter().flat_map(|batch| lines_of(batch, AGING)));
        for row in aging.lines() {
            ensure!(known.remove(row), "a row that nobody sent, or twice: {row}");
        }
        Ok(found)
    }

    /// Returns what batches make of the tables. Writers do not write over each other's rows: only the
    /// order within one counts.
    fn model(&self, found: &BTreeSet<usize>, append_only: bool) -> Model {
        let mut model = Model::default();
        let is_kept = |number: &&usize| self.kept.contains(*number);
        let (kept, before): (Vec<&usize>, Vec<&usize>) = found.iter().partition(is_kept);
        let apply = |model: &mut Model, numbers: Vec<&usize>| {
            let batches = numbers
                .into_iter()
                .filter_map(|number| self.batches.get(*number));
            let tables = batches.flat_map(|batch| &batch.tables);
            tables.for_each(|table| model.apply(table));
        };
        apply(&mut model, before);
        model.set_append_only(STATE, append_only);
        apply(&mut model, kept);
        model
    }
}

/// Returns the rows that a batch has for a table, as text.
fn lines_of(batch: &Batch, table: &str) -> Vec<String> {
    let of_table = batch.tables.iter().filter(|rows| rows.name == table);
    of_table
        .flat_map(|rows| rows.rows.iter().map(Row::line))
        .collect()
}

fn check_edits(engine: &Engine, ledger: &Ledger) -> Result<(), Violation> {
    let catalogue = engine.catalogue();
    let value = catalogue.settings().find(|(name, _)| *name == SETTING);
    let value = value.map_or(Ok(0), |(_, value)| value.parse::<u64>());
    let value = value.map_err(|_| Violation("the setting is not a number".into()))?;
    let (acked, sent) = (ledger.edit_acked, ledger.edit_sent);
    ensure!(
        (acked..=sent).contains(&value),
        "W-2: change {value} is there, {acked} was acked, {sent} sent"
    );
    Ok(())
}

fn cannot(what: &'static str) -> impl Fn(engine::Error) -> Violation {
    move |error| Violation(format!("the store cannot {what}: {}", describe(&error)))
}
