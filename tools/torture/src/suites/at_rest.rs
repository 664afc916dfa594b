//! A store at rest, and what may come of damage to its files.
//!
//! | outcome | when |
//! |---|---|
//! | refused | the store does not open, and the error names the file |
//! | named | it opens, the tables that need the bytes fail and name the file, all others are whole |
//! | harmless | every row is there and no other; `verify` may find nothing |
//! | searched | of newest rows that are kept: every row is there, and the newest are found in the parts |
//! | a beginning | only where it is allowed, which is where a crash may leave the same: the rows of the first batches, and nothing of the others; of a flipped bit, all but the last group of the log, which nothing vouches for yet |
//!
//! Whatever is not harmless is found by `verify`, which names the file. A flipped bit is found by it
//! wherever it is, and named by the offset of the piece that it is in ([`super::pieces`]).

use std::path::{Path, PathBuf};

use engine::{Engine, Error, offline};
use platform::{Disk, SimDisk};

use crate::check::describe;
use crate::counts::Counts;
use crate::ensure;
use crate::history::setting;
use crate::machine::{DIR, Machine};
use crate::newest;
use crate::observe::{self, Tables};
use crate::suites::pieces::{Pieces, last_group};
use crate::suites::readers::{LogRecords, look_at_part};
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
    /// The parts that keep the newest rows.
    latest: Vec<PathBuf>,
    pieces: Pieces,
    log: LogRecords,
    /// The same without the last group of the log, which a power cut may leave as well.
    beginning: Beginning,
}

/// What is left of a store without the last group of its log.
struct Beginning {
    digest: u64,
    log: LogRecords,
}

/// What came of some damage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Refused,
    Named,
    Harmless,
    Searched,
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
            latest: latest(&machine).map_err(refused)?,
            pieces: Pieces::of(&machine, &files)?,
            log: LogRecords::of(&machine)?,
            beginning: Beginning::of(&machine, newest_segment(&files))?,
            machine,
            files,
        })
    }

    /// Returns the newest segment of the log.
    pub(super) fn newest_segment(&self) -> &Path {
        newest_segment(&self.files)
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

    /// Flips every bit of a stretch, each for itself, and looks at the whole store.
    ///
    /// # Errors
    /// A wrong answer, or a bit that `verify` does not name.
    pub(super) fn flip_bits(
        &self,
        stretch: &Stretch<'_>,
        counts: &mut Counts,
    ) -> Result<(), Violation> {
        for bit in stretch.bits() {
            count(self.flip(bit, Self::look_at_all)?, counts);
        }
        Ok(())
    }

    /// Flips every bit of a stretch, each for itself, and looks at what reads its file; for one bit in
    /// [`WHOLE_EVERY`], at the whole store too.
    ///
    /// # Errors
    /// As [`Self::flip_bits`].
    pub(super) fn flip_bits_of_file(
        &self,
        stretch: &Stretch<'_>,
        counts: &mut Counts,
    ) -> Result<(), Violation> {
        for bit in stretch.bits() {
            let outcome = self.flip(bit, Self::look_at_file)?;
            count(outcome, counts);
            // Spread over all eight bits of a byte.
            if (bit.at * 9 + u64::from(bit.bit)).is_multiple_of(WHOLE_EVERY) {
                let whole = self.flip(bit, Self::look_at_all)?;
                ensure!(whole == outcome, "{whole:?}, and its file {outcome:?}");
                counts.count("of them in the whole store");
            }
        }
        Ok(())
    }

    /// Flips one bit and looks; `verify` must name it.
    fn flip(&self, bit: Bit<'_>, look: Look) -> Result<Outcome, Violation> {
        let (path, at) = (bit.path, bit.at);
        let flipped = || -> Result<Outcome, Violation> {
            let flip = |disk: &SimDisk| disk.flip_bit(path, at, bit.bit);
            let (outcome, complaint) = look(self, path, &flip)?;
            ensure!(
                (outcome == Outcome::Harmless && self.is_no_part_of_log(path, at))
                    || self.pieces.is_named(&complaint, path, at),
                "{outcome:?}, and verify does not name where: {complaint:?}"
            );
            Ok(outcome)
        };
        let place = format!(
            "{} with bit {} of byte {at} flipped",
            path.display(),
            bit.bit
        );
        flipped().map_err(|violation| violation.at(&place))
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
        let looked = || -> Result<Outcome, Violation> {
            let outcome = self.open(&self.damaged(&damage)?, name_of(path), beginning)?;
            let complaint = verify(&self.damaged(&damage)?);
            // What a crash leaves as well is not damage.
            let must_find = matches!(outcome, Outcome::Refused | Outcome::Named);
            ensure!(
                complaint.contains(name_of(path)) || !must_find,
                "{outcome:?}, and verify does not name it: {complaint:?}"
            );
            Ok(outcome)
        };
        looked().map_err(|violation| violation.at(place))
    }

    /// Opens the damaged store and verifies it.
    fn look_at_all(&self, path: &Path, damage: Damage<'_>) -> Result<(Outcome, String), Violation> {
        let outcome = self.open(&self.damaged(damage)?, name_of(path), None)?;
        Ok((outcome, verify(&self.damaged(damage)?)))
    }

    /// Opens the damaged file and verifies it.
    fn look_at_file(
        &self,
        path: &Path,
        damage: Damage<'_>,
    ) -> Result<(Outcome, String), Violation> {
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("part") if self.keeps_newest(name_of(path)) => {
                let (_, complaint) = look_at_part(&self.damaged(damage)?, path)?;
                Ok((Outcome::Searched, complaint))
            }
            Some("part") => look_at_part(&self.damaged(damage)?, path),
            Some("log") => self.log.look(&self.damaged(damage)?, &self.beginning.log),
            _ => self.look_at_all(path, damage),
        }
    }

    /// Returns a machine of its own with the damage done.
    fn damaged(&self, damage: Damage<'_>) -> Result<Machine, Violation> {
        let machine = self.machine.with(self.machine.disk.copy());
        damage(&machine.disk).map_err(|e| Violation(e.to_string()))?;
        Ok(machine)
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
            Ok(digest) if digest == self.digest && self.keeps_newest(name) => {
                newest::check(&engine)?;
                Ok(Outcome::Searched)
            }
            Ok(digest) if digest == self.digest => Ok(Outcome::Harmless),
            Ok(digest)
                if digest == self.beginning.digest && name_of(self.newest_segment()) == name =>
            {
                Ok(Outcome::Beginning)
            }
            _ => self.compare(&engine, machine, name, beginning),
        }
    }

    /// Tells whether the log never reads a byte: of a spare segment, which a start removes unless it has
    /// nothing but zeros, or behind the end of one that another goes on from, which a crash leaves as long
    /// as it was.
    fn is_no_part_of_log(&self, path: &Path, at: u64) -> bool {
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("spare") => true,
            Some("log") => path != self.newest_segment() && self.pieces.is_in_last(path, at),
            _ => false,
        }
    }

    /// Tells whether a file is a part that keeps newest rows.
    fn keeps_newest(&self, name: &str) -> bool {
        self.latest.iter().any(|path| name_of(path) == name)
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

impl Beginning {
    fn of(machine: &Machine, newest: &Path) -> Result<Self, Violation> {
        let machine = machine.with(machine.disk.copy());
        if let Some(group) = last_group(&machine, newest)? {
            let zeros = vec![0; usize::try_from(group.end - group.start).unwrap_or(0)];
            let overwritten = machine.disk.overwrite(newest, group.start, &zeros);
            overwritten.map_err(|e| Violation(e.to_string()))?;
        }
        let log = LogRecords::of(&machine)?;
        let refused = |error| Violation(describe(&error));
        let (engine, _) = machine.open().map_err(refused)?;
        let digest = engine.digest().map_err(refused)?;
        Ok(Self { digest, log })
    }
}

/// Returns the parts that keep newest rows.
fn latest(machine: &Machine) -> Result<Vec<PathBuf>, Error> {
    let report = offline::inspect_manifest(&machine.environment()?, None)?;
    let parts = report.latest.iter();
    Ok(parts
        .map(|meta| Path::new(DIR).join("parts").join(meta.id.file_name()))
        .collect())
}

fn newest_segment(files: &[(PathBuf, u64)]) -> &Path {
    let paths = files.iter().map(|(path, _)| path.as_path());
    let segments = paths.filter(|path| path.extension() == Some("log".as_ref()));
    segments.max().unwrap_or(Path::new(""))
}

fn count(outcome: Outcome, counts: &mut Counts) {
    counts.count(match outcome {
        Outcome::Refused => "bits refused",
        Outcome::Named => "bits named by the tables they are in",
        Outcome::Harmless => "bits that carry nothing",
        Outcome::Searched => "bits of newest rows, searched for in the parts",
        Outcome::Beginning => "bits of the last group, cut off with it",
    });
}

fn name_of(path: &Path) -> &str {
    let name = path.file_name().and_then(|name| name.to_str());
    name.unwrap_or_default()
}

/// Returns what verifying says of damage, and of a tail that the next start cuts.
fn verify(machine: &Machine) -> String {
    let found = machine
        .environment()
        .and_then(|environment| offline::verify(&environment, &mut |_, _| {}));
    let found = match found {
        Err(error) => return describe(&error),
        Ok(found) => found,
    };
    let torn = found.log.and_then(|log| log.torn);
    let damage = found.damage.iter().map(describe);
    let said: Vec<String> = damage.chain(torn.map(|torn| torn.to_string())).collect();
    said.join("; ")
}

/// A bit of a file.
#[derive(Clone, Copy)]
struct Bit<'a> {
    path: &'a Path,
    at: u64,
    bit: u8,
}

impl<'a> Stretch<'a> {
    fn bits(&self) -> impl Iterator<Item = Bit<'a>> + use<'a> {
        let path = self.path;
        let bytes = self.bytes.clone();
        bytes.flat_map(move |at| (0..8).map(move |bit| Bit { path, at, bit }))
    }
}

/// Damage to a disk.
type Damage<'a> = &'a dyn Fn(&SimDisk) -> std::io::Result<()>;
/// Looks at a damaged store; returns what came of it and what verifying it says.
type Look = fn(&AtRest, &Path, Damage<'_>) -> Result<(Outcome, String), Violation>;

/// Where the files of a store lie.
pub(super) const DIRS: [&str; 4] = ["", "wal", "parts", "manifest"];

/// Bytes of one case; a divisor of a sector.
const STRETCH: u64 = 32;
/// Bits of which one is looked at in the whole store: one of every four bytes.
const WHOLE_EVERY: u64 = 32;
