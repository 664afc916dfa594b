//! Damage at rest: every bit of every file of a small store flipped, sectors zeroed and exchanged,
//! files cut at every byte and made longer.
//!
//! What may follow, and nothing else:
//!
//! | outcome | when |
//! |---|---|
//! | refused | the store does not open, and the error names the file |
//! | named | it opens, the tables that need the bytes fail and name the file, all others are whole |
//! | harmless | every row is there and no other; `verify` may find nothing |
//! | a beginning | only for the newest segment of the log cut or zeroed, which is what a crash leaves: the rows of its first batches, and nothing of the others |
//!
//! Whatever is not harmless is found by `verify`, which names the file.

use std::path::{Path, PathBuf};

use engine::offline;
use platform::{Disk, OpenMode, SimDisk};

use crate::check::describe;
use crate::counts::Counts;
use crate::dice::Dice;
use crate::ensure;
use crate::history::{History, Step, setting};
use crate::machine::{DIR, Machine};
use crate::observe::{self, Tables};
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
    let mut at = seed % STRETCHES_MAX * STRETCH;
    for (path, bytes) in &fixture.files {
        if at < *bytes {
            let end = (at + STRETCH).min(*bytes);
            return fixture.damage(path, at..end, *bytes, counts);
        }
        at -= bytes.div_ceil(STRETCH) * STRETCH;
    }
    Ok(())
}

/// Returns how many stretches the files of a store have.
#[must_use]
pub fn stretches(store: u64) -> u64 {
    let files = Fixture::new(store).map(|fixture| fixture.files);
    let stretches = files.unwrap_or_default().into_iter();
    stretches.map(|(_, bytes)| bytes.div_ceil(STRETCH)).sum()
}

/// A store that was closed, and what is in it.
struct Fixture {
    machine: Machine,
    told: Told,
    whole: Tables,
    setting: Option<usize>,
    files: Vec<(PathBuf, u64)>,
    newest_segment: PathBuf,
}

/// What came of some damage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Refused,
    Named,
    Harmless,
    Beginning,
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
        let whole = observe::tables(&engine).map_err(|e| Violation(describe(&e)))?;
        let setting = setting(&engine);
        engine.close().map_err(|e| Violation(describe(&e)))?;
        drop(engine);
        // Everything that lies on the disk now is at rest.
        let disk = machine.disk.kill();
        let mut files = Vec::new();
        for dir in [DIR, "/data/wal", "/data/parts", "/data/manifest"] {
            let entries = disk
                .list(Path::new(dir))
                .map_err(|e| Violation(e.to_string()))?;
            let found = entries.into_iter().filter(|entry| !entry.is_dir);
            files.extend(found.map(|entry| (Path::new(dir).join(entry.name), entry.bytes)));
        }
        let segments = files
            .iter()
            .filter(|(path, _)| path.extension() == Some("log".as_ref()));
        let newest = segments.map(|(path, _)| path.clone()).max();
        Ok(Self {
            machine: machine.with(disk),
            told,
            whole,
            setting,
            files,
            newest_segment: newest.unwrap_or_default(),
        })
    }

    fn damage(
        &self,
        path: &Path,
        bytes: std::ops::Range<u64>,
        length: u64,
        counts: &mut Counts,
    ) -> Result<(), Violation> {
        let is_newest = path == self.newest_segment;
        for at in bytes.clone() {
            for bit in 0..8 {
                let flip = |disk: &SimDisk| disk.flip_bit(path, at, bit);
                let place = format!("{} with bit {bit} of byte {at} flipped", path.display());
                let outcome = self.look(path, &place, flip, false)?;
                counts.count(match outcome {
                    Outcome::Refused => "bits refused",
                    Outcome::Named => "bits named by the tables they are in",
                    Outcome::Harmless => "bits that carry nothing",
                    Outcome::Beginning => "bits of the tail",
                });
            }
            let place = format!("{} cut at byte {at}", path.display());
            self.look(path, &place, |disk| resize(disk, path, at), is_newest)?;
            counts.count("cuts");
        }
        if bytes.start.is_multiple_of(SECTOR) {
            self.damage_sector(path, bytes.start, length, counts)?;
        }
        Ok(())
    }

    fn damage_sector(
        &self,
        path: &Path,
        at: u64,
        length: u64,
        counts: &mut Counts,
    ) -> Result<(), Violation> {
        let is_newest = path == self.newest_segment;
        let end = (at + SECTOR).min(length);
        let sector = read(&self.machine.disk, path, at..end)?;
        let place = format!("{} with the sector at {at} zeroed", path.display());
        let zeros = vec![0; sector.len()];
        self.look(
            path,
            &place,
            |disk| disk.overwrite(path, at, &zeros),
            is_newest,
        )?;
        counts.count("sectors zeroed");
        for other in (0..length).step_by(usize::try_from(SECTOR).unwrap_or(512)) {
            if other == at || other + SECTOR > length || end - at < SECTOR {
                continue;
            }
            let place = format!(
                "{} with the sectors at {at} and {other} exchanged",
                path.display()
            );
            let there = read(&self.machine.disk, path, other..other + SECTOR)?;
            let exchange = |disk: &SimDisk| {
                disk.overwrite(path, at, &there)?;
                disk.overwrite(path, other, &sector)
            };
            self.look(path, &place, exchange, is_newest)?;
            counts.count("sectors exchanged");
        }
        for more in [1, 512, 5_000] {
            let place = format!("{} made {more} bytes longer", path.display());
            self.look(
                path,
                &place,
                |disk| resize(disk, path, length + more),
                is_newest,
            )?;
            counts.count("extensions");
        }
        Ok(())
    }

    /// Damages a copy of the store and looks at what follows.
    fn look(
        &self,
        path: &Path,
        place: &str,
        damage: impl Fn(&SimDisk) -> std::io::Result<()>,
        may_begin: bool,
    ) -> Result<Outcome, Violation> {
        let damaged = || -> Result<Machine, Violation> {
            let machine = self.machine.with(self.machine.disk.copy());
            damage(&machine.disk).map_err(|e| Violation(e.to_string()))?;
            Ok(machine)
        };
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or_default();
        let looked = || -> Result<Outcome, Violation> {
            let outcome = self.open(&damaged()?, name, may_begin)?;
            let complaint = verify(&damaged()?);
            let is_found = complaint.as_ref().is_some_and(|text| text.contains(name));
            // What a crash leaves as well is not damage.
            let must_find = matches!(outcome, Outcome::Refused | Outcome::Named);
            ensure!(
                is_found || !must_find,
                "{outcome:?}, and verify does not name it: {complaint:?}"
            );
            Ok(outcome)
        };
        looked().map_err(|violation| violation.at(place))
    }

    fn open(&self, machine: &Machine, name: &str, may_begin: bool) -> Result<Outcome, Violation> {
        let engine = match machine.open() {
            Ok((engine, _)) => engine,
            Err(error) => {
                let text = describe(&error);
                ensure!(text.contains(name), "refused without its name: {text}");
                return Ok(Outcome::Refused);
            }
        };
        let shown = engine
            .view()
            .tables()
            .map(|t| t.definition().name.to_string())
            .collect::<Vec<_>>();
        let mut outcome = Outcome::Harmless;
        for table in shown {
            match observe::table(&engine, &table) {
                Ok(rows) if self.whole.get(&table) == Some(&rows) => {}
                Ok(rows) => {
                    ensure!(may_begin, "table {table} has other rows: {rows:?}");
                    outcome = Outcome::Beginning;
                }
                Err(error) => {
                    let text = describe(&error);
                    ensure!(text.contains(name), "failed without its name: {text}");
                    outcome = Outcome::Named;
                }
            }
        }
        let is_all =
            engine.view().tables().len() == self.whole.len() && setting(&engine) == self.setting;
        if outcome == Outcome::Beginning || !is_all {
            ensure!(may_begin, "a table or an edit is gone");
            // Of what was sent, a beginning: nothing was acked for this question.
            let tables = observe::tables(&engine).map_err(|e| Violation(describe(&e)))?;
            let forgetful = self.told.without_acks();
            forgetful.check(u64::MAX, &tables, setting(&engine), machine.now())?;
            return Ok(Outcome::Beginning);
        }
        Ok(outcome)
    }
}

/// Returns what verifying complains of, if it does.
fn verify(machine: &Machine) -> Option<String> {
    let found = machine
        .environment()
        .and_then(|environment| offline::verify(&environment, &mut |_, _| {}));
    match found {
        Err(error) => Some(describe(&error)),
        Ok(found) if found.is_whole() => None,
        Ok(found) => Some(
            found
                .damage
                .iter()
                .map(describe)
                .collect::<Vec<_>>()
                .join("; "),
        ),
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

/// Bytes of one case; a divisor of a sector.
const STRETCH: u64 = 32;
/// More stretches than the files of a store have.
const STRETCHES_MAX: u64 = 10_000;
const SECTOR: u64 = 512;
