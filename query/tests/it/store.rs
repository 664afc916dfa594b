//! Rows in memory and in parts are one table, and what can be pushed into the scan is.

use schema::{ColumnDefinition, FieldType};
use serde_json::json;
use wire::TableBuilder;

use crate::harness::{SECOND, START, Server, cpu};

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_memory_and_parts_are_counted_and_filtered_together() {
    let server = Server::new();
    server.write(cpu(200..300)).await;
    server.engine.flush().unwrap();
    server.write(cpu(100..200)).await;
    server.engine.flush().unwrap();
    server.write(cpu(0..100)).await;
    let counted =
        "select count(*) n, count(host) named, count(calls) calls from cpu where usage >= 0";
    assert_eq!(
        server.rows(counted).await,
        json!([{"n": 3600, "named": 2700, "calls": 2400}])
    );
    let sql = "select count(*) n, min(time) a, max(time) z from cpu where host = 'host-1' \
               and time >= '2025-12-31T23:56:40Z' and time < '2025-12-31T23:57:30Z'";
    let expected = json!([{"n": 150, "a": "2025-12-31T23:56:40Z", "z": "2025-12-31T23:57:29Z"}]);
    assert_eq!(server.rows(sql).await, expected);
    let plan = server.plan(sql).await;
    assert!(
        plan.contains("from=2025-12-31T23:56:40Z, until=2025-12-31T23:57:30Z"),
        "{plan}"
    );
    assert!(plan.contains("host=1 of 3"), "{plan}");
    assert!(
        plan.contains("partitions=2") && !plan.contains("FilterExec"),
        "{plan}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_is_written_again_takes_the_later_values() {
    let server = Server::new();
    let write = async |usage: Option<f64>, calls: Option<i64>| {
        let mut table = TableBuilder::new("cpu");
        table.begin_row(START);
        assert!(table.column(&ColumnDefinition::tag("host")).push_text("a"));
        if let Some(usage) = usage {
            let column = ColumnDefinition::field("usage", FieldType::F64);
            assert!(table.column(&column).push_f64(usage));
        }
        if let Some(calls) = calls {
            let column = ColumnDefinition::field("calls", FieldType::I64);
            assert!(table.column(&column).push_i64(calls));
        }
        server.write(table).await;
    };
    write(Some(1.0), Some(1)).await;
    server.engine.flush().unwrap();
    write(None, Some(2)).await;
    let expected = json!([{"time": "2026-01-01T00:00:00Z", "host": "a", "usage": 1.0, "calls": 2}]);
    assert_eq!(server.rows("select * from cpu").await, expected);
    assert_eq!(
        server.rows("select count(*) n from cpu").await,
        json!([{"n": 1}])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_column_that_comes_later_is_null_before() {
    let server = Server::new();
    server.write(cpu(1..2)).await;
    server.engine.flush().unwrap();
    let mut table = TableBuilder::new("cpu");
    table.begin_row(START);
    assert!(table.column(&ColumnDefinition::tag("rack")).push_text("r1"));
    server.write(table).await;
    let sql = "select count(*) n, count(rack) racks, count(usage) u from cpu where coalesce(rack, '') in ('', 'r1')";
    assert_eq!(
        server.rows(sql).await,
        json!([{"n": 13, "racks": 1, "u": 12}])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_reads_one_moment_whatever_is_written_meanwhile() {
    let server = Server::new();
    server.write(cpu(0..10)).await;
    let sql = "select (select count(*) from cpu where usage >= 0) a, (select count(*) from cpu where core >= '0') b";
    let writer = async {
        for second in 10..30 {
            server.write(cpu(second..second + 1)).await;
            tokio::task::yield_now().await;
        }
    };
    let reader = async {
        for _ in 0..5 {
            let rows = server.rows(sql).await;
            assert_eq!(rows[0]["a"], rows[0]["b"], "{rows}");
        }
    };
    tokio::join!(writer, reader);
    assert_eq!(
        server.rows("select count(*) n from cpu").await,
        json!([{"n": 360}])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn counters_know_their_kind_from_the_store() {
    let server = Server::new();
    let mut table = TableBuilder::new("cpu");
    let calls =
        ColumnDefinition::field("calls", FieldType::I64).measured(schema::Kind::Increase, "calls");
    for second in 0..3 {
        table.begin_row(START - second * 10 * SECOND);
        assert!(table.column(&calls).push_i64(6));
    }
    server.write(table).await;
    let sql = "select increase(calls, time) i, rate(calls, time) r from cpu";
    assert_eq!(server.rows(sql).await, json!([{"i": 18.0, "r": 0.6}]));
}
