//! Random settings, work and faults: lives of one store, each ended by a crash, a kill or in order.
//!
//! ```text
//!   open ─ steps, faults ─┬─ photographs: crashed, opened, checked, each for itself
//!                         └─ the end: crash or kill ─▶ faults in the recovery, 0 to 3 deep ─▶ check ─▶ next life
//! ```

use engine::Engine;

use crate::check::{Found, check};
use crate::counts::Counts;
use crate::dice::Dice;
use crate::history::{History, Step};
use crate::machine::Machine;
use crate::suites::faults;
use crate::told::Told;
use crate::violation::Violation;
use crate::workload::Workload;

/// Runs the case of a seed.
///
/// # Errors
/// The first promise that did not hold.
pub(super) fn case(seed: u64, counts: &mut Counts) -> Result<(), Violation> {
    lives(seed, counts).map(|_| ())
}

/// Runs the case of a seed, and returns a number for all that was done to the disk.
pub(super) fn lives(seed: u64, counts: &mut Counts) -> Result<u64, Violation> {
    let mut dice = Dice::new(seed);
    let mut machine = Machine::new(seed, Machine::random(&mut dice));
    let (mut told, mut workload) = (Told::default(), Workload::default());
    let (mut base, mut fingerprint) = (0, 0u64);
    for life in 0..1 + dice.below(4) {
        let place = format!("life {life}");
        let lived = live(
            &machine,
            (&mut told, &mut workload),
            base,
            &mut dice,
            counts,
        );
        let (end, engine) = lived.map_err(|violation| violation.at(&place))?;
        fingerprint = fingerprint.rotate_left(1) ^ machine.disk.fingerprint();
        // What the store would still write when it ends must find the power off.
        machine = end_of(&machine, &mut dice);
        drop(engine);
        machine = disturb(&machine, &mut dice, counts);
        let found = checked(&machine, &told, end, &mut dice, counts);
        let found = found.map_err(|violation| violation.at(&format!("the end of {place}")))?;
        told.settle(&found, end);
        base = end + 1;
    }
    Ok(fingerprint)
}

/// Lets a store live under faults, checks photographs of it, and returns the moment of its end with what
/// is still open.
fn live(
    machine: &Machine,
    (told, workload): (&mut Told, &mut Workload),
    base: u64,
    dice: &mut Dice,
    counts: &mut Counts,
) -> Result<(u64, Option<Engine>), Violation> {
    let moments: Vec<u64> = (0..6).map(|_| dice.below(300)).collect();
    machine.disk.photograph(moments);
    if !dice.one_in(4) {
        faults::inject(&machine.disk, dice);
    }
    let steps: Vec<Step> = (0..4 + dice.below(24)).map(|_| step(dice)).collect();
    let mut history = History {
        machine,
        told,
        workload,
        base,
        dice,
    };
    let engine = history.run(&steps);
    let end = history.moment();
    for (changes, photograph) in machine.disk.photographs() {
        for _ in 0..2 {
            let crashed = machine.with(photograph.crash_with(dice.number()));
            let found = checked(&crashed, told, base + changes, dice, counts);
            found.map_err(|violation| violation.at(&format!("after change {changes}")))?;
        }
    }
    if let Some(engine) = engine.as_ref().filter(|_| dice.one_in(4)) {
        engine.flush_and_close().ok();
    }
    // Closing makes changes, too.
    let end = end.max(base + machine.disk.change_count());
    Ok((end, engine))
}

/// Returns a step by chance.
pub(super) fn step(dice: &mut Dice) -> Step {
    match dice.below(35) {
        0..14 => Step::Send(u8::try_from(1 + dice.below(4)).unwrap_or(1)),
        14..16 => Step::Resend,
        16 => Step::Edit,
        17 if dice.one_in(2) => Step::Retain,
        17 => Step::Delete,
        18..23 => Step::Flush,
        23..25 => Step::Compact,
        25 => Step::Rotate,
        26 => Step::Vouch,
        27..30 => Step::Wait(u8::try_from(dice.below(90)).unwrap_or(1)),
        30 => Step::MasterKey,
        31 => Step::DataKey,
        _ => step_of_mode(dice),
    }
}

/// Returns a step by chance that matters to a table whose mode is changed.
pub(super) fn step_of_mode(dice: &mut Dice) -> Step {
    match dice.below(8) {
        0..2 => Step::AppendOnly(true),
        2..4 => Step::AppendOnly(false),
        4 => Step::Delete,
        5 => Step::Flush,
        6 => Step::Compact,
        _ => Step::Send(2),
    }
}

/// Ends the machine: two times in three the power goes, otherwise only the process.
fn end_of(machine: &Machine, dice: &mut Dice) -> Machine {
    let next = if dice.one_in(3) {
        machine.with(machine.disk.kill())
    } else {
        machine.crash(dice)
    };
    faults::clear(&next.disk);
    next
}

/// Lets recoveries be struck by faults, up to three in a row.
pub(super) fn disturb(machine: &Machine, dice: &mut Dice, counts: &mut Counts) -> Machine {
    let mut machine = machine.with(machine.disk.copy());
    for _ in 0..dice.pick(&[0, 0, 1, 2, 3]) {
        faults::inject_soon(&machine.disk, dice);
        let opened = machine.open();
        counts.count("faults in a recovery");
        machine = end_of(&machine, dice);
        drop(opened);
    }
    machine
}

/// Checks a copy of a machine.
pub(super) fn checked(
    machine: &Machine,
    told: &Told,
    moment: u64,
    dice: &mut Dice,
    counts: &mut Counts,
) -> Result<Found, Violation> {
    counts.count("crashes");
    let copy = machine.with(machine.disk.copy());
    faults::clear(&copy.disk);
    let found = check(&copy, told, moment, dice)?;
    if told.changes.is_any_of_mode(&found.changes) {
        counts.count("behind a change of mode");
    }
    Ok(found)
}
