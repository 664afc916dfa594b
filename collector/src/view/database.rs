//! `pg_stat_database`.
//!
//! **Source:** PostgreSQL documentation, 28.2 "The Cumulative Statistics System", versions 13 to 18.

use schema::tables::STAT_DATABASE;

use crate::sample::version::Form;
use crate::sample::view::{Column, Emission, View};

/// The view; the row without a name counts what concerns shared objects.
pub(crate) static DATABASE: View = View {
    table: &STAT_DATABASE,
    from: &[Form::always(
        "FROM pg_catalog.pg_stat_database s LEFT JOIN pg_catalog.pg_database d ON d.oid = s.datid",
    )],
    tags: &[Column::by("datname", "s.datname")],
    key: &[Column::by("datid", "s.datid")],
    origin: &[Form::always("s.stats_reset")],
    fields: &[
        Column::same("numbackends"),
        Column::same("xact_commit"),
        Column::same("xact_rollback"),
        Column::same("blks_read"),
        Column::same("blks_hit"),
        Column::same("tup_returned"),
        Column::same("tup_fetched"),
        Column::same("tup_inserted"),
        Column::same("tup_updated"),
        Column::same("tup_deleted"),
        Column::same("conflicts"),
        Column::same("temp_files"),
        Column::same("temp_bytes"),
        Column::same("deadlocks"),
        Column::same("checksum_failures"),
        Column::same("checksum_last_failure"),
        Column::same("blk_read_time"),
        Column::same("blk_write_time"),
        Column::since(14, "session_time"),
        Column::since(14, "active_time"),
        Column::since(14, "idle_in_transaction_time"),
        Column::since(14, "sessions"),
        Column::since(14, "sessions_abandoned"),
        Column::since(14, "sessions_fatal"),
        Column::since(14, "sessions_killed"),
        Column::since(18, "parallel_workers_to_launch"),
        Column::since(18, "parallel_workers_launched"),
        Column::by("datfrozenxid_age", "age(d.datfrozenxid)"),
        Column::by("datminmxid_age", "mxid_age(d.datminmxid)"),
        Column::same("stats_reset"),
    ],
    emission: Emission::Always,
};
