//! `pg_stat_database`: what each database did.
//!
//! The row without `datname` counts what concerns objects shared by all databases.

use super::{BuiltIn, Field};

/// What each database added since the previous sample: transactions, blocks, tuples, sessions, temporary files.
pub static STAT_DATABASE: BuiltIn = BuiltIn {
    name: "stat_database",
    about: "What each database added since the previous sample: transactions, blocks, tuples, sessions, temporary files.",
    append_only: false,
    retention: Some(BuiltIn::RETENTION),
    tags: &["instance", "datname"],
    fields: &[
        Field::interval(),
        Field::level("numbackends", "backends"),
        Field::count("xact_commit", "transactions"),
        Field::count("xact_rollback", "transactions"),
        Field::count("blks_read", "blocks"),
        Field::count("blks_hit", "blocks"),
        Field::count("tup_returned", "rows"),
        Field::count("tup_fetched", "rows"),
        Field::count("tup_inserted", "rows"),
        Field::count("tup_updated", "rows"),
        Field::count("tup_deleted", "rows"),
        Field::count("conflicts", "queries"),
        Field::count("temp_files", "files"),
        Field::count("temp_bytes", "bytes"),
        Field::count("deadlocks", "deadlocks"),
        Field::count("checksum_failures", "pages"),
        Field::moment("checksum_last_failure"),
        Field::spent_ms("blk_read_time"),
        Field::spent_ms("blk_write_time"),
        Field::spent_ms("session_time"),
        Field::spent_ms("active_time"),
        Field::spent_ms("idle_in_transaction_time"),
        Field::count("sessions", "sessions"),
        Field::count("sessions_abandoned", "sessions"),
        Field::count("sessions_fatal", "sessions"),
        Field::count("sessions_killed", "sessions"),
        Field::count("parallel_workers_to_launch", "workers"),
        Field::count("parallel_workers_launched", "workers"),
        Field::level("datfrozenxid_age", "transactions"),
        Field::level("datminmxid_age", "multixacts"),
        Field::moment("stats_reset"),
    ],
};
