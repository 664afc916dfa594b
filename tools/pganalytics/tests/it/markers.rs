//! S-1: nothing that was ingested lies in clear in the data directory, the spool or the backup.

use std::path::Path;
use std::process::Command;

use serde_json::json;
use testbed::{Cluster, Options};

use crate::harness::{CollectorProcess, ServerOptions, ServerProcess, eventually};

const MARKERS: [&str; 5] = [
    "MARKERTABLEzqx",
    "MARKERTAGzqx",
    "MARKERTEXTzqx",
    "MARKERQUERYzqx",
    "MARKERAPPzqx",
];

#[tokio::test(flavor = "multi_thread")]
async fn no_marker_is_found_on_disk() {
    let dir = tempfile::tempdir().unwrap();
    let repository = dir.path().join("repository");
    let options = ServerOptions::default()
        .with("BACKUP__URL", format!("file://{}", repository.display()))
        .with("BACKUP__ARCHIVE_INTERVAL_MS", "200");
    let cluster = Cluster::start(&Options::default()).unwrap();
    cluster.sql("CREATE EXTENSION pg_stat_statements").unwrap();
    let data = dir.path().join("data");
    let server = ServerProcess::start(&data, &options);
    let collector = CollectorProcess::start(&server, dir.path(), "pg", &cluster.url()).await;
    let api = server.api();
    let lines: String = (0..5_000)
        .map(|n| {
            format!("MARKERTABLEzqx,host=MARKERTAGzqx text=\"MARKERTEXTzqx {n}\",v={n}i {n}\n")
        })
        .collect();
    assert_eq!(api.write(lines).await.unwrap().status, 204);
    eventually("the collector samples", async || {
        api.ask("SELECT 1 FROM stat_database LIMIT 1").await.status == 200
    })
    .await;
    cluster
        .sql("SET application_name = 'MARKERAPPzqx'; SELECT count(*) AS \"MARKERQUERYzqx\" FROM pg_class; SELECT pg_sleep(2)")
        .unwrap();
    eventually("the markers came through the collector", async || {
        let text = api
            .ask("SELECT count(*) AS n FROM query_text WHERE query LIKE '%MARKERQUERYzqx%'")
            .await;
        let app = api
            .ask("SELECT count(*) AS n FROM stat_activity WHERE application_name = 'MARKERAPPzqx'")
            .await;
        let found = |reply: &crate::harness::Reply| {
            reply.status == 200 && reply.json()[0]["n"].as_i64() > Some(0)
        };
        found(&text) && found(&app)
    })
    .await;
    assert_eq!(
        api.post("/api/v1/maintenance/flush?wait=true", &json!({}))
            .await
            .status,
        200
    );
    api.post("/api/v1/backups", &json!({})).await.expect(201);
    // More for the log and, while the server is away, for the spool.
    assert_eq!(
        api.write("t,host=MARKERTAGzqx v=1i 1".into())
            .await
            .unwrap()
            .status,
        204
    );
    server.kill();
    cluster
        .sql("SET application_name = 'MARKERAPPzqx'; SELECT pg_sleep(3)")
        .unwrap();

    assert!(
        has_files(&data.join("parts")) && has_files(&data.join("wal")),
        "there is something to search"
    );
    assert!(has_files(&repository) && has_files(&dir.path().join("pg-state")));
    for marker in MARKERS {
        let found = Command::new("grep")
            .args(["-rlaF", marker])
            .arg(dir.path())
            .output()
            .unwrap();
        let found = String::from_utf8_lossy(&found.stdout).into_owned();
        assert_eq!(found, "", "{marker} lies in clear");
    }
    // The search itself works: it finds a marker that is written in clear.
    std::fs::write(dir.path().join("clear"), MARKERS.join(" ")).unwrap();
    let found = Command::new("grep")
        .args(["-rlaF", MARKERS[0]])
        .arg(dir.path())
        .output()
        .unwrap();
    assert!(found.status.success());
    assert_eq!(collector.terminate(), Some(0));
}

/// Tells whether a directory holds, anywhere below, a file that is not empty.
fn has_files(dir: &Path) -> bool {
    let Ok(entries) = std::fs::read_dir(dir) else {
        return false;
    };
    entries.filter_map(Result::ok).any(|entry| {
        let path = entry.path();
        if path.is_dir() {
            has_files(&path)
        } else {
            entry.metadata().is_ok_and(|m| m.len() > 0)
        }
    })
}
