//! Checks a whole log offline: every byte of every segment, and the chain between them.

use schema::Lsn;

use crate::recovery::{self, LastGroup, Reading, Survey};
use crate::{Environment, Error, RecoveryReport, Start};

/// Reads and opens every record of a log that nobody has open, and changes nothing.
///
/// A torn tail is reported, not refused: the next start cuts it.
///
/// # Errors
/// Those of [`Log::open`](crate::Log::open); the first damage found ends the check.
pub fn verify(environment: &Environment) -> Result<RecoveryReport, Error> {
    let oldest = Survey::of(environment)?;
    let from = oldest
        .segments
        .first()
        .map_or(Lsn::ZERO, |segment| segment.header.base_lsn);
    let start = Start::at(from);
    let findings = recovery::examine(
        environment,
        start,
        LastGroup::Read,
        Reading::InStep,
        &mut |_| Ok(()),
    )?;
    Ok(findings.report(Vec::new()))
}
