//! Every bit of every file of the stores that are kept for later versions (`engine/tests/fixtures`).

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use platform::durable;

use crate::counts::Counts;
use crate::machine::{DIR, Machine};
use crate::suites::at_rest::{AtRest, DIRS};
use crate::violation::Violation;

/// Flips every bit of one stretch of a file of a fixture. Consecutive seeds are spread over all files,
/// and as many of them as there are stretches go through every bit once.
///
/// # Errors
/// A wrong answer, a panic, or damage that nobody names.
pub(super) fn case(seed: u64, counts: &mut Counts) -> Result<(), Violation> {
    let fixtures = FIXTURES.as_ref().map_err(Clone::clone)?;
    let mut rest = spread(
        seed,
        fixtures
            .iter()
            .map(|(_, store)| store.stretch_count())
            .sum(),
    );
    for (dir, store) in fixtures {
        if let Some(stretch) = store.stretch(rest) {
            let place = dir.display().to_string();
            let flipped = store.flip_bits_of_file(&stretch, counts);
            return flipped.map_err(|violation| violation.at(&place));
        }
        rest -= store.stretch_count();
    }
    Err(Violation("there is no fixture".into()))
}

/// Returns how many stretches all fixtures have.
///
/// # Errors
/// When one is not whole.
pub fn stretches() -> Result<u64, Violation> {
    let fixtures = FIXTURES.as_ref().map_err(Clone::clone)?;
    Ok(fixtures
        .iter()
        .map(|(_, store)| store.stretch_count())
        .sum())
}

/// Returns another number below `total` for each number below it, neighbours far apart.
fn spread(seed: u64, total: u64) -> u64 {
    let seed = seed.checked_rem(total).unwrap_or(0);
    (seed * STEP).checked_rem(total).unwrap_or(0)
}

/// Loads all fixtures, oldest first.
fn all() -> Result<Vec<(PathBuf, AtRest)>, Violation> {
    let loaded = dirs()?.into_iter().map(|dir| {
        let store = load(&dir)?;
        Ok((dir, store))
    });
    loaded.collect()
}

/// Returns the directories of the fixtures, oldest first: below this one or one that it is in.
fn dirs() -> Result<Vec<PathBuf>, Violation> {
    let here = std::env::current_dir().map_err(unreadable)?;
    let mut candidates = here.ancestors().map(|dir| dir.join(FOLDER));
    let all = candidates.find(|dir| dir.is_dir()).ok_or_else(|| {
        let here = here.display();
        Violation(format!("there is no {FOLDER} in {here} or above"))
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

/// A prime, so that it has no divisor in common with the number of stretches.
const STEP: u64 = 7_919;
const FOLDER: &str = "engine/tests/fixtures";
/// All fixtures, loaded once.
static FIXTURES: LazyLock<Result<Vec<(PathBuf, AtRest)>, Violation>> = LazyLock::new(all);
/// The master key of all fixtures.
const MASTER: [u8; 32] = [7; 32];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{spread, stretches};

    #[test]
    fn as_many_seeds_as_stretches_go_through_all_of_them() {
        let total = stretches().unwrap();
        assert!(total > 1_000);
        let places: BTreeSet<u64> = (0..total).map(|seed| spread(seed, total)).collect();
        assert_eq!(places.len() as u64, total);
        assert_eq!(spread(total + 5, total), spread(5, total));
    }
}
