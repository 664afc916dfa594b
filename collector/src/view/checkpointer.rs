//! `pg_stat_checkpointer`, which was part of `pg_stat_bgwriter` before 17.

use schema::tables::STAT_CHECKPOINTER;

use crate::sample::version::Form;
use crate::sample::view::{Column, Emission, View};

/// The view, under the names of 17.
pub(crate) static CHECKPOINTER: View = View {
    table: &STAT_CHECKPOINTER,
    from: &[
        Form::before(17, "FROM pg_catalog.pg_stat_bgwriter"),
        Form::since(17, "FROM pg_catalog.pg_stat_checkpointer"),
    ],
    tags: &[],
    key: &[],
    origin: &[Form::always("stats_reset")],
    fields: &[
        Column::renamed(17, "num_timed", "checkpoints_timed"),
        Column::renamed(17, "num_requested", "checkpoints_req"),
        Column::since(18, "num_done"),
        Column::since(17, "restartpoints_timed"),
        Column::since(17, "restartpoints_req"),
        Column::since(17, "restartpoints_done"),
        Column::renamed(17, "write_time", "checkpoint_write_time"),
        Column::renamed(17, "sync_time", "checkpoint_sync_time"),
        Column::renamed(17, "buffers_written", "buffers_checkpoint"),
        Column::since(18, "slru_written"),
        Column::same("stats_reset"),
    ],
    emission: Emission::Always,
};
