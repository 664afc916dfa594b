//! `pg_stat_checkpointer`: checkpoints, under the names of PostgreSQL 17 whatever the version.

use super::{BuiltIn, Field};

/// What the checkpointer did since the previous sample: checkpoints, restartpoints, buffers, time.
pub static STAT_CHECKPOINTER: BuiltIn = BuiltIn {
    name: "stat_checkpointer",
    about: "What the checkpointer did since the previous sample: checkpoints, restartpoints, buffers, time.",
    append_only: false,
    retention: Some(BuiltIn::RETENTION),
    tags: &["instance"],
    fields: &[
        Field::interval(),
        Field::count("num_timed", "checkpoints"),
        Field::count("num_requested", "checkpoints"),
        Field::count("num_done", "checkpoints"),
        Field::count("restartpoints_timed", "restartpoints"),
        Field::count("restartpoints_req", "restartpoints"),
        Field::count("restartpoints_done", "restartpoints"),
        Field::spent_ms("write_time"),
        Field::spent_ms("sync_time"),
        Field::count("buffers_written", "buffers"),
        Field::count("slru_written", "buffers"),
        Field::moment("stats_reset"),
    ],
};
