//! Removes segments that nobody needs any more.

use std::io::ErrorKind;

use platform::FailPoint;
use schema::Lsn;

use super::shared::{Shared, Shortage};
use crate::Error;

/// Removes sealed segments that end at `lsn` or before, oldest first.
///
/// Each removal is durable before the next, so that a crash leaves no gap: a gap is damage.
pub(crate) fn release_before(shared: &Shared, lsn: Lsn) -> Result<usize, Error> {
    let _only_one = shared.release.lock();
    let mut count = 0;
    while release_oldest(shared, lsn)? {
        count += 1;
    }
    Ok(count)
}

/// Removes the oldest segment if it can go; returns whether it did.
fn release_oldest(shared: &Shared, lsn: Lsn) -> Result<bool, Error> {
    let path = {
        let state = shared.state.lock();
        let limit = state.holds.limit(lsn);
        match state.segments.front() {
            Some(oldest) if oldest.status.is_sealed && oldest.status.end_lsn <= limit => {
                oldest.status.path.clone()
            }
            _ => return Ok(false),
        }
    };
    let (disk, dir) = (&shared.environment.disk, &shared.environment.dir);
    let failed = |source| Error::Io {
        path: path.clone(),
        source,
    };
    match disk.remove(&path) {
        // An earlier removal may have failed half-way, before its directory was synced.
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        removed => removed.map_err(failed)?,
    }
    disk.reach(FailPoint::WalSegmentRemoved).map_err(failed)?;
    disk.sync_dir(dir).map_err(failed)?;
    let mut state = shared.state.lock();
    state.segments.pop_front();
    // What the log may grow by has changed: whether a spare can be had is open again.
    state.shortage = Shortage::Pending;
    shared.metrics.segments.set(state.segments.len() as i64);
    drop(state);
    shared.spares_wanted.notify_all();
    Ok(true)
}
