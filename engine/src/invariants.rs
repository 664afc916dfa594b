//! The promises that this crate keeps, by their id; comments and assertions elsewhere name them.
//!
//! | id | promise | kept by |
//! |---|---|---|
//! | W-1 | an ack is sent only when its record is durable and its rows are visible | `apply` resolves acks after the state is published |
//! | W-2 | acked ⊆ recovered ⊆ sent, nothing twice, recovering twice gives the same digest | `recovery` applies records by the code that applied them first; `dedup` |
//! | W-3 | after a failed fsync nothing is acknowledged | `apply` fails every waiter, `admission` refuses |
//! | W-6 | the log is never dropped for lag | `flush` releases only below the persisted manifest's `flushed_lsn` |
//! | S-1 | bytes reach disk only through `seal` | `manifest` and `part` write nothing else |
//! | E-1 | publishing a part and retiring its memtable is one edit | `state::writer` swaps one `Arc` |
//! | E-2 | no file is deleted while a view, a backup or a hold needs it | `part::Part` unlinks when its last `Arc` drops |
//! | E-3 | every cache, queue and pool has a named limit | `Settings`, `admission::budget` |
//! | E-4 | a damaged page is named, everything else goes on | `part` quarantines, `scan` returns the error of that partition |
//!
//! E-1, in numbers: `manifest.flushed_lsn <= state.applied_lsn <= log.durable_lsn`, and a row at lsn
//! `l` is in a part if `l <= flushed_lsn` and in a memtable otherwise, never in both.

/// Stops the process' store when a promise is broken: to crash is better than to corrupt.
macro_rules! promise {
    ($id:literal, $holds:expr, $($why:tt)+) => {
        assert!($holds, "{}: {}", $id, format_args!($($why)+))
    };
}

pub(crate) use promise;
