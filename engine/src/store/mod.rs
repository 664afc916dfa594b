//! What the threads of a store share.

#[cfg(test)]
mod bare;
mod parts;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

#[cfg(test)]
pub(crate) use bare::{Bare, NOW};
pub(crate) use parts::{Contents, Stored, series_of, store_part};
use tracing::error;

use crate::admission::{Admission, Brake, Pressure};
use crate::compaction::Renewals;
use crate::dedup::DedupLimits;
use crate::flush::{Begun, Reason, due};
use crate::manifest::ManifestStore;
use crate::state::{Shelf, StateCell};
use crate::{Environment, Metrics, Settings};

/// An open store, without its threads.
///
/// Locks are taken in this order and no other: `compacting`, `flushing`, `manifest`, the state's writer;
/// `admission` is taken alone.
#[derive(Debug)]
pub(crate) struct Store {
    pub(crate) environment: Environment,
    pub(crate) settings: Settings,
    pub(crate) dedup: DedupLimits,
    pub(crate) shelf: Shelf,
    pub(crate) log: wal::Log,
    pub(crate) state: StateCell,
    pub(crate) manifest: Mutex<ManifestStore>,
    pub(crate) admission: Mutex<Admission>,
    pub(crate) pressure: Pressure,
    pub(crate) brake: Brake,
    pub(crate) metrics: Metrics,
    /// The turn to flush, and a flush that began and did not end. Whoever writes a latest part has it.
    pub(crate) flushing: Mutex<Option<Begun>>,
    /// The turn to compact and expire, and the searches for newest rows that were in vain.
    pub(crate) compacting: Mutex<Renewals>,
    pub(crate) flush_bell: Bell,
    pub(crate) compact_bell: Bell,
    pub(crate) is_closing: AtomicBool,
}

impl Store {
    /// Wakes the flush if there is reason to. One that failed is tried again in its own time, not with
    /// every batch.
    pub(crate) fn wake_if_due(&self) {
        if due(self).is_some_and(|reason| reason != Reason::Unfinished) {
            self.flush_bell.ring();
        }
    }

    /// Tells whether the store takes nothing more until a restart (W-3).
    pub(crate) fn has_failed(&self) -> bool {
        self.admission.lock().has_failed() || self.log.is_poisoned()
    }

    /// Tells whether the threads should end.
    pub(crate) fn is_closing(&self) -> bool {
        self.is_closing.load(Ordering::Acquire)
    }

    /// Asks the threads of maintenance to end.
    pub(crate) fn stop_maintenance(&self) {
        self.is_closing.store(true, Ordering::Release);
        self.flush_bell.ring();
        self.compact_bell.ring();
    }
}

/// Lets no thread of the store end unnoticed: when the one that holds it panics, nothing more is taken,
/// and nobody waits for ever.
#[derive(Debug)]
pub(crate) struct FailOnPanic<'a>(pub(crate) &'a Store);

impl Drop for FailOnPanic<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let thread = std::thread::current();
            error!(
                thread = thread.name(),
                "a thread of the store panicked: nothing more is taken"
            );
            self.0.admission.lock().abandon();
        }
    }
}

/// Wakes one thread.
#[derive(Debug, Default)]
pub(crate) struct Bell {
    rung: Mutex<bool>,
    condition: Condvar,
}

impl Bell {
    /// Wakes the thread, or lets it not fall asleep.
    pub(crate) fn ring(&self) {
        *self.rung.lock() = true;
        self.condition.notify_one();
    }

    /// Waits until somebody rings, at most so long.
    pub(crate) fn wait(&self, at_most: Duration) {
        let mut rung = self.rung.lock();
        if !*rung {
            self.condition.wait_for(&mut rung, at_most);
        }
        *rung = false;
    }
}
