//! W-2, whole: what a disk must give after whatever happened to it.

use std::collections::BTreeSet;

use engine::{Committed, Engine, Environment, offline};

use crate::dice::Dice;
use crate::ensure;
use crate::history::{send, setting};
use crate::machine::Machine;
use crate::newest;
use crate::observe;
use crate::told::Told;
use crate::violation::Violation;

/// What a store was found to hold.
#[derive(Debug)]
pub struct Found {
    /// The batches.
    pub batches: BTreeSet<usize>,
    /// The changes of the table that is written over.
    pub changes: BTreeSet<usize>,
    /// The last edit.
    pub setting: Option<usize>,
}

/// Opens a machine's store, checks what is in it, and that it opens the same again.
///
/// The machine is used up: it crashes once more on the way.
///
/// # Errors
/// The first promise that does not hold.
pub fn check(
    machine: &Machine,
    told: &Told,
    moment: u64,
    dice: &mut Dice,
) -> Result<Found, Violation> {
    if told.opened.is_some_and(|at| at <= moment) && dice.one_in(4) {
        verify(machine)?;
    }
    let (engine, _) = machine.open().map_err(|e| cannot("open", &e))?;
    let found = compare(&engine, machine, told, moment)?;
    let digest = engine.digest().map_err(|e| cannot("be read", &e))?;
    let again = if dice.one_in(2) {
        machine.crash(dice)
    } else {
        machine.with(machine.disk.kill())
    };
    drop(engine);
    let (engine, _) = again.open().map_err(|e| cannot("open again", &e))?;
    let second = engine.digest().map_err(|e| cannot("be read again", &e))?;
    ensure!(second == digest, "opening twice does not give the same");
    if dice.one_in(4) {
        go_on(&engine, &again, told, &found, moment)?;
    }
    engine.close().map_err(|e| cannot("be closed", &e))?;
    drop(engine);
    verify(&again)?;
    Ok(found)
}

/// Compares what a store shows with what was told.
///
/// # Errors
/// The first difference.
pub fn compare(
    engine: &Engine,
    machine: &Machine,
    told: &Told,
    moment: u64,
) -> Result<Found, Violation> {
    let tables = observe::tables(engine).map_err(|e| cannot("be read", &e))?;
    let setting = setting(engine);
    let (batches, changes) = told.check(moment, &tables, setting, machine.now())?;
    newest::check(engine)?;
    Ok(Found {
        batches,
        changes,
        setting,
    })
}

/// Sends everything again, as collectors do: what is there is a duplicate, what is not is stored once.
fn go_on(
    engine: &Engine,
    machine: &Machine,
    told: &Told,
    found: &Found,
    moment: u64,
) -> Result<(), Violation> {
    let mut told = told.clone();
    told.settle(found, moment);
    for number in 0..told.ledger.len() {
        let committed = send_at_last(engine, &mut told, number, moment)?;
        ensure!(
            committed.duplicate == found.batches.contains(&number),
            "batch {number} is told to be there before: {}",
            committed.duplicate
        );
    }
    engine.flush().map_err(|e| cannot("be flushed", &e))?;
    let all = compare(engine, machine, &told, moment)?;
    ensure!(
        all.batches.len() == told.ledger.len(),
        "a batch was sent again and is lost"
    );
    engine.compact().map_err(|e| cannot("be compacted", &e))?;
    compare(engine, machine, &told, moment)?;
    Ok(())
}

/// Sends a batch; where the log is full, flushes first, which empties it.
fn send_at_last(
    engine: &Engine,
    told: &mut Told,
    number: usize,
    moment: u64,
) -> Result<Committed, Violation> {
    for _ in 0..4 {
        if let Some(committed) = send(engine, told, number, moment) {
            return Ok(committed);
        }
        engine.flush().map_err(|e| cannot("be flushed", &e))?;
        engine.step();
    }
    Err(Violation(format!(
        "batch {number} is not taken a second time"
    )))
}

fn verify(machine: &Machine) -> Result<(), Violation> {
    let environment = machine.environment();
    verify_at(&environment.map_err(|e| cannot("be verified", &e))?)
}

/// Checks every byte of a store that nobody has open.
///
/// # Errors
/// What `verify` complains of.
pub fn verify_at(environment: &Environment) -> Result<(), Violation> {
    let found = offline::verify(environment, &mut |_, _| {});
    let found = found.map_err(|e| cannot("be verified", &e))?;
    let damage: Vec<String> = found.damage.iter().map(describe).collect();
    ensure!(damage.is_empty(), "verify finds damage: {damage:?}");
    Ok(())
}

/// Returns the violation that something failed which nothing hindered.
fn cannot(what: &str, error: &engine::Error) -> Violation {
    Violation(format!("the store cannot {what}: {}", describe(error)))
}

/// Returns an error with all of its causes, as a person would be told.
#[must_use]
pub fn describe(error: &engine::Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
