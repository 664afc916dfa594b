//! What reads one file of a store, by itself: a hundred times as fast as the store, and all of the store
//! that a flipped bit of such a file can meet.
//!
//! | file | what the store takes from it | looked at here |
//! |---|---|---|
//! | part | its footer, and pages one by one | opened as the store does, every page read and verified |
//! | segment of the log | records, in order | the log opened as the store does: the same records, none, or those before its last group |
//! | others | – | the whole store, which then does not get far |

use std::path::Path;
use std::sync::Arc;

use engine::offline;
use platform::SimDisk;
use schema::Lsn;
use seal::FileKind;
use wal::{Log, Record, Start, TornTail};

use super::at_rest::Outcome;
use crate::check::describe;
use crate::ensure;
use crate::machine::{DIR, Machine};
use crate::violation::Violation;

/// What a log gives to the store.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct LogRecords {
    from: Lsn,
    records: Vec<Record>,
}

impl LogRecords {
    /// Reads a log that is whole.
    ///
    /// # Errors
    /// When it is not.
    pub(super) fn of(machine: &Machine) -> Result<Self, Violation> {
        let unread = |error| Violation(describe(&error));
        let environment = machine.environment().map_err(unread)?;
        let manifest = offline::inspect_manifest(&environment, None).map_err(unread)?;
        let copy = machine.with(machine.disk.copy());
        let (records, _) = read(&copy, manifest.flushed_lsn).map_err(Violation)?;
        Ok(records)
    }

    /// Opens a log that is damaged, and returns what came of it and what verifying it complains of.
    /// `beginning` is what it gives without its last group.
    ///
    /// # Errors
    /// When it gives other records.
    pub(super) fn look(
        &self,
        damaged: &Machine,
        beginning: &Self,
    ) -> Result<(Outcome, String), Violation> {
        let complaint = verify(damaged)?;
        let (records, torn) = match read(damaged, self.from) {
            Ok(read) => read,
            Err(text) => return Ok((Outcome::Refused, format!("{text}; {complaint}"))),
        };
        if records == *self {
            return Ok((Outcome::Harmless, complaint));
        }
        ensure!(
            records == *beginning && torn.is_some(),
            "the log gives other records: {torn:?}"
        );
        Ok((Outcome::Beginning, complaint))
    }
}

/// Opens a part that is damaged, and returns what came of it and what verifying it complains of.
///
/// # Errors
/// When nothing comes of it.
pub(super) fn look_at_part(damaged: &Machine, path: &Path) -> Result<(Outcome, String), Violation> {
    let environment = damaged.environment();
    let environment = environment.map_err(|error| Violation(describe(&error)))?;
    let part = match offline::inspect_part(&environment, path) {
        Ok(part) => part,
        Err(error) => return Ok((Outcome::Refused, describe(&error))),
    };
    let damage: Vec<String> = part.verify().damage.iter().map(describe).collect();
    ensure!(!damage.is_empty(), "every page of it opens");
    Ok((Outcome::Named, damage.join("; ")))
}

/// Returns what a log gives from a position on, and the tail that was cut off.
fn read(machine: &Machine, from: Lsn) -> Result<(LogRecords, Option<TornTail>), String> {
    let environment = log_environment(machine).map_err(|error| error.0)?;
    let mut records = Vec::new();
    let mut take = |record| {
        records.push(record);
        Ok(())
    };
    // Those of the store matter for what is written, and nothing is.
    let settings = wal::Settings {
        segment_bytes: machine.settings.log.segment_bytes,
        spare_segments: 1,
        group_bytes_max: machine.settings.log.segment_bytes,
        ..wal::Settings::default()
    };
    let opened = Log::open_by_hand(environment, settings, Start::at(from), &mut take);
    let (log, report) = opened.map_err(|error| error.to_string())?;
    log.close().map_err(|error| error.to_string())?;
    Ok((LogRecords { from, records }, report.torn))
}

/// Returns what verifying a log complains of.
fn verify(machine: &Machine) -> Result<String, Violation> {
    Ok(match wal::verify(&log_environment(machine)?) {
        Err(error) => error.to_string(),
        Ok(report) => report.torn.map_or(String::new(), |torn| torn.to_string()),
    })
}

/// Returns what the log of a store works with.
///
/// # Errors
/// When the keyring does not open.
pub(super) fn log_environment(machine: &Machine) -> Result<wal::Environment, Violation> {
    let environment = machine.environment();
    let environment = environment.map_err(|error| Violation(describe(&error)))?;
    Ok(wal::Environment {
        disk: Arc::new(SimDisk::clone(&machine.disk)),
        clock: environment.clock,
        entropy: environment.entropy,
        keyring: environment.keyring,
        dir: Path::new(DIR).join("wal"),
        kind: FileKind::LogSegment,
    })
}
