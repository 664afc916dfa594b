//! What the store tells about itself in SQL.

use serde_json::json;

use crate::harness::{Server, cpu};

#[tokio::test(flavor = "multi_thread")]
async fn tables_columns_parts_and_segments_are_listed() {
    let server = Server::new();
    server.write(cpu(0..10)).await;
    server.engine.flush().unwrap();
    server.write(cpu(10..15)).await;
    let sql = "select table_name, tags, fields, series, \"rows\", memory_rows from system.tables";
    let expected = json!([
        {"table_name": "cpu", "tags": 2, "fields": 3, "series": 12, "rows": 180, "memory_rows": 60}
    ]);
    assert_eq!(server.rows(sql).await, expected);
    let sql =
        "select column_name, role, kind, unit from system.columns where column_name = 'calls'";
    let expected = json!([
        {"column_name": "calls", "role": "field", "kind": "increase", "unit": "calls"}
    ]);
    assert_eq!(server.rows(sql).await, expected);
    let sql = "select sum(\"rows\") n, min(level) l, sum(damaged_pages) d from system.parts where table_name = 'cpu'";
    assert_eq!(server.rows(sql).await, json!([{"n": 120, "l": 0, "d": 0}]));
    let sql = "select count(*) > 0 as some, max(end_lsn) > 0 as written from system.wal";
    assert_eq!(
        server.rows(sql).await,
        json!([{"some": true, "written": true}])
    );
    let sql = "select tag_name, tag_values from system.series order by tag_name";
    let expected = json!([
        {"tag_name": "core", "tag_values": 3},
        {"tag_name": "host", "tag_values": 3},
    ]);
    assert_eq!(server.rows(sql).await, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_near_name_is_suggested_also_for_system_tables() {
    let server = Server::new();
    let error = server
        .try_rows("select * from system.table")
        .await
        .unwrap_err();
    assert!(error.to_string().contains("system.tables"), "{error}");
}
