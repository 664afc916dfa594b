//! A store at rest, and what may come of damage to its files.
//!
//! | outcome | when |
//! |---|---|
//! | refused | the store does not open, and the error names the file |
//! | named | it opens, the tables that need the bytes fail and name the file, all others are whole |
//! | harmless | every row is there and no other; `verify` may find nothing |
//! | a beginning | only where it is allowed, which is where a crash may leave the same: the rows of the first batches, and nothing of the others |
//!
//! Whatever is not harmless is found by `verify`, which names the file.

use std::path::{Path, PathBuf};

use engine::{Engine, offline};
use platform::{Disk, SimDisk};

use crate::check::describe;
use crate::counts::Counts;
use crate::ensure;
use crate::history::setting;
use crate::machine::{DIR, Machine};
use crate::observe::{self, Tables};
use crate::told::Told;
use crate::violation::Violation;

/// A store that nobody has open, and what it shows while it is whole.
pub(super) struct AtRest {
    /// The machine.
    pub(super) machine: Machine,
    /// All files of its data directory with their lengths.
    pub(super) files: Vec<(PathBuf, u64)>,
    digest: u64,
    tables: Tables,
    setting: Option<usize>,
}

/// What came of some damage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Refused,
    Named,
    Harmless,
    Beginning,
}

/// Bytes of one file.
pub(super) struct Stretch<'a> {
    pub(super) path: &'a Path,
    pub(super) bytes: std::ops::Range<u64>,
    /// All bytes of the file.
    pub(super) length: u64,
}

impl AtRest {
    /// Looks at a store that is whole.
    ///
    /// # Errors
    /// When it is not.
    pub(super) fn new(machine: Machine) -> Result<Self, Violation> {
        let refused = |error| Violation(describe(&error));
        // What opening writes is no part of what is at rest.
        let opened = machine.with(machine.disk.copy());
        let (engine, _) = opened.open().map_err(refused)?;
        let disk = &machine.disk;
        let mut files = Vec::new();
        for dir in DIRS.map(|dir| Path::new(DIR).join(dir)) {
            let entries = disk.list(&dir).map_err(|e| Violation(e.to_string()))?;
            let found = entries.into_iter().filter(|entry| !entry.is_dir);
            files.extend(found.map(|entry| (dir.join(entry.name), entry.bytes)));
        }
        Ok(Self {
            digest: engine.digest().map_err(refused)?,
            tables: observe::tables(&engine).map_err(refused)?,
            setting: setting(&engine),
            machine,
            files,
        })
    }

    /// Returns the newest segment of the log.
    pub(super) fn newest_segment(&self) -> &Path {
        let paths = self.files.iter().map(|(path, _)| path.as_path());
        let segments = paths.filter(|path| path.extension() == Some("log".as_ref()));
        segments.max().unwrap_or(Path::new(""))
    }

    /// Returns how many stretches the files have.
    pub(super) fn stretch_count(&self) -> u64 {
        let stretches = self.files.iter();
        stretches.map(|(_, bytes)| bytes.div_ceil(STRETCH)).sum()
    }

    /// Returns a stretch by its number.
    pub(super) fn stretch(&self, number: u64) -> Option<Stretch<'_>> {
        let mut at = number * STRETCH;
        for (path, length) in &self.files {
            if at < *length {
                let bytes = at..(at + STRETCH).min(*length);
                let length = *length;
                return Some(Stretch {
                    path,
                    bytes,
                    length,
                });
            }
            at -= length.div_ceil(STRETCH) * STRETCH;
        }
        None
    }

    /// Flips every bit of a stretch, each for itself.
    ///
    /// # Errors
    /// A wrong answer, or damage that nobody names.
    pub(super) fn flip_bits(
        &self,
        stretch: &Stretch<'_>,
        counts: &mut Counts,
    ) -> Result<(), Violation> {
        let path = stretch.path;
        for at in stretch.bytes.clone() {
            for bit in 0..8 {
                let flip = |disk: &SimDisk| disk.flip_bit(path, at, bit);
                let place = format!("{} with bit {bit} of byte {at} flipped", path.display());
                let outcome = self.look(path, &place, flip, None)?;
                counts.count(match outcome {
                    Outcome::Refused => "bits refused",
                    Outcome::Named => "bits named by the tables they are in",
                    Outcome::Harmless => "bits that carry nothing",
                    Outcome::Beginning => "bits of the tail",
                });
            }
        }
        Ok(())
    }

    /// Damages a copy of the store and looks at what follows. A beginning of what was sent may be all
    /// that is left where `beginning` tells what that was.
    ///
    /// # Errors
    /// A wrong answer, or damage that nobody names.
    pub(super) fn look(
        &self,
        path: &Path,
        place: &str,
        damage: impl Fn(&SimDisk) -> std::io::Result<()>,
        beginning: Option<&Told>,
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
            let outcome = self.open(&damaged()?, name, beginning)?;
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

    fn open(
        &self,
        machine: &Machine,
        name: &str,
        beginning: Option<&Told>,
    ) -> Result<Outcome, Violation> {
        let engine = match machine.open() {
            Ok((engine, _)) => engine,
            Err(error) => {
                let text = describe(&error);
                ensure!(text.contains(name), "refused without its name: {text}");
                return Ok(Outcome::Refused);
            }
        };
        // One number for everything: where it is the same, nothing is missing and nothing is new.
        match engine.digest() {
            Ok(digest) if digest == self.digest => Ok(Outcome::Harmless),
            _ => self.compare(&engine, machine, name, beginning),
        }
    }

    /// Finds out which tables are not what they were.
    fn compare(
        &self,
        engine: &Engine,
        machine: &Machine,
        name: &str,
        beginning: Option<&Told>,
    ) -> Result<Outcome, Violation> {
        let view = engine.view();
        let shown = view
            .tables()
            .map(|table| table.definition().name.to_string());
        let mut is_named = false;
        let mut is_other =
            engine.view().tables().len() != self.tables.len() || setting(engine) != self.setting;
        for table in shown.collect::<Vec<_>>() {
            match observe::table(engine, &table) {
                Ok(rows) if self.tables.get(&table) == Some(&rows) => {}
                Ok(_) => is_other = true,
                Err(error) => {
                    let text = describe(&error);
                    ensure!(text.contains(name), "failed without its name: {text}");
                    is_named = true;
                }
            }
        }
        if is_named && !is_other {
            return Ok(Outcome::Named);
        }
        let Some(told) = beginning else {
            return Err(Violation("it shows something else and says nothing".into()));
        };
        // Of what was sent, a beginning: nothing was acked for this question.
        let tables = observe::tables(engine).map_err(|e| Violation(describe(&e)))?;
        let forgetful = told.without_acks();
        forgetful.check(u64::MAX, &tables, setting(engine), machine.now())?;
        Ok(Outcome::Beginning)
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

/// Where the files of a store lie.
pub(super) const DIRS: [&str; 4] = ["", "wal", "parts", "manifest"];

/// Bytes of one case; a divisor of a sector.
const STRETCH: u64 = 32;
