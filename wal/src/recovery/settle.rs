//! Carries out what recovery decided: cuts the tail, removes what is left over.

use std::path::{Path, PathBuf};

use platform::{FailPoint, OpenMode};

use super::Findings;
use crate::segment::{OpenSegment, is_zero_file};
use crate::{Environment, Error};

/// What is left of a directory's other files.
#[derive(Debug)]
pub(crate) struct Settled {
    /// Spares that can be used.
    pub(crate) spares: Vec<PathBuf>,
    /// What was removed.
    pub(crate) removed: Vec<PathBuf>,
}

/// Cuts the newest segment where its groups end, and removes leftovers.
///
/// It can be interrupted anywhere and done again: what it does changes no decision of recovery.
pub(crate) fn settle(
    environment: &Environment,
    findings: &Findings,
    segment_bytes: u64,
) -> Result<Settled, Error> {
    // A restore leaves the segment of its target as it is: it may be cut within a group, which only
    // the header of the next segment makes whole.
    if let Some(last) = findings.segments.last()
        && !findings.end.is_target
    {
        cut(environment, last, last.offset_of(findings.end.lsn))?;
    }
    let mut settled = Settled {
        spares: Vec::new(),
        removed: Vec::new(),
    };
    for path in &findings.survey.temporaries {
        remove(environment, path, &mut settled.removed)?;
    }
    for (_, path) in &findings.survey.spares {
        let is_usable =
            is_zero_file(&*environment.disk, path, segment_bytes).map_err(|source| Error::Io {
                path: path.clone(),
                source,
            })?;
        if is_usable {
            settled.spares.push(path.clone());
        } else {
            remove(environment, path, &mut settled.removed)?;
        }
    }
    Ok(settled)
}

/// Removes the segments that a change of timeline cut off; called when the first segment of the new
/// timeline is on disk, which is what makes them superfluous.
pub(crate) fn remove_abandoned(
    environment: &Environment,
    abandoned: &[OpenSegment],
    removed: &mut Vec<PathBuf>,
) -> Result<(), Error> {
    for segment in abandoned {
        remove(environment, &segment.path, removed)?;
    }
    Ok(())
}

fn cut(environment: &Environment, segment: &OpenSegment, bytes: u64) -> Result<(), Error> {
    if segment.file_bytes <= bytes {
        return Ok(());
    }
    let failed = |source| Error::Io {
        path: segment.path.clone(),
        source,
    };
    let file = environment
        .disk
        .open(&segment.path, OpenMode::ReadWrite)
        .map_err(failed)?;
    file.set_len(bytes).map_err(failed)?;
    let reached = environment.disk.reach(FailPoint::WalTailCut);
    reached.map_err(failed)?;
    file.sync_all().map_err(failed)
}

fn remove(environment: &Environment, path: &Path, removed: &mut Vec<PathBuf>) -> Result<(), Error> {
    let failed = |source| Error::Io {
        path: path.to_owned(),
        source,
    };
    environment.disk.remove(path).map_err(failed)?;
    let reached = environment.disk.reach(FailPoint::WalLeftoverRemoved);
    reached.map_err(failed)?;
    environment
        .disk
        .sync_dir(&environment.dir)
        .map_err(failed)?;
    removed.push(path.to_owned());
    Ok(())
}
