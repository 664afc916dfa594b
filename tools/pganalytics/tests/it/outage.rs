//! The server is gone for a minute; the collector goes on, and nothing is lost.

use std::time::Duration;

use serde_json::json;
use testbed::{Cluster, Options};

use crate::harness::{Api, CollectorProcess, ServerOptions, ServerProcess, eventually, now};

const OUTAGE: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread")]
async fn a_minute_without_the_server_loses_nothing() {
    let cluster = Cluster::start(&Options::default()).unwrap();
    cluster
        .sql("CREATE EXTENSION pg_stat_statements; CREATE TABLE outage (n int)")
        .unwrap();
    let dir = tempfile::tempdir().unwrap();
    let options = ServerOptions::default();
    let server = ServerProcess::start(&dir.path().join("data"), &options);
    let mut collector = CollectorProcess::start(&server, dir.path(), "pg", &cluster.url()).await;
    let api = server.api();
    eventually("the first statements arrive", async || {
        let known =
            "SELECT table_name FROM information_schema.tables WHERE table_name = 'stat_statements'";
        !api.rows(known).await.is_empty()
    })
    .await;
    let (http, quic) = (server.http().to_owned(), server.quic().to_owned());
    assert_eq!(server.terminate(), Some(0));

    let started = now();
    let mut inserted = 0;
    while started.elapsed() < OUTAGE {
        cluster.sql("INSERT INTO outage SELECT 1").unwrap();
        inserted += 1;
        if inserted == 40 {
            collector.crash_and_restart();
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }

    let options = ServerOptions {
        http: Some(http),
        quic: Some(quic),
        ..options
    };
    let server = ServerProcess::start(&dir.path().join("data"), &options);
    let api = server.api();
    eventually("every insert of the outage is told", async || {
        inserts(&api).await >= told_at_least(inserted)
    })
    .await;
    eventually("the spool is empty", async || {
        let collectors = api.get("/api/v1/collectors").await.expect(200);
        collectors[0]["buffered_batches"] == json!(0)
    })
    .await;
    assert!(inserts(&api).await <= inserted, "nothing is told twice");
    assert_eq!(
        largest_gap_s(&api).await,
        0,
        "activity was sampled all the time"
    );
    assert_eq!(collector.terminate(), Some(0));
}

/// A collector that is killed loses what was counted since its last sample and takes a new baseline:
/// at most what ran within two of its intervals.
fn told_at_least(inserted: i64) -> i64 {
    inserted - 8
}

async fn inserts(api: &Api) -> i64 {
    let sql = "SELECT coalesce(sum(calls), 0) AS calls FROM stat_statements WHERE queryid IN \
               (SELECT queryid FROM query_text WHERE query LIKE 'INSERT INTO outage%')";
    let known = "SELECT table_name FROM information_schema.tables WHERE table_name = 'query_text'";
    if api.rows(known).await.is_empty() {
        0
    } else {
        api.number(sql).await
    }
}

/// Returns how many pauses of more than ten seconds the collector's own samples have.
async fn largest_gap_s(api: &Api) -> i64 {
    let sql = "SELECT count(*) AS gaps FROM (SELECT time, lag(time) OVER (ORDER BY time) AS before \
               FROM (SELECT DISTINCT time FROM stat_database)) AS steps \
               WHERE time - before > interval '10 seconds'";
    api.number(sql).await
}
