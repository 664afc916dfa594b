//! `pg_stat_bgwriter`, what 17 left in it and what it had before beside checkpoints.

use schema::tables::STAT_BGWRITER;

use crate::sample::version::Form;
use crate::sample::view::{Column, Emission, View};

/// The view.
pub(crate) static BGWRITER: View = View {
    table: &STAT_BGWRITER,
    from: &[Form::always("FROM pg_catalog.pg_stat_bgwriter")],
    tags: &[],
    key: &[],
    origin: &[Form::always("stats_reset")],
    fields: &[
        Column::same("buffers_clean"),
        Column::same("maxwritten_clean"),
        Column::same("buffers_alloc"),
        Column::before(17, "buffers_backend"),
        Column::before(17, "buffers_backend_fsync"),
        Column::same("stats_reset"),
    ],
    emission: Emission::Always,
};
