//! `pg_stat_activity`, of backends that do or hold something.
//!
//! **Source:** PostgreSQL documentation, 28.2.3 "pg_stat_activity", versions 13 to 18.

use schema::tables::STAT_ACTIVITY;

use crate::sample::version::Form;
use crate::sample::view::{Column, Emission, View};

/// The view. `{own}` stands for the process ids of the collector's own sessions.
///
/// Idle sessions are left out, and background processes that wait for work: they would lead every
/// list of waits for ever. A process that serves no client and waits for nothing is at work.
pub(crate) static ACTIVITY: View = View {
    table: &STAT_ACTIVITY,
    from: &[Form::always(
        "FROM pg_catalog.pg_stat_activity a WHERE a.pid NOT IN ({own}) \
         AND a.state IS DISTINCT FROM 'idle' AND a.state IS DISTINCT FROM 'disabled' \
         AND CASE WHEN a.backend_type = 'client backend' THEN a.state IS NOT NULL \
         ELSE a.wait_event_type IS NULL OR a.wait_event_type NOT IN ('Activity', 'Client') END",
    )],
    tags: &[
        Column::by("datname", "a.datname"),
        Column::by("usename", "a.usename"),
    ],
    key: &[Column::by("pid", "a.pid")],
    origin: &[],
    fields: &[
        Column::same("pid"),
        Column::same("leader_pid"),
        Column::same("backend_type"),
        Column::same("application_name"),
        Column::by("client_addr", "host(a.client_addr)"),
        Column::same("state"),
        Column::same("wait_event_type"),
        Column::same("wait_event"),
        Column::since(14, "query_id"),
        Column::same("backend_start"),
        Column::same("xact_start"),
        Column::same("query_start"),
        Column::same("state_change"),
        Column::by("backend_xid_age", "age(a.backend_xid)"),
        Column::by("backend_xmin_age", "age(a.backend_xmin)"),
        // It locks all partitions of the lock manager, so only those are asked for who do wait.
        Column::by(
            "blocking_pids",
            "CASE WHEN a.wait_event_type = 'Lock' \
             THEN array_to_string(pg_blocking_pids(a.pid), ',') END",
        ),
    ],
    emission: Emission::Always,
};
