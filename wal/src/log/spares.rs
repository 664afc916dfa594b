//! The thread that makes spare segments, so that nobody who commits waits for one.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::MutexGuard;

use super::shared::{Phase, Shared, Shortage, State};
use crate::Environment;
use crate::segment::make_spare;

/// Makes spares, each under a number of its own.
#[derive(Debug)]
pub(crate) struct Maker {
    number: u64,
}

impl Maker {
    /// Begins with a number above that of every spare in the directory.
    pub(crate) const fn new(number: u64) -> Self {
        Self { number }
    }

    /// Makes spares until the log closes.
    pub(crate) fn run(mut self, shared: &Arc<Shared>) {
        while wait_until_wanted(shared) {
            if !self.make(shared) {
                wait_to_retry(shared, &mut shared.state.lock());
            }
        }
    }

    /// Makes the spares that are wanted now, up to one that cannot be made.
    pub(crate) fn make_wanted(&mut self, shared: &Shared) {
        while is_wanted(shared, &mut shared.state.lock()) {
            if !self.make(shared) {
                return;
            }
        }
    }

    /// Makes the file of a spare, under the next number.
    pub(crate) fn make_file(
        &mut self,
        environment: &Environment,
        bytes: u64,
    ) -> io::Result<PathBuf> {
        let number = self.number;
        self.number += 1;
        make_spare(&*environment.disk, &environment.dir, number, bytes)
    }

    /// Makes a spare; returns whether it could.
    fn make(&mut self, shared: &Shared) -> bool {
        let dir = &shared.environment.dir;
        let made = self.make_file(&shared.environment, shared.settings.segment_bytes);
        let mut state = shared.state.lock();
        let is_made = made.is_ok();
        match made {
            Ok(path) => {
                state.spares.push_back(path);
                state.shortage = Shortage::Pending;
            }
            Err(error) => {
                tracing::warn!(dir = %dir.display(), %error, "a spare segment cannot be made");
                state.shortage = shortage(&error);
            }
        }
        shared.metrics.spares.set(state.spares.len() as i64);
        shared.spares_changed.notify_all();
        is_made
    }
}

/// Waits until a spare is wanted and allowed; returns `false` when the log ends.
fn wait_until_wanted(shared: &Shared) -> bool {
    let mut state = shared.state.lock();
    loop {
        if state.phase != Phase::Open {
            return false;
        }
        if is_wanted(shared, &mut state) {
            return true;
        }
        shared.spares_wanted.wait(&mut state);
    }
}

/// Tells whether a spare is wanted and allowed, and notes when only the latter is missing.
fn is_wanted(shared: &Shared, state: &mut State) -> bool {
    let settings = &shared.settings;
    let is_short = (state.spares.len() as u64) < u64::from(settings.spare_segments);
    if state.phase != Phase::Open || !is_short {
        return false;
    }
    // W-6: a log that may not grow refuses what comes; it drops nothing.
    let bytes = state.log_bytes(settings.segment_bytes) + settings.segment_bytes;
    let bytes_max = settings.log_bytes_max;
    let is_allowed = bytes_max.is_none_or(|bytes_max| bytes <= bytes_max);
    if !is_allowed {
        state.shortage = Shortage::LogFull;
        shared.spares_changed.notify_all();
    }
    is_allowed
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
