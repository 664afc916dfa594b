//! `pg_stat_activity`, sampled: one row for each backend that was doing or holding something.
//!
//! An active backend without a wait event was on a processor.

use super::{BuiltIn, Field};

/// Samples of backends that were active, waiting or inside a transaction at that moment.
pub static STAT_ACTIVITY: BuiltIn = BuiltIn {
    name: "stat_activity",
    about: "Samples of backends that were active, waiting or inside a transaction at that moment.",
    append_only: true,
    retention: Some(BuiltIn::RETENTION),
    tags: &["instance", "datname", "usename"],
    fields: &[
        Field::level("pid", ""),
        Field::level("leader_pid", ""),
        Field::text("backend_type"),
        Field::text("application_name"),
        Field::text("client_addr"),
        Field::text("state"),
        Field::text("wait_event_type"),
        Field::text("wait_event"),
        Field::level("query_id", ""),
        Field::moment("backend_start"),
        Field::moment("xact_start"),
        Field::moment("query_start"),
        Field::moment("state_change"),
        Field::level("backend_xid_age", "transactions"),
        Field::level("backend_xmin_age", "transactions"),
        Field::text("blocking_pids"),
    ],
};
