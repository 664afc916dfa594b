//! Damage at rest: every bit of every file of a small store flipped, sectors zeroed and exchanged,
//! files cut at every byte and made longer. What may follow, and nothing else: `at_rest`.
//!
//! A beginning is allowed only for the newest segment of the log cut or zeroed, which is what a crash
//! leaves.

use std::path::Path;

use platform::{Disk, OpenMode, SimDisk};

use crate::check::describe;
use crate::counts::Counts;
use crate::dice::Dice;
use crate::history::{History, Step};
use crate::machine::Machine;
use crate::suites::at_rest::{AtRest, Stretch};
use crate::told::Told;
use crate::violation::Violation;
use crate::workload::Workload;

/// Damages one stretch of one file of a store in every way.
///
/// The seed chooses both: consecutive seeds go through all stretches of all files of a store, and on
/// to the next store.
///
/// # Errors
/// A wrong answer, a panic, or damage that nobody names.
pub(super) fn case(seed: u64, counts: &mut Counts) -> Result<(), Violation> {
    let fixture = Fixture::new(seed / STRETCHES_MAX)?;
    match fixture.store.stretch(seed % STRETCHES_MAX) {
        Some(stretch) => fixture.damage(&stretch, counts),
        None => Ok(()),
    }
}

/// Returns how many stretches the files of a store have.
#[must_use]
pub fn stretches(store: u64) -> u64 {
    Fixture::new(store).map_or(0, |fixture| fixture.store.stretch_count())
}

/// A store that was closed, and what was sent to it.
struct Fixture {
    store: AtRest,
    told: Told,
}

impl Fixture {
    fn new(store: u64) -> Result<Self, Violation> {
        let mut dice = Dice::new(store);
        let machine = Machine::new(store, Machine::small());
        let (mut told, mut workload) = (Told::default(), Workload::default());
        let mut history = History {
            machine: &machine,
            told: &mut told,
            workload: &mut workload,
            base: 0,
            dice: &mut dice,
        };
        let engine = history.run(STEPS);
        let engine = engine.ok_or_else(|| Violation("the store does not open".into()))?;
        engine.close().map_err(|e| Violation(describe(&e)))?;
        drop(engine);
        // Everything that lies on the disk now is at rest.
        let store = AtRest::new(machine.with(machine.disk.kill()))?;
        Ok(Self { store, told })
    }

    /// Returns what was sent where damage to a file may leave a beginning of it.
    fn beginning(&self, path: &Path) -> Option<&Told> {
        (path == self.store.newest_segment()).then_some(&self.told)
    }

    fn damage(&self, stretch: &Stretch<'_>, counts: &mut Counts) -> Result<(), Violation> {
        self.store.flip_bits(stretch, counts)?;
        let path = stretch.path;
        for at in stretch.bytes.clone() {
            let place = format!("{} cut at byte {at}", path.display());
            let cut = |disk: &SimDisk| resize(disk, path, at);
            self.store.look(path, &place, cut, self.beginning(path))?;
            counts.count("cuts");
        }
        if stretch.bytes.start.is_multiple_of(SECTOR) {
            self.damage_sector(stretch, counts)?;
        }
        Ok(())
    }

    fn damage_sector(&self, stretch: &Stretch<'_>, counts: &mut Counts) -> Result<(), Violation> {
        let (path, at, length) = (stretch.path, stretch.bytes.start, stretch.length);
        let beginning = self.beginning(path);
        let end = (at + SECTOR).min(length);
        let sector = read(&self.store.machine.disk, path, at..end)?;
        let place = format!("{} with the sector at {at} zeroed", path.display());
        let zeros = vec![0; sector.len()];
        let zero = |disk: &SimDisk| disk.overwrite(path, at, &zeros);
        self.store.look(path, &place, zero, beginning)?;
        counts.count("sectors zeroed");
        for other in (0..length).step_by(usize::try_from(SECTOR).unwrap_or(512)) {
            if other == at || other + SECTOR > length || end - at < SECTOR {
                continue;
            }
            let place = format!(
                "{} with the sectors at {at} and {other} exchanged",
                path.display()
            );
            let there = read(&self.store.machine.disk, path, other..other + SECTOR)?;
            let exchange = |disk: &SimDisk| {
                disk.overwrite(path, at, &there)?;
                disk.overwrite(path, other, &sector)
            };
            self.store.look(path, &place, exchange, beginning)?;
            counts.count("sectors exchanged");
        }
        for more in [1, 512, 5_000] {
            let place = format!("{} made {more} bytes longer", path.display());
            let extend = |disk: &SimDisk| resize(disk, path, length + more);
            self.store.look(path, &place, extend, beginning)?;
            counts.count("extensions");
        }
        Ok(())
    }
}

fn resize(disk: &SimDisk, path: &Path, bytes: u64) -> std::io::Result<()> {
    disk.open(path, OpenMode::ReadWrite)?.set_len(bytes)
}

fn read(disk: &SimDisk, path: &Path, bytes: std::ops::Range<u64>) -> Result<Vec<u8>, Violation> {
    let mut out = vec![0; usize::try_from(bytes.end - bytes.start).unwrap_or(0)];
    let file = disk.open(path, OpenMode::Read);
    file.and_then(|file| file.read_exact_at(&mut out, bytes.start))
        .map_err(|e| Violation(e.to_string()))?;
    Ok(out)
}

/// A store with parts of three tables, merged and not, and a log with batches behind them.
const STEPS: &[Step] = &[
    Step::Send(4),
    Step::Edit,
    Step::Flush,
    Step::Send(2),
    Step::Flush,
    Step::Compact,
    Step::Send(4),
    Step::Flush,
    Step::Send(3),
    Step::Edit,
    Step::Send(2),
];

/// More stretches than the files of a store have.
const STRETCHES_MAX: u64 = 10_000;
const SECTOR: u64 = 512;
