//! `pg_stat_wal`: how much write-ahead log an instance makes (PostgreSQL 14 and newer).
//!
//! `wal_write`, `wal_sync` and their times are of PostgreSQL 14 to 17; 18 counts them in `pg_stat_io`.

use super::{BuiltIn, Field};

/// What the instance added to its write-ahead log since the previous sample.
pub static STAT_WAL: BuiltIn = BuiltIn {
    name: "stat_wal",
    about: "What the instance added to its write-ahead log since the previous sample.",
    append_only: false,
    retention: Some(BuiltIn::RETENTION),
    tags: &["instance"],
    fields: &[
        Field::interval(),
        Field::count("wal_records", "records"),
        Field::count("wal_fpi", "pages"),
        Field::count("wal_bytes", "bytes"),
        Field::count("wal_buffers_full", ""),
        Field::count("wal_write", ""),
        Field::count("wal_sync", ""),
        Field::spent_ms("wal_write_time"),
        Field::spent_ms("wal_sync_time"),
        Field::moment("stats_reset"),
    ],
};
