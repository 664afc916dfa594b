//! When to flush; decided from numbers alone.

use platform::MonotonicNanos;
use schema::Lsn;

use crate::Settings;
use crate::store::Store;

/// Why a flush is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reason {
    /// Rows in memory take `flush_bytes`.
    Bytes,
    /// The oldest row in memory is `flush_age` old.
    Age,
    /// The log behind the last flush is near `replay_bytes_max`.
    Replay,
    /// Deletes that no manifest has are many: compaction waits for it, and chunks before and behind them are
    /// not merged.
    Deletes,
    /// A flush began and failed; its rows are in no memtable that the other reasons look at.
    Unfinished,
}

/// What the decision rests on.
#[derive(Debug, Clone, Copy)]
struct Load {
    memtable_bytes: u64,
    oldest: Option<MonotonicNanos>,
    now: MonotonicNanos,
    flushed: Lsn,
    log_end: Lsn,
    deletes: u64,
    has_begun: bool,
}

/// Tells why a flush is due, if one is.
pub(crate) fn due(store: &Store) -> Option<Reason> {
    let load = Load {
        memtable_bytes: store.pressure.memtable_bytes(),
        oldest: store.pressure.oldest(),
        now: store.environment.clock.monotonic(),
        flushed: store.state.load().flushed_lsn,
        log_end: store.log.end_lsn(),
        deletes: store.pressure.deletes(),
        // While somebody has the turn, a flush is under way, and none is due beside it.
        has_begun: store.flushing.try_lock().is_some_and(|turn| turn.is_some()),
    };
    choose(&load, &store.settings)
}

fn choose(load: &Load, settings: &Settings) -> Option<Reason> {
    if load.memtable_bytes >= settings.flush_bytes {
        return Some(Reason::Bytes);
    }
    // A quarter is left for what comes in while the flush is under way.
    let replay = load.log_end.get().saturating_sub(load.flushed.get());
    if replay >= settings.replay_bytes_max / 4 * 3 {
        return Some(Reason::Replay);
    }
    let deletes_max = DELETES_MAX.min(u64::from(settings.tombstones_max) / 4);
    if load.deletes >= deletes_max {
        return Some(Reason::Deletes);
    }
    let age = load.oldest.map(|oldest| load.now.since(oldest).as_nanos());
    let age_max = u128::from(settings.flush_age.nanos().unsigned_abs());
    if age.is_some_and(|age| age >= age_max) {
        return Some(Reason::Age);
    }
    load.has_begun.then_some(Reason::Unfinished)
}

/// Each may cut the chunks of its table in two.
const DELETES_MAX: u64 = 256;

#[cfg(test)]
mod tests {
    use platform::MonotonicNanos;
    use schema::Lsn;

    use super::{Load, Reason, choose};
    use crate::Settings;

    const IDLE: Load = Load {
        memtable_bytes: 0,
        oldest: None,
        now: MonotonicNanos(u64::MAX),
        flushed: Lsn::ZERO,
        log_end: Lsn::ZERO,
        deletes: 0,
        has_begun: false,
    };

    #[test]
    fn an_idle_store_is_left_alone() {
        assert_eq!(choose(&IDLE, &Settings::default()), None);
    }

    #[test]
    fn a_flush_that_failed_is_due_though_nothing_new_came() {
        let begun = Load {
            has_begun: true,
            ..IDLE
        };
        assert_eq!(
            choose(&begun, &Settings::default()),
            Some(Reason::Unfinished)
        );
    }

    #[test]
    fn bytes_age_replay_and_deletes_each_suffice() {
        let settings = Settings::default();
        let bytes = Load {
            memtable_bytes: settings.flush_bytes,
            ..IDLE
        };
        assert_eq!(choose(&bytes, &settings), Some(Reason::Bytes));
        let age = Load {
            oldest: Some(MonotonicNanos(0)),
            ..IDLE
        };
        assert_eq!(choose(&age, &settings), Some(Reason::Age));
        let young = Load {
            now: MonotonicNanos(1),
            ..age
        };
        assert_eq!(choose(&young, &settings), None);
        let replay = Load {
            log_end: Lsn::new(settings.replay_bytes_max),
            ..IDLE
        };
        assert_eq!(choose(&replay, &settings), Some(Reason::Replay));
        let deletes = |deletes| Load { deletes, ..IDLE };
        assert_eq!(choose(&deletes(255), &settings), None);
        assert_eq!(choose(&deletes(256), &settings), Some(Reason::Deletes));
        let few = Settings {
            tombstones_max: 8,
            ..settings
        };
        assert_eq!(choose(&deletes(2), &few), Some(Reason::Deletes));
    }
}
