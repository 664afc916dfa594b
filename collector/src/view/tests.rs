//! Every view fits its table, and its columns are those that each version really has.

use super::{ACTIVITY, BGWRITER, CHECKPOINTER, DATABASE, STATEMENTS, WAL, origin_statement};
use crate::sample::reading::counter_positions;
use crate::sample::version::Version;
use crate::sample::view::View;

const VIEWS: [&View; 6] = [
    &ACTIVITY,
    &STATEMENTS,
    &DATABASE,
    &WAL,
    &BGWRITER,
    &CHECKPOINTER,
];

fn columns_of(view: &View, version: u32) -> Vec<&'static str> {
    let forms = view.fields.iter();
    forms
        .filter_map(|column| column.in_version(Version(version)))
        .collect()
}

#[test]
fn every_view_fills_exactly_the_columns_of_its_table() {
    for view in VIEWS {
        let mut declared: Vec<_> = view.table.fields.iter().map(|field| field.name).collect();
        declared.retain(|name| *name != "interval_s");
        let read: Vec<_> = view.fields.iter().map(|column| column.name).collect();
        assert_eq!(read, declared, "{}", view.table.name);
        let tags: Vec<_> = view.tags.iter().map(|column| column.name).collect();
        assert_eq!(
            Some(tags.as_slice()),
            view.table.tags.get(1..),
            "{}",
            view.table.name
        );
        assert_eq!(counter_positions(view).is_empty(), view.table.append_only);
    }
}

#[test]
fn statements_follow_the_version_of_the_extension() {
    let eight = columns_of(&STATEMENTS, 108);
    assert!(eight.contains(&"blk_read_time") && eight.contains(&"total_plan_time"));
    assert!(!eight.contains(&"jit_functions") && !eight.contains(&"stats_since"));
    let ten = columns_of(&STATEMENTS, 110);
    assert!(ten.contains(&"temp_blk_read_time") && ten.contains(&"blk_read_time"));
    let eleven = columns_of(&STATEMENTS, 111);
    assert!(eleven.contains(&"shared_blk_read_time") && !eleven.contains(&"blk_read_time"));
    assert!(columns_of(&STATEMENTS, 112).contains(&"wal_buffers_full"));
    assert!(STATEMENTS.statement(Version(107)).is_none());
    assert!(
        !STATEMENTS
            .statement(Version(108))
            .unwrap()
            .contains("toplevel")
    );
}

#[test]
fn a_reset_is_told_by_the_entry_or_else_by_the_extension_where_it_can() {
    let asks = |version| origin_statement(Version(version)).is_some();
    assert_eq!(
        [108, 109, 110, 111, 112].map(asks),
        [false, true, true, false, false]
    );
    assert!(
        STATEMENTS
            .statement(Version(111))
            .unwrap()
            .contains("epoch FROM s.stats_since")
    );
}

#[test]
fn checkpoints_come_from_where_the_version_keeps_them() {
    let old = CHECKPOINTER.statement(Version(15)).unwrap();
    assert!(old.contains("pg_stat_bgwriter") && old.contains("checkpoints_timed"));
    let new = CHECKPOINTER.statement(Version(17)).unwrap();
    assert!(new.contains("pg_stat_checkpointer") && !new.contains("checkpoints_timed"));
    assert!(columns_of(&CHECKPOINTER, 18).contains(&"slru_written"));
    assert!(!columns_of(&BGWRITER, 17).contains(&"buffers_backend"));
}

#[test]
fn the_log_view_came_with_14_and_lost_its_writes_with_18() {
    assert!(WAL.statement(Version(13)).is_none());
    assert!(columns_of(&WAL, 17).contains(&"wal_sync_time"));
    assert!(!columns_of(&WAL, 18).contains(&"wal_sync_time"));
    assert!(columns_of(&DATABASE, 18).contains(&"parallel_workers_launched"));
}

#[test]
fn positions_are_the_same_in_every_version() {
    for view in VIEWS {
        let commas = |version| {
            view.statement(Version(version))
                .map(|s| s.matches(", ").count())
        };
        let versions = if std::ptr::eq(view, &raw const STATEMENTS) {
            108..113
        } else {
            13..19
        };
        let counts: std::collections::HashSet<_> = versions.filter_map(commas).collect();
        assert_eq!(counts.len(), 1, "{}", view.table.name);
    }
}
