//! `pg_stat_statements`, without texts, by the version of the extension.
//!
//! **Source:** PostgreSQL documentation, appendix F, `pg_stat_statements`, versions 13 to 18.

use schema::tables::STAT_STATEMENTS;

use crate::sample::version::{Form, Version};
use crate::sample::view::{Column, Emission, MARKER, View};

/// The view. `{schema}` stands for the quoted schema of the extension.
pub(crate) static STATEMENTS: View = View {
    table: &STAT_STATEMENTS,
    // A reader without `pg_read_all_stats` sees no query ids of others: such rows tell nothing apart.
    from: &[Form::since(
        108,
        "FROM {schema}.pg_stat_statements(false) s \
         LEFT JOIN pg_catalog.pg_database d ON d.oid = s.dbid WHERE s.queryid IS NOT NULL",
    )],
    tags: &[
        Column::by("datname", "d.datname"),
        Column::by("usename", "pg_get_userbyid(s.userid)"),
        Column::by("queryid", "s.queryid"),
        Column::since_by(
            109,
            "toplevel",
            "CASE WHEN s.toplevel THEN 'true' ELSE 'false' END",
        ),
    ],
    key: &[
        Column::by("userid", "s.userid"),
        Column::by("dbid", "s.dbid"),
        Column::by("queryid", "s.queryid"),
        Column::since_by(109, "toplevel", "s.toplevel"),
    ],
    origin: &[Form::since(111, "s.stats_since")],
    fields: &[
        Column::same("plans"),
        Column::same("total_plan_time"),
        Column::same("min_plan_time"),
        Column::same("max_plan_time"),
        Column::same("mean_plan_time"),
        Column::same("stddev_plan_time"),
        Column::same("calls"),
        Column::same("total_exec_time"),
        Column::same("min_exec_time"),
        Column::same("max_exec_time"),
        Column::same("mean_exec_time"),
        Column::same("stddev_exec_time"),
        Column::by("rows", "s.rows"),
        Column::same("shared_blks_hit"),
        Column::same("shared_blks_read"),
        Column::same("shared_blks_dirtied"),
        Column::same("shared_blks_written"),
        Column::same("local_blks_hit"),
        Column::same("local_blks_read"),
        Column::same("local_blks_dirtied"),
        Column::same("local_blks_written"),
        Column::same("temp_blks_read"),
        Column::same("temp_blks_written"),
        Column::renamed(111, "shared_blk_read_time", "blk_read_time"),
        Column::renamed(111, "shared_blk_write_time", "blk_write_time"),
        Column::since(111, "local_blk_read_time"),
        Column::since(111, "local_blk_write_time"),
        Column::since(110, "temp_blk_read_time"),
        Column::since(110, "temp_blk_write_time"),
        Column::same("wal_records"),
        Column::same("wal_fpi"),
        Column::same("wal_bytes"),
        Column::since(112, "wal_buffers_full"),
        Column::since(110, "jit_functions"),
        Column::since(110, "jit_generation_time"),
        Column::since(110, "jit_inlining_count"),
        Column::since(110, "jit_inlining_time"),
        Column::since(110, "jit_optimization_count"),
        Column::since(110, "jit_optimization_time"),
        Column::since(110, "jit_emission_count"),
        Column::since(110, "jit_emission_time"),
        Column::since(111, "jit_deform_count"),
        Column::since(111, "jit_deform_time"),
        Column::since(112, "parallel_workers_to_launch"),
        Column::since(112, "parallel_workers_launched"),
        Column::since(111, "stats_since"),
        Column::since(111, "minmax_stats_since"),
    ],
    emission: Emission::Grown("calls"),
};

/// Returns the statement that tells since when all entries count, where the entries themselves do
/// not: it is asked before and after them, since a reset may come between.
pub(crate) fn origin_statement(version: Version) -> Option<String> {
    let is_needed = (Version(109)..Version(111)).contains(&version);
    is_needed.then(|| {
        format!(
            "{MARKER} SELECT (extract(epoch FROM stats_reset) * 1000000)::bigint \
             FROM {{schema}}.pg_stat_statements_info"
        )
    })
}

/// Returns a statement with the extension's schema in place, quoted.
pub(crate) fn in_schema(statement: &str, schema: &str) -> String {
    statement.replace("{schema}", &format!("\"{}\"", schema.replace('"', "\"\"")))
}
