//! Every bit of every file of the stores that are kept for later versions (`engine/tests/fixtures`).

use std::path::{Path, PathBuf};

use platform::durable;

use crate::counts::Counts;
use crate::machine::{DIR, Machine};
use crate::suites::at_rest::{AtRest, DIRS};
use crate::violation::Violation;

/// Flips every bit of one stretch of a file of a fixture. Consecutive seeds go through all of them, and
/// behind the last there is nothing to do.
///
/// # Errors
/// A wrong answer, a panic, or damage that nobody names.
pub(super) fn case(seed: u64, counts: &mut Counts) -> Result<(), Violation> {
    let mut rest = seed;
    for dir in dirs()? {
        let fixture = load(&dir)?;
        if let Some(stretch) = fixture.stretch(rest) {
            let place = dir.display().to_string();
            return fixture
                .flip_bits(&stretch, counts)
                .map_err(|violation| violation.at(&place));
        }
        rest -= fixture.stretch_count();
    }
    Ok(())
}

/// Returns how many stretches all fixtures have.
///
/// # Errors
/// When one is not whole.
pub fn stretches() -> Result<u64, Violation> {
    let fixtures = dirs()?.into_iter();
    fixtures.map(|dir| Ok(load(&dir)?.stretch_count())).sum()
}

/// Returns the directories of the fixtures, oldest first: below this one or one that it is in.
fn dirs() -> Result<Vec<PathBuf>, Violation> {
    let here = std::env::current_dir().map_err(unreadable)?;
    let mut candidates = here.ancestors().map(|dir| dir.join(FIXTURES));
    let all = candidates.find(|dir| dir.is_dir()).ok_or_else(|| {
        let here = here.display();
        Violation(format!("there is no {FIXTURES} in {here} or above"))
    })?;
    let entries = std::fs::read_dir(all).map_err(unreadable)?;
    let paths = entries.map(|entry| Ok(entry?.path()));
    let paths: Vec<PathBuf> = paths.collect::<std::io::Result<_>>().map_err(unreadable)?;
    let mut dirs: Vec<PathBuf> = paths.into_iter().filter(|path| path.is_dir()).collect();
    dirs.sort_unstable();
    Ok(dirs)
}

/// Loads a fixture onto a simulated disk.
fn load(dir: &Path) -> Result<AtRest, Violation> {
    let machine = Machine::with_master(&MASTER, Machine::small());
    for folder in DIRS {
        let to = Path::new(DIR).join(folder);
        durable::create_dir_all(&machine.disk, &to).map_err(unreadable)?;
        for entry in std::fs::read_dir(dir.join("data").join(folder)).map_err(unreadable)? {
            let path = entry.map_err(unreadable)?.path();
            if let Some(name) = path.file_name().filter(|_| path.is_file()) {
                let bytes = std::fs::read(&path).map_err(unreadable)?;
                durable::write_file(&machine.disk, &to.join(name), &bytes).map_err(unreadable)?;
            }
        }
    }
    AtRest::new(machine)
}

fn unreadable(error: std::io::Error) -> Violation {
    Violation(format!("the fixtures cannot be read: {error}"))
}

const FIXTURES: &str = "engine/tests/fixtures";
/// The master key of all fixtures.
const MASTER: [u8; 32] = [7; 32];
