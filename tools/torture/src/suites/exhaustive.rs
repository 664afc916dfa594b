//! The power cut after every change of the disk that a short history makes, with several outcomes of
//! each cut.

use crate::counts::Counts;
use crate::dice::Dice;
use crate::ensure;
use crate::history::{History, Step};
use crate::machine::Machine;
use crate::suites::swarm::checked;
use crate::told::Told;
use crate::violation::Violation;
use crate::workload::Workload;

/// Runs the history that the seed chooses.
///
/// # Errors
/// The first promise that did not hold, and after which change.
pub(super) fn case(seed: u64, counts: &mut Counts) -> Result<(), Violation> {
    let mut dice = Dice::new(seed);
    let machine = Machine::new(seed, Machine::small());
    let begin = machine.disk.change_count();
    machine.disk.photograph(begin..begin + 2_000);
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
    let engine = history.run(steps);
    let engine = engine.ok_or_else(|| Violation("a store without faults does not open".into()))?;
    ensure!(
        told.ledger.unacked().next().is_none(),
        "a store without faults does not ack"
    );
    engine.flush_and_close().ok();
    cut_everywhere(&machine, &told, OUTCOMES, &mut dice, counts)
}

/// Cuts the power at every photograph that was taken of a machine, each time in several ways.
///
/// # Errors
/// The first promise that did not hold, and after which change.
pub(super) fn cut_everywhere(
    machine: &Machine,
    told: &Told,
    outcomes: u64,
    dice: &mut Dice,
    counts: &mut Counts,
) -> Result<(), Violation> {
    for (changes, photograph) in machine.disk.photographs() {
        for outcome in 0..outcomes {
            let crashed = machine.with(photograph.crash_with(dice.number()));
            let found = checked(&crashed, told, changes, dice, counts);
            let place = format!("after change {changes}, outcome {outcome}");
            found.map_err(|violation| violation.at(&place))?;
        }
    }
    Ok(())
}

/// Each with its own weight; together they make every kind of change.
pub(super) const HISTORIES: &[&[Step]] = &[
    // Ingest, flush, compaction, an edit.
    &[
        Step::Send(3),
        Step::Flush,
        Step::Send(1),
        Step::Edit,
        Step::Flush,
        Step::Send(1),
        Step::Compact,
        Step::Send(1),
    ],
    // Segments of the log begin, end and go.
    &[
        Step::Send(4),
        Step::Rotate,
        Step::Send(2),
        Step::Vouch,
        Step::Rotate,
        Step::Send(4),
        Step::Flush,
        Step::Send(1),
        Step::Rotate,
        Step::Flush,
    ],
    // What ages goes.
    &[
        Step::Send(4),
        Step::Send(4),
        Step::Retain,
        Step::Flush,
        Step::Wait(200),
        Step::Compact,
        Step::Send(2),
        Step::Flush,
        Step::Wait(200),
        Step::Compact,
    ],
    // A table keeps every row for a while, and rows are deleted from it in both modes.
    &[
        Step::Send(4),
        Step::Flush,
        Step::AppendOnly(true),
        Step::Send(3),
        Step::Flush,
        Step::Delete,
        Step::AppendOnly(false),
        Step::Compact,
        Step::Send(2),
        Step::Delete,
        Step::AppendOnly(true),
        Step::Send(1),
        Step::Flush,
        Step::Compact,
    ],
    // Rows are deleted, and the newest rows searched for.
    &[
        Step::Send(4),
        Step::Flush,
        Step::Delete,
        Step::Send(2),
        Step::Flush,
        Step::Compact,
        Step::Delete,
        Step::Send(1),
    ],
    // Keys change under way.
    &[
        Step::Send(2),
        Step::MasterKey,
        Step::Send(1),
        Step::DataKey,
        Step::Flush,
        Step::MasterKey,
        Step::Send(1),
        Step::Compact,
        Step::Resend,
    ],
];

/// Outcomes of each power cut that are looked at.
const OUTCOMES: u64 = 4;
