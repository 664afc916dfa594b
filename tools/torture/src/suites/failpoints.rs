//! Every failpoint, the first, the second and the third time that it is reached, by a power cut and,
//! where the step can fail, by an error.

use platform::{FailPoint, Strike};

use crate::counts::Counts;
use crate::dice::Dice;
use crate::history::{History, Step};
use crate::machine::Machine;
use crate::suites::swarm::{checked, disturb};
use crate::told::Told;
use crate::violation::Violation;
use crate::workload::Workload;

/// Strikes at every point three times in both ways.
///
/// # Errors
/// The first promise that did not hold, or a point that is not reached.
pub(super) fn case(seed: u64, counts: &mut Counts) -> Result<(), Violation> {
    for point in FailPoint::ALL {
        for nth in 1..=3 {
            for strike in [Strike::Crash, Strike::Error] {
                if strike == Strike::Error && !point.can_fail() {
                    continue;
                }
                let place = format!("{}:{nth}:{strike:?}", point.name());
                strike_at(*point, nth, strike, seed, counts)
                    .map_err(|violation| violation.at(&place))?;
            }
        }
    }
    Ok(())
}

/// Lets stores live, crash and live again until the point strikes.
fn strike_at(
    point: FailPoint,
    nth: u64,
    strike: Strike,
    seed: u64,
    counts: &mut Counts,
) -> Result<(), Violation> {
    let mut dice = Dice::new(seed ^ nth);
    let mut rest = nth;
    for _ in 0..STORES {
        if live_until((point, strike), &mut rest, &mut dice, counts)? {
            counts.count("failpoints struck");
            return Ok(());
        }
    }
    Err(Violation(format!("it was reached {rest} times too few")))
}

/// Lets one store live a few times; returns whether the point struck, `rest` times on.
fn live_until(
    (point, strike): (FailPoint, Strike),
    rest: &mut u64,
    dice: &mut Dice,
    counts: &mut Counts,
) -> Result<bool, Violation> {
    let mut settings = Machine::small();
    settings.flush_bytes = 2_000;
    let mut machine = Machine::new(dice.number(), settings);
    let (mut told, mut workload) = (Told::default(), Workload::default());
    let mut base = 0;
    for life in 0..LIVES {
        let before = machine.disk.reached(point);
        machine.disk.arm(point, before + *rest, strike);
        // Crashes that fall somewhere give recovery something to do.
        if life > 0 {
            machine.disk.freeze_after(20 + dice.below(300));
        }
        let mut history = History {
            machine: &machine,
            told: &mut told,
            workload: &mut workload,
            base,
            dice,
        };
        let engine = history.run(STEPS);
        let end = history.moment();
        let reached = machine.disk.reached(point) - before;
        let is_struck = reached >= *rest;
        *rest = rest.saturating_sub(reached);
        machine = machine.crash(dice);
        drop(engine);
        if is_struck {
            machine = disturb(&machine, dice, counts);
        }
        let found = checked(&machine, &told, end, dice, counts)?;
        if is_struck {
            return Ok(true);
        }
        told.settle(&found, end);
        base = end + 1;
    }
    Ok(false)
}

const STEPS: &[Step] = &[
    Step::Send(3),
    Step::Retain,
    Step::Flush,
    Step::MasterKey,
    Step::Send(4),
    Step::Edit,
    Step::Delete,
    Step::AppendOnly(true),
    Step::Flush,
    Step::Compact,
    Step::DataKey,
    Step::Send(4),
    Step::Rotate,
    Step::Wait(200),
    Step::Flush,
    Step::Compact,
    Step::AppendOnly(false),
    Step::Send(4),
    Step::Vouch,
];

/// Lives of one store.
const LIVES: u64 = 8;
/// Stores after which a point counts as out of reach.
const STORES: u64 = 60;
