//! The collector about itself, for each instance that it watches.

use super::{BuiltIn, Field};

/// How collecting from an instance went since the previous sample, and the state of the spool.
pub static COLLECTOR_STATS: BuiltIn = BuiltIn {
    name: "collector_stats",
    about: "How collecting from an instance went since the previous sample, and the state of the spool.",
    append_only: false,
    retention: Some(BuiltIn::RETENTION),
    tags: &["instance", "collector"],
    fields: &[
        Field::interval(),
        Field::count("ticks", "ticks"),
        Field::count("skipped_ticks", "ticks"),
        Field::count("errors", "errors"),
        Field::count("rows", "rows"),
        Field::count("queries", "queries"),
        Field::spent_ms("query_time"),
        Field::measure("query_time_max", "ms"),
        Field::level("connections", "connections"),
        Field::count("connect_failures", "failures"),
        Field::text("stopped_tables"),
        Field::text("last_error"),
        Field::level("spool_bytes", "bytes"),
        Field::level("spool_batches", "batches"),
        Field::count("sent_batches", "batches"),
        Field::count("dropped_batches", "batches"),
        Field::count("refused_batches", "batches"),
        Field::level("resident_memory", "bytes"),
        Field::spent_ms("cpu_time"),
        Field::text("version"),
    ],
};
