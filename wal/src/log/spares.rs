//! The thread that makes spare segments, so that nobody who commits waits for one.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::MutexGuard;

use super::shared::{Phase, Shared, Shortage, State};
use crate::segment::make_spare;

/// Makes spares until the log closes.
pub(crate) fn run(shared: &Arc<Shared>, mut number: u64) {
    while wait_until_wanted(shared) {
        let (disk, dir) = (&shared.environment.disk, &shared.environment.dir);
        let made = make_spare(&**disk, dir, number, shared.settings.segment_bytes);
        number += 1;
        let mut state = shared.state.lock();
        match made {
            Ok(path) => {
                state.spares.push_back(path);
                state.shortage = Shortage::Pending;
            }
            Err(error) => {
                tracing::warn!(dir = %dir.display(), %error, "a spare segment cannot be made");
                state.shortage = shortage(&error);
                shared.spares_changed.notify_all();
                wait_to_retry(shared, &mut state);
            }
        }
        shared.metrics.spares.set(state.spares.len() as i64);
        shared.spares_changed.notify_all();
    }
}

/// Waits until a spare is wanted and allowed; returns `false` when the log ends.
fn wait_until_wanted(shared: &Shared) -> bool {
    let settings = &shared.settings;
    let mut state = shared.state.lock();
    loop {
        if state.phase != Phase::Open {
            return false;
        }
        let wanted = (state.spares.len() as u64) < u64::from(settings.spare_segments);
        // W-6: a log that may not grow refuses what comes; it drops nothing.
        let bytes = state.log_bytes(settings.segment_bytes) + settings.segment_bytes;
        let is_allowed = settings
            .log_bytes_max
            .is_none_or(|bytes_max| bytes <= bytes_max);
        if wanted && is_allowed {
            return true;
        }
        if wanted {
            state.shortage = Shortage::LogFull;
            shared.spares_changed.notify_all();
        }
        shared.spares_wanted.wait(&mut state);
    }
}

/// Waits until somebody wants a spare, or long enough that there may be room again.
fn wait_to_retry(shared: &Shared, state: &mut MutexGuard<'_, State>) {
    if state.phase == Phase::Open {
        shared.spares_wanted.wait_for(state, RETRY);
    }
}

fn shortage(error: &io::Error) -> Shortage {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Shortage::DiskFull,
        _ => Shortage::Failed,
    }
}

const RETRY: Duration = Duration::from_secs(1);
