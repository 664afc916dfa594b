//! `pg_stat_wal`, of PostgreSQL 14 and newer.

use schema::tables::STAT_WAL;

use crate::sample::version::Form;
use crate::sample::view::{Column, Emission, View};

/// The view; PostgreSQL 18 moved writes and syncs to `pg_stat_io`.
pub(crate) static WAL: View = View {
    table: &STAT_WAL,
    from: &[Form::since(14, "FROM pg_catalog.pg_stat_wal")],
    tags: &[],
    key: &[],
    origin: &[Form::always("stats_reset")],
    fields: &[
        Column::same("wal_records"),
        Column::same("wal_fpi"),
        Column::same("wal_bytes"),
        Column::same("wal_buffers_full"),
        Column::before(18, "wal_write"),
        Column::before(18, "wal_sync"),
        Column::before(18, "wal_write_time"),
        Column::before(18, "wal_sync_time"),
        Column::same("stats_reset"),
    ],
    emission: Emission::Always,
};
