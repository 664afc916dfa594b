//! When a merge lets others go first.
//!
//! A flush has priority: until it has ended, the log cannot be let go of, and past its bound ingest is
//! delayed. So between two batches of rows a merge waits while a flush is under way, or while memory fills
//! faster than flushes empty it; never for long, since a merge that never ends costs every query, and not
//! at all once others wait behind it. Besides, its thread is niced below that of the flush, and both
//! below ingest.

use std::time::Duration;

use crate::Error;
use crate::store::Store;

/// What the decision rests on.
#[derive(Debug, Clone, Copy)]
struct Load {
    /// Whether a flush is under way.
    is_flushing: bool,
    memtable_bytes: u64,
    memtable_bytes_max: u64,
    /// Merges that wait to be done, this one included.
    merges_due: u32,
    /// How often was waited since the last batch of rows.
    pauses: u32,
}

/// Lets others go first, as long as it is worth it.
///
/// # Errors
/// [`Error::Closing`] when the store closes.
pub(super) fn give_way(store: &Store) -> Result<(), Error> {
    let mut pauses = 0;
    while !store.is_closing() {
        let load = Load {
            is_flushing: store.flushing.is_locked(),
            memtable_bytes: store.pressure.memtable_bytes(),
            memtable_bytes_max: store.settings.memtable_bytes_max,
            merges_due: store.brake.merges_due(),
            pauses,
        };
        if !waits(&load) {
            return Ok(());
        }
        // Whoever rings is looked after when the merge has ended.
        store.compact_bell.wait(PAUSE);
        pauses += 1;
    }
    Err(Error::Closing)
}

const fn waits(load: &Load) -> bool {
    let is_pressed = load.memtable_bytes >= load.memtable_bytes_max / 4 * 3;
    (load.is_flushing || is_pressed) && load.pauses < PAUSES_MAX && load.merges_due < MERGES_DUE_MAX
}

/// How long a merge waits before it looks again.
const PAUSE: Duration = Duration::from_millis(10);
/// Between two batches of 8 192 rows, which take some milliseconds.
const PAUSES_MAX: u32 = 4;
/// From here on merging must keep up, and ingest is slowed down soon.
const MERGES_DUE_MAX: u32 = 2;

#[cfg(test)]
mod tests {
    use super::{Load, waits};

    const IDLE: Load = Load {
        is_flushing: false,
        memtable_bytes: 0,
        memtable_bytes_max: 100,
        merges_due: 1,
        pauses: 0,
    };

    #[test]
    fn a_merge_beside_an_idle_store_goes_on() {
        assert!(!waits(&IDLE));
        assert!(!waits(&Load {
            memtable_bytes: 74,
            ..IDLE
        }));
    }

    #[test]
    fn a_flush_and_a_memory_that_fills_go_first() {
        let flushing = Load {
            is_flushing: true,
            ..IDLE
        };
        let pressed = Load {
            memtable_bytes: 75,
            ..IDLE
        };
        for load in [flushing, pressed] {
            assert!(waits(&load) && waits(&Load { pauses: 3, ..load }));
            assert!(!waits(&Load { pauses: 4, ..load }), "it never starves");
            let behind = Load {
                merges_due: 2,
                ..load
            };
            assert!(!waits(&behind), "merging must keep up");
        }
    }
}
