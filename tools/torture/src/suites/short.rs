//! Short histories by chance, the power cut after every change of the disk that they make.
//!
//! Most of what goes wrong needs few steps: here all the time goes to many different few of them. One
//! store is run once and photographed at every change; each photograph is crashed in several ways. One in
//! three is about a table whose mode is changed, which needs something to be there before.

use crate::counts::Counts;
use crate::dice::Dice;
use crate::history::{History, Step};
use crate::machine::Machine;
use crate::suites::exhaustive::cut_everywhere;
use crate::suites::swarm::{step, step_of_mode};
use crate::told::Told;
use crate::violation::Violation;
use crate::workload::Workload;

/// Runs the history that the seed makes.
///
/// # Errors
/// The first promise that did not hold, and after which change.
pub(super) fn case(seed: u64, counts: &mut Counts) -> Result<(), Violation> {
    let mut dice = Dice::new(seed);
    let mut settings = Machine::random(&mut dice);
    // Recoveries that flush at every record are met in other suites, and take the time of many others.
    settings.flush_bytes = dice.pick(&[2_000, 20_000, 128 << 20]);
    let machine = Machine::new(seed, settings);
    // The birth of a store is the same in each of them.
    if dice.one_in(16) {
        photograph_all(&machine);
    }
    let (mut told, mut workload) = (Told::default(), Workload::default());
    let mut history = History {
        machine: &machine,
        told: &mut told,
        workload: &mut workload,
        base: 0,
        dice: &mut dice,
    };
    let is_of_mode = history.dice.one_in(3);
    let before = if is_of_mode { BEFORE_MODE } else { &[] };
    let Some(engine) = history.run(before) else {
        return Err(Violation("a store without faults does not open".into()));
    };
    photograph_all(&machine);
    let environment = machine.environment();
    let environment = environment.map_err(|error| Violation(error.to_string()))?;
    for _ in 0..1 + history.dice.below(4) {
        let step = if is_of_mode && history.dice.one_in(2) {
            step_of_mode(history.dice)
        } else {
            step(history.dice)
        };
        history.step(&engine, &environment, step);
    }
    if history.dice.one_in(4) {
        engine.flush_and_close().ok();
    }
    cut_everywhere(&machine, &told, OUTCOMES, &mut dice, counts)
}

/// Photographs the disk at every change from now on.
fn photograph_all(machine: &Machine) {
    let begin = machine.disk.change_count();
    machine.disk.photograph(begin..begin + CHANGES_MAX);
}

/// What is there before the mode of a table is changed under power cuts: rows of equal series and time in
/// parts and in memory, kept and merged.
const BEFORE_MODE: &[Step] = &[
    Step::Send(4),
    Step::Flush,
    Step::AppendOnly(true),
    Step::Send(4),
    Step::Flush,
    Step::Send(2),
];
/// Outcomes of each power cut that are looked at.
const OUTCOMES: u64 = 4;
/// More changes than a short history makes.
const CHANGES_MAX: u64 = 2_000;
