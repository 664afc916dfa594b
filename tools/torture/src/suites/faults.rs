//! Faults of a disk by chance.

use platform::{FailPoint, Fault, Operation, Rule, SimDisk, Strike};

use crate::dice::Dice;

/// Puts a fault, or several, in the way of whoever uses a disk.
pub fn inject(disk: &SimDisk, dice: &mut Dice) {
    match dice.below(8) {
        0 => disk.freeze_after(dice.below(400)),
        1 => {
            let point = dice.pick(FailPoint::ALL);
            disk.arm(point, 1 + dice.below(4), strike(point, dice));
        }
        2 => disk.limit_capacity(disk.used_bytes() + dice.below(30) * 4_096),
        3 => {
            for _ in 0..3 {
                disk.inject(rule(dice));
            }
        }
        _ => disk.inject(rule(dice)),
    }
}

/// Puts a fault in the way of a recovery, which makes few changes and many reads.
pub fn inject_soon(disk: &SimDisk, dice: &mut Dice) {
    match dice.below(4) {
        0 | 1 => disk.freeze_after(dice.below(40)),
        2 => {
            let point = dice.pick(FailPoint::ALL);
            disk.arm(point, 1, strike(point, dice));
        }
        _ => {
            let (operation, fault) = strike_of(dice);
            disk.inject(Rule::new(operation, fault).nth(1 + dice.below(8)));
        }
    }
}

/// Takes everything out of the way again.
pub fn clear(disk: &SimDisk) {
    disk.clear_rules();
    disk.lift_capacity();
}

fn strike(point: FailPoint, dice: &mut Dice) -> Strike {
    if point.can_fail() && dice.one_in(2) {
        Strike::Error
    } else {
        Strike::Crash
    }
}

fn rule(dice: &mut Dice) -> Rule {
    let (operation, fault) = strike_of(dice);
    let under = dice.pick(&[
        "/",
        "/data/wal",
        "/data/wal",
        "/data/parts",
        "/data/manifest",
        "/keys",
    ]);
    let rule = Rule::new(operation, fault).under(under);
    match dice.below(4) {
        0 => rule.one_in(4 + dice.below(60)),
        1 => rule.from_nth(1 + dice.below(30)),
        _ => rule.nth(1 + dice.below(40)),
    }
}

/// Returns an operation and a way in which it goes wrong. A drive that lies about a sync is not among
/// them: nothing can be promised on it.
fn strike_of(dice: &mut Dice) -> (Operation, Fault) {
    use Operation as O;
    let operation = dice.pick(&[
        O::Write,
        O::Write,
        O::Write,
        O::Sync,
        O::Sync,
        O::Sync,
        O::SyncDir,
        O::SyncDir,
        O::Create,
        O::Rename,
        O::Remove,
        O::SetLen,
        O::Read,
        O::Open,
        O::List,
        O::Metadata,
    ]);
    let short = Fault::Short(usize::try_from(dice.below(700)).unwrap_or(0));
    let fault = match operation {
        O::Write => dice.pick(&[Fault::Io, Fault::NoSpace, short]),
        O::Sync | O::SyncDir => dice.pick(&[Fault::Io, Fault::NoSpace, Fault::SyncLost]),
        O::Create | O::Rename | O::SetLen => dice.pick(&[Fault::Io, Fault::NoSpace]),
        _ => Fault::Io,
    };
    (operation, fault)
}
