//! Queries from request to body, over a store in memory.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use datafusion::arrow::array::{
    ArrayRef, Float64Array, Int64Array, RecordBatch, StringViewArray, TimestampNanosecondArray,
};
use futures::StreamExt;
use schema::{ColumnDefinition, FieldType, Kind, TableDefinition, Timestamp};
use serde_json::{Value, json};

use crate::environment::{Now, ThreadStart};
use crate::store::memory::MemoryStore;
use crate::system::{self, SystemTable};
use crate::{
    Cell, CellType, Error, Format, Limit, Position, QueryEngine, Request, Settings, SystemSource,
};

const SECOND: i64 = 1_000_000_000;

fn cpu(rows: i32) -> MemoryStore {
    let mut definition = TableDefinition::new("cpu");
    definition.tags.push(ColumnDefinition::tag("host"));
    definition
        .fields
        .push(ColumnDefinition::field("usage", FieldType::F64));
    definition
        .fields
        .push(ColumnDefinition::field("calls", FieldType::I64).measured(Kind::Increase, "calls"));
    let time =
        TimestampNanosecondArray::from_iter_values((0..rows).map(|row| i64::from(row) * SECOND));
    let time = time.with_timezone("UTC");
    let host: StringViewArray = (0..rows)
        .map(|row| Some(format!("host-{}", row % 3)))
        .collect();
    let usage: Float64Array = (0..rows).map(|row| Some(f64::from(row) / 2.0)).collect();
    let calls: Int64Array = (0..rows)
        .map(|row| (row % 5 != 0).then_some(i64::from(row)))
        .collect();
    let columns: [(&str, ArrayRef, bool); 4] = [
        ("time", Arc::new(time), false),
        ("host", Arc::new(host), true),
        ("usage", Arc::new(usage), true),
        ("calls", Arc::new(calls), true),
    ];
    let rows = RecordBatch::try_from_iter_with_nullable(columns).unwrap();
    MemoryStore::default().with(definition, rows)
}

fn settings() -> Settings {
    Settings {
        threads: 2,
        ..Settings::default()
    }
}

fn engine_with(settings: Settings) -> QueryEngine {
    let now = Now::new(|| Timestamp::from_nanos(0));
    QueryEngine::over(
        Arc::new(cpu(10)),
        now,
        ThreadStart::none(),
        Vec::new(),
        settings,
    )
    .unwrap()
}

fn request(sql: &str) -> Request {
    Request {
        sql: sql.into(),
        ..Request::default()
    }
}

async fn body(engine: &QueryEngine, request: Request) -> Result<Vec<u8>, Error> {
    let mut answer = engine.run(request).await?;
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.body.next().await {
        bytes.extend_from_slice(&chunk?);
    }
    Ok(bytes)
}

async fn rows(sql: &str, params: Vec<Value>) -> Result<Value, Error> {
    let engine = engine_with(settings());
    let asked = Request {
        params,
        ..request(sql)
    };
    let bytes = body(&engine, asked).await?;
    Ok(serde_json::from_slice(&bytes).unwrap())
}

async fn refused(sql: &str) -> Error {
    rows(sql, vec![]).await.expect_err(sql)
}

async fn within<T>(what: impl Future<Output = T>) -> T {
    let patience = Duration::from_secs(20);
    tokio::time::timeout(patience, what)
        .await
        .expect("it hangs")
}

#[tokio::test]
async fn rows_come_in_the_format_that_is_asked_for() {
    let engine = engine_with(settings());
    let sql = "select time, host, calls from cpu where time < '1970-01-01T00:00:02Z' order by time";
    let expected = json!([
        {"time": "1970-01-01T00:00:00Z", "host": "host-0", "calls": null},
        {"time": "1970-01-01T00:00:01Z", "host": "host-1", "calls": 1},
    ]);
    let bytes = body(&engine, request(sql)).await.unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&bytes).unwrap(), expected);
    let csv = Request {
        format: Format::Csv,
        ..request(sql)
    };
    let expected = "time,host,calls\n1970-01-01T00:00:00Z,host-0,\n1970-01-01T00:00:01Z,host-1,1\n";
    assert_eq!(body(&engine, csv).await.unwrap(), expected.as_bytes());
    for (format, magic) in [
        (Format::Arrow, &b"\xff\xff\xff\xff"[..]),
        (Format::Parquet, b"PAR1"),
    ] {
        let bytes = body(
            &engine,
            Request {
                format,
                ..request(sql)
            },
        )
        .await
        .unwrap();
        assert!(bytes.starts_with(magic), "{format}");
    }
    let nothing = "select time from cpu where host = 'nobody'";
    assert_eq!(body(&engine, request(nothing)).await.unwrap(), b"[]\n");
}

#[tokio::test]
async fn parameters_take_their_type_from_where_they_stand() {
    let sql = "select count(*) n from cpu where time >= $1 and host = $2 and usage > $3 and calls is not null = $4";
    let params = vec![
        json!("1970-01-01T00:00:03Z"),
        json!("host-1"),
        json!(1),
        json!(true),
    ];
    assert_eq!(rows(sql, params).await.unwrap(), json!([{"n": 2}]));
    let sql = "select $1::bigint + 1 as a, $2 as b, $3 as c limit $4";
    let params = vec![json!(41), json!(null), json!("x"), json!(1)];
    let expected = json!([{"a": 42, "b": null, "c": "x"}]);
    assert_eq!(rows(sql, params).await.unwrap(), expected);
    let error = rows("select $2", vec![json!(1)]).await.unwrap_err();
    assert!(matches!(error, Error::Parameter { .. }), "{error:?}");
    let error = refused("select * from cpu where host = $1").await;
    assert!(matches!(error, Error::Parameter { .. }), "{error:?}");
}

#[tokio::test]
async fn wrong_names_are_found_in_the_text_and_near_ones_suggested() {
    let error = refused("select host\nfrom cpuu").await;
    assert_eq!(error.title(), "unknown table");
    assert_eq!(error.position(), Some(Position { line: 2, column: 6 }));
    assert!(
        error.to_string().contains("did you mean \"cpu\"?"),
        "{error}"
    );

    let error = refused("select host,\n  usagee from cpu").await;
    assert_eq!(error.title(), "unknown column", "{error:?}");
    assert_eq!(error.position(), Some(Position { line: 2, column: 3 }));
    assert!(error.to_string().contains("usage"), "{error}");

    let error = refused("select host, frst(usage) from cpu").await;
    assert_eq!(error.title(), "unknown function", "{error:?}");
    assert_eq!(
        error.position(),
        Some(Position {
            line: 1,
            column: 14
        })
    );

    let error = refused("select host from cpu whre usage > 1 and").await;
    assert_eq!(error.title(), "syntax error", "{error:?}");
    assert!(error.position().is_some());

    let error = refused("select host + usage from cpu group by host").await;
    assert!(matches!(error, Error::Sql { .. }), "{error:?}");
    for error in [
        refused("select 1/0").await,
        refused("select cast(host as bigint) from cpu").await,
    ] {
        assert_eq!(error.status(), 400, "{error:?}");
    }
}

#[tokio::test]
async fn q_1_no_statement_writes_or_reaches_files_and_network() {
    for sql in [
        "select * from '/etc/passwd'",
        "select * from \"/etc/passwd\"",
        "select * from 'file:///etc/passwd.csv'",
        "select * from read_csv('/etc/passwd')",
        "select * from read_parquet('/etc/passwd')",
        "select pg_read_file('/etc/passwd')",
        "create external table p stored as csv location '/etc/passwd'",
        "create table a as select * from cpu",
        "insert into cpu select * from cpu",
        "explain analyze insert into cpu select * from cpu",
        "copy cpu to '/tmp/pganalytics-q1.csv'",
        "copy (select 1) to '/tmp/pganalytics-q1.csv' stored as csv",
        "set datafusion.catalog.location = '/'",
        "drop table cpu",
        "select 1 into a",
        "explain copy cpu to '/tmp/pganalytics-q1.csv'",
    ] {
        let error = refused(sql).await;
        assert_eq!(error.status(), 400, "{sql}: {error:?}");
    }
    assert!(!std::path::Path::new("/tmp/pganalytics-q1.csv").exists());
}

#[tokio::test]
async fn show_describe_and_the_schemas_of_information_answer() {
    let tables = rows("show tables", vec![]).await.unwrap().to_string();
    assert!(tables.contains("\"cpu\""), "{tables}");
    let columns = rows("describe cpu", vec![]).await.unwrap();
    assert_eq!(columns.as_array().unwrap().len(), 4, "{columns}");
    let sql = "select column_name, role, type, kind, unit from system.columns where table_name = 'cpu' \
               order by position";
    let expected = json!([
        {"column_name": "time", "role": "time", "type": "TIMESTAMP", "kind": null, "unit": null},
        {"column_name": "host", "role": "tag", "type": "TEXT", "kind": null, "unit": null},
        {"column_name": "usage", "role": "field", "type": "DOUBLE", "kind": "gauge", "unit": null},
        {"column_name": "calls", "role": "field", "type": "BIGINT", "kind": "increase", "unit": "calls"},
    ]);
    assert_eq!(rows(sql, vec![]).await.unwrap(), expected);
    let sql = "select query, phase from system.queries";
    let expected = json!([{"query": sql, "phase": "planning"}]);
    assert_eq!(rows(sql, vec![]).await.unwrap(), expected);
    let sql = "select table_name, \"rows\", time_max from system.tables";
    let expected = json!([{"table_name": "cpu", "rows": 10, "time_max": "1970-01-01T00:00:09Z"}]);
    assert_eq!(rows(sql, vec![]).await.unwrap(), expected);
    let sql = "select tag_name, tag_values from system.series";
    assert_eq!(
        rows(sql, vec![]).await.unwrap(),
        json!([{"tag_name": "host", "tag_values": 3}])
    );
    let sql = "select count(*) n from information_schema.columns where table_name = 'cpu'";
    assert_eq!(rows(sql, vec![]).await.unwrap(), json!([{"n": 4}]));
}

#[tokio::test]
async fn limits_are_refused_by_name() {
    let engine = engine_with(Settings {
        rows_max: 5,
        ..settings()
    });
    let error = body(&engine, request("select * from cpu"))
        .await
        .unwrap_err();
    assert!(
        matches!(
            error,
            Error::Limit {
                limit: Limit::Rows,
                limit_max: 5,
                ..
            }
        ),
        "{error:?}"
    );
    assert!(
        body(&engine, request("select * from cpu limit 5"))
            .await
            .is_ok()
    );

    let engine = engine_with(Settings {
        result_bytes_max: 100,
        ..settings()
    });
    let error = body(&engine, request("select * from cpu"))
        .await
        .unwrap_err();
    assert!(
        matches!(
            error,
            Error::Limit {
                limit: Limit::ResultBytes,
                ..
            }
        ),
        "{error:?}"
    );

    let engine = engine_with(Settings {
        query_memory_bytes_max: 1 << 20,
        ..settings()
    });
    let sql = "select value, count(*) from generate_series(1, 1000000) group by value";
    let error = within(body(&engine, request(sql))).await.unwrap_err();
    assert!(
        matches!(
            error,
            Error::Limit {
                limit: Limit::QueryMemory,
                limit_max: 1_048_576,
                ..
            }
        ),
        "{error:?}"
    );
    assert!(
        error.to_string().contains("query_memory_bytes_max"),
        "{error}"
    );

    let engine = engine_with(Settings {
        query_memory_bytes_max: 100,
        ..settings()
    });
    let newest = "select * from latest('cpu')";
    let error = within(body(&engine, request(newest))).await.unwrap_err();
    assert!(
        matches!(
            error,
            Error::Limit {
                limit: Limit::QueryMemory,
                ..
            }
        ),
        "{error:?}"
    );

    let engine = engine_with(Settings {
        sql_bytes_max: 10,
        ..settings()
    });
    let error = body(&engine, request("select 1 + 1 + 1"))
        .await
        .unwrap_err();
    assert_eq!(error.status(), 413);
}

/// Runs for hours, unless stopped.
const ENDLESS: &str = "select count(*) from generate_series(1, 100000000000) where value % 3 = 1";

#[tokio::test]
async fn a_query_ends_at_its_time() {
    let engine = engine_with(settings());
    let asked = Request {
        timeout_ms: Some(50),
        ..request(ENDLESS)
    };
    let error = within(body(&engine, asked)).await.unwrap_err();
    assert!(
        matches!(error, Error::Timeout { timeout_ms: 50, .. }),
        "{error:?}"
    );
    assert_eq!(error.status(), 408);
    within(idle(&engine)).await;
}

#[tokio::test]
async fn a_query_is_cancelled_by_its_id_and_by_its_reader_going_away() {
    let engine = engine_with(settings());
    let first = tokio::spawn({
        let engine = engine.clone();
        async move { engine.run(request(ENDLESS)).await.map(|_| ()) }
    });
    let id = within(listed(&engine)).await;
    engine.cancel(&id).unwrap();
    assert!(matches!(
        within(first).await.unwrap(),
        Err(Error::Cancelled)
    ));
    within(idle(&engine)).await;
    assert!(matches!(engine.cancel(&id), Err(Error::NoSuchQuery { .. })));

    let sql = "select * from generate_series(1, 100000000000)";
    let lines = Request {
        format: Format::JsonLines,
        ..request(sql)
    };
    let answer = within(engine.run(lines)).await.unwrap();
    drop(answer);
    within(idle(&engine)).await;
}

#[tokio::test]
async fn json_lines_end_in_a_line_that_tells_the_error() {
    let engine = engine_with(settings());
    let sql = "select * from generate_series(1, 100000000000)";
    let lines = Request {
        format: Format::JsonLines,
        ..request(sql)
    };
    let mut answer = within(engine.run(lines)).await.unwrap();
    assert!(answer.body.next().await.unwrap().is_ok());
    engine.cancel(answer.id.as_str()).unwrap();
    let mut items = within(answer.body.collect::<Vec<_>>()).await;
    assert!(matches!(items.pop(), Some(Err(Error::Cancelled))));
    let line = items.pop().unwrap().unwrap();
    let line: Value = serde_json::from_slice(&line).unwrap();
    assert_eq!(line["error"]["title"], "query cancelled");
}

#[tokio::test]
async fn places_are_bounded_and_given_back() {
    let engine = engine_with(Settings {
        concurrency: 1,
        queued_max: 0,
        ..settings()
    });
    let running = tokio::spawn({
        let engine = engine.clone();
        async move { engine.run(request(ENDLESS)).await.map(|_| ()) }
    });
    let id = within(listed(&engine)).await;
    let second = tokio::spawn({
        let engine = engine.clone();
        async move { body(&engine, request("select 1")).await }
    });
    let refused = within(second).await.unwrap().unwrap_err();
    assert!(matches!(refused, Error::Busy { .. }), "{refused:?}");
    assert_eq!(refused.status(), 429);
    engine.cancel(&id).unwrap();
    within(running).await.unwrap().unwrap_err();
    within(idle(&engine)).await;
    assert!(within(body(&engine, request("select 1"))).await.is_ok());
}

#[derive(Debug)]
struct PanickingTable;

#[async_trait]
impl SystemTable for PanickingTable {
    fn name(&self) -> &'static str {
        "panic"
    }

    async fn batch(&self) -> datafusion::common::Result<RecordBatch> {
        panic!("out of the blue");
    }
}

#[tokio::test]
async fn a_panic_is_the_error_of_its_query_alone() {
    let now = Now::new(|| Timestamp::from_nanos(0));
    let system: Vec<Arc<dyn SystemTable>> = vec![Arc::new(PanickingTable)];
    let store = Arc::new(cpu(10));
    let engine = QueryEngine::over(store, now, ThreadStart::none(), system, settings()).unwrap();
    for _ in 0..3 {
        let asked = request("select * from system.panic");
        let error = within(body(&engine, asked)).await.unwrap_err();
        assert!(matches!(&error, Error::Internal { detail } if detail.contains("out of the blue")));
        assert_eq!(error.status(), 500);
    }
    assert!(
        within(body(&engine, request("select * from cpu")))
            .await
            .is_ok()
    );
    within(idle(&engine)).await;
}

/// A table that the server fills: sound, or of rows that do not fit.
#[derive(Debug)]
struct Boats {
    cells: usize,
}

#[async_trait]
impl SystemSource for Boats {
    fn name(&self) -> &'static str {
        "boats"
    }

    fn columns(&self) -> &'static [(&'static str, CellType)] {
        &[
            ("name", CellType::Text),
            ("crew", CellType::Count),
            ("knots", CellType::Number),
            ("left", CellType::Time),
        ]
    }

    async fn rows(&self) -> Result<Vec<Vec<Cell>>, String> {
        let row = [
            Cell::Text(Some("anna".into())),
            Cell::Count(Some(u64::MAX)),
            Cell::Number(None),
            Cell::Time(Some(Timestamp::from_nanos(SECOND))),
        ];
        match self.cells {
            0 => Err("the harbour is closed".into()),
            cells => Ok(vec![row[..cells].to_vec()]),
        }
    }
}

async fn boats(cells: usize) -> Result<Vec<u8>, Error> {
    let now = Now::new(|| Timestamp::from_nanos(0));
    let system = system::foreign(&[Arc::new(Boats { cells }) as _]);
    let store = Arc::new(cpu(10));
    let engine = QueryEngine::over(store, now, ThreadStart::none(), system, settings()).unwrap();
    let sql = "select name, crew, knots, \"left\" from system.boats";
    within(body(&engine, request(sql))).await
}

#[tokio::test]
async fn others_fill_tables_and_are_heard_when_they_cannot() {
    let expected = json!([{
        "name": "anna", "crew": i64::MAX, "knots": null, "left": "1970-01-01T00:00:01Z",
    }]);
    let rows: Value = serde_json::from_slice(&boats(4).await.unwrap()).unwrap();
    assert_eq!(rows, expected);
    let closed = boats(0).await.unwrap_err().to_string();
    assert!(closed.contains("the harbour is closed"), "{closed}");
    let short = boats(3).await.unwrap_err().to_string();
    assert!(short.contains("3 values for 4 columns"), "{short}");
}

#[tokio::test]
async fn the_newest_row_of_every_series_is_a_table() {
    let newest = "select host, usage from latest('cpu') order by host";
    let expected = json!([
        {"host": "host-0", "usage": 4.5},
        {"host": "host-1", "usage": 3.5},
        {"host": "host-2", "usage": 4.0},
    ]);
    assert_eq!(rows(newest, vec![]).await.unwrap(), expected);
    let counted = "select count(*) as n from latest('cpu') where usage > 3.5";
    assert_eq!(rows(counted, vec![]).await.unwrap(), json!([{"n": 2}]));
    for (sql, word) in [
        ("select * from latest('nope')", "no table 'nope'"),
        ("select * from latest()", "latest('stat_activity')"),
        ("select * from latest(1)", "latest('stat_activity')"),
    ] {
        let error = refused(sql).await.to_string();
        assert!(error.contains(word), "{error}");
    }
}

/// A nested-loop join that finds nothing keeps both threads that its query is spread over, far beyond its
/// time: it could only stop between batches of what it finds.
#[tokio::test]
async fn a_query_that_never_yields_keeps_nobody_waiting() {
    let engine = engine_with(settings());
    let endless = "select count(*) from generate_series(1, 60000) a, generate_series(1, 60000) b \
                   where a.value * b.value < 0";
    let asked = Request {
        timeout_ms: Some(100),
        ..request(endless)
    };
    let error = within(body(&engine, asked)).await.unwrap_err();
    assert!(matches!(error, Error::Timeout { .. }), "{error}");
    assert!(engine.shared.admission.running() > 0, "it computes on");
    for _ in 0..3 {
        let counted = within(body(&engine, request("select count(*) as n from cpu"))).await;
        assert_eq!(counted.unwrap(), b"[{\"n\":10}]\n");
    }
    assert!(
        engine.shared.admission.running() > 0,
        "it computes on still"
    );
}

#[tokio::test]
async fn deep_expressions_are_survived() {
    let engine = engine_with(settings());
    for sql in [
        format!("select 1{}", " + 1".repeat(4_095)),
        format!(
            "select count(*) from cpu where calls = 0{}",
            " or calls = 1".repeat(1_000)
        ),
        format!("select 1{}", " union all select 1".repeat(1_000)),
        format!(
            "select count(*) from cpu where host = 'a'{}",
            " || 'b'".repeat(4_000)
        ),
        format!("select count(*) from cpu{}", " cross join cpu".repeat(500)),
    ] {
        let asked = Request {
            timeout_ms: Some(2_000),
            ..request(&sql)
        };
        let ended = within(body(&engine, asked)).await;
        let survived = match &ended {
            Ok(_) => true,
            Err(error) => error.status() != 500,
        };
        assert!(survived, "{ended:?}");
    }
}

#[tokio::test]
async fn after_a_shutdown_queries_are_refused() {
    let engine = engine_with(settings());
    let running = tokio::spawn({
        let engine = engine.clone();
        async move { engine.run(request(ENDLESS)).await.map(|_| ()) }
    });
    within(listed(&engine)).await;
    within(engine.shutdown(Duration::from_secs(10))).await;
    assert!(matches!(
        within(running).await.unwrap(),
        Err(Error::Closing)
    ));
    assert!(within(body(&engine, request("select 1"))).await.is_err());
}

#[tokio::test]
async fn queries_are_counted() {
    let engine = engine_with(settings());
    let mut registry = prometheus_client::registry::Registry::default();
    engine.register_metrics(&mut registry);
    body(&engine, request("select * from cpu")).await.unwrap();
    body(&engine, request("select * from nothing"))
        .await
        .unwrap_err();
    let mut text = String::new();
    prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
    for line in [
        "pga_query_ended_total{outcome=\"ok\"} 1",
        "pga_query_ended_total{outcome=\"invalid\"} 1",
        "pga_query_returned_rows_total 10",
        "pga_query_running_queries",
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
}

/// Waits until a query is computing and returns its id.
async fn listed(engine: &QueryEngine) -> String {
    loop {
        let running = engine.shared.registry.running();
        let computing = running
            .iter()
            .find(|query| query.phase().name() == "running");
        if let Some(query) = computing {
            return query.id().to_string();
        }
        tokio::task::yield_now().await;
    }
}

/// Waits until no place is taken.
async fn idle(engine: &QueryEngine) {
    while engine.shared.admission.running() > 0 || !engine.shared.registry.running().is_empty() {
        tokio::task::yield_now().await;
    }
}
