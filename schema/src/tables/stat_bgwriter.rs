//! `pg_stat_bgwriter`: what the background writer did.
//!
//! `buffers_backend` and `buffers_backend_fsync` end with PostgreSQL 16; 17 counts them in `pg_stat_io`.

use super::{BuiltIn, Field};

/// What the background writer cleaned and how many buffers were allocated since the previous sample.
pub static STAT_BGWRITER: BuiltIn = BuiltIn {
    name: "stat_bgwriter",
    about: "What the background writer cleaned and how many buffers were allocated since the previous sample.",
    append_only: false,
    retention: Some(BuiltIn::RETENTION),
    tags: &["instance"],
    fields: &[
        Field::interval(),
        Field::count("buffers_clean", "buffers"),
        Field::count("maxwritten_clean", ""),
        Field::count("buffers_alloc", "buffers"),
        Field::count("buffers_backend", "buffers"),
        Field::count("buffers_backend_fsync", ""),
        Field::moment("stats_reset"),
    ],
};
