//! Faults in the recovery from a fault: the power is cut after every change that a recovery makes,
//! and the recovery from that is disturbed by chance, up to three deep.

use crate::counts::Counts;
use crate::dice::Dice;
use crate::history::History;
use crate::machine::Machine;
use crate::suites::exhaustive::HISTORIES;
use crate::suites::swarm::{checked, disturb};
use crate::told::Told;
use crate::violation::Violation;
use crate::workload::Workload;

/// Runs a history up to a crash that the seed chooses, and cuts its recovery everywhere.
///
/// # Errors
/// The first promise that did not hold, and after which change of the recovery.
pub(super) fn case(seed: u64, counts: &mut Counts) -> Result<(), Violation> {
    let mut dice = Dice::new(seed);
    let mut settings = Machine::small();
    // Recovery flushes on its way now and then.
    settings.flush_bytes = dice.pick(&[1, 2_000, 128 << 20]);
    let machine = Machine::new(seed, settings);
    machine.disk.freeze_after(30 + dice.below(250));
    let (mut told, mut workload) = (Told::default(), Workload::default());
    let mut history = History {
        machine: &machine,
        told: &mut told,
        workload: &mut workload,
        base: 0,
        dice: &mut dice,
    };
    let choice = usize::try_from(seed % HISTORIES.len() as u64).unwrap_or(0);
    let steps = HISTORIES.get(choice).copied().unwrap_or_default();
    drop(history.run(steps));
    let moment = machine.disk.change_count();
    let crashed = machine.crash(&mut dice);
    crashed.disk.photograph(0..2_000);
    drop(crashed.open());
    for (changes, photograph) in crashed.disk.photographs() {
        let again = crashed.with(photograph.crash_with(dice.number()));
        counts.count("faults in a recovery");
        let again = disturb(&again, &mut dice, counts);
        let found = checked(&again, &told, moment, &mut dice, counts);
        let place = format!("after change {changes} of the recovery");
        found.map_err(|violation| violation.at(&place))?;
    }
    Ok(())
}
