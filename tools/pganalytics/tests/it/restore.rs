//! B-2: any moment restores, row for row.
//!
//! Method: rows are written every 100 ms and their commit times kept; three backups are taken on the
//! way; then five random moments are restored, and each restored store answers with exactly the rows
//! whose commit time is not after that moment. The collector goes on with the restored server.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use schema::Timestamp;
use serde_json::json;
use testbed::{Cluster, Options};

use crate::harness::{Api, CollectorProcess, ServerOptions, ServerProcess, eventually, run};

const ROWS: i64 = 150;

#[tokio::test(flavor = "multi_thread")]
async fn five_random_moments_restore_row_for_row() {
    let dir = tempfile::tempdir().unwrap();
    let url = format!("file://{}", dir.path().join("repository").display());
    let options = ServerOptions::default()
        .with("BACKUP__URL", &url)
        .with("BACKUP__ARCHIVE_INTERVAL_MS", "200");
    let data = dir.path().join("data");
    let cluster = Cluster::start(&Options::default()).unwrap();
    cluster.sql("CREATE EXTENSION pg_stat_statements").unwrap();
    let server = ServerProcess::start(&data, &options);
    let collector = CollectorProcess::start(&server, dir.path(), "pg", &cluster.url()).await;
    let key = format!("file:{}", dir.path().join("kept.key").display());
    std::fs::copy(data.join("master.key"), dir.path().join("kept.key")).unwrap();

    let written = write_rows(&server, &data).await;
    // Tokens are in the catalogue, so the restored servers know the one that is in use.
    let token = server.admin_token();
    let with_token =
        |server: &ServerProcess| Api::new(format!("http://{}", server.http()), token.clone());
    let (http, quic) = (server.http().to_owned(), server.quic().to_owned());
    assert_eq!(
        server.terminate(),
        Some(0),
        "stopping ships the rest of the log"
    );
    let list: serde_json::Value = serde_json::from_str(&run(&[
        "backup", "list", "--to", &url, "--key", &key, "--json",
    ]))
    .unwrap();
    assert_eq!(list.as_array().map(Vec::len), Some(3));
    run(&[
        "backup", "verify", "--to", &url, "--key", &key, "--level", "full",
    ]);

    for (n, moment) in moments(&written).into_iter().enumerate() {
        let target = dir.path().join(format!("restored-{n}"));
        let at = moment.to_string();
        run(&[
            "restore",
            "--from",
            &url,
            "--data",
            target.to_str().unwrap(),
            "--at",
            &at,
            "--key",
            &key,
        ]);
        let expected: BTreeSet<i64> = written
            .iter()
            .filter(|(_, commit_time)| *commit_time <= moment)
            .map(|(n, _)| *n)
            .collect();
        // No archiving: this is a look, not the successor of the server.
        let look = ServerOptions::default().with("SEAL__KEY", &key);
        let restored = ServerProcess::start(&target, &look);
        assert_eq!(numbers(&with_token(&restored)).await, expected, "at {at}");
    }

    let target = dir.path().join("successor");
    run(&[
        "restore",
        "--from",
        &url,
        "--data",
        target.to_str().unwrap(),
        "--key",
        &key,
    ]);
    let successor = ServerOptions {
        http: Some(http),
        quic: Some(quic),
        ..options.with("SEAL__KEY", &key)
    };
    let server = ServerProcess::start(&target, &successor);
    assert_eq!(
        numbers(&with_token(&server)).await.len(),
        usize::try_from(ROWS).unwrap()
    );
    let api = with_token(&server);
    let before = api.number("SELECT count(*) FROM stat_database").await;
    eventually("the collector reconnects unchanged", async || {
        api.number("SELECT count(*) FROM stat_database").await > before
    })
    .await;
    assert_eq!(collector.terminate(), Some(0));
}

/// Writes a row every 100 ms, takes three backups on the way, and returns numbers and commit times.
async fn write_rows(server: &ServerProcess, data: &Path) -> Vec<(i64, Timestamp)> {
    let (api, mut written) = (server.api(), Vec::new());
    for n in 0..ROWS {
        let reply = api.write(format!("moments n={n}i {n}")).await.unwrap();
        assert_eq!(reply.status, 204, "{}", reply.body);
        let commit_time = reply.headers["x-commit-time"]
            .to_str()
            .unwrap()
            .parse()
            .unwrap();
        written.push((n, commit_time));
        if n % 50 == 25 {
            let full = if n == 25 { "?full=true" } else { "" };
            api.post(&format!("/api/v1/backups{full}"), &json!({}))
                .await
                .expect(201);
            run(&[
                "maintenance",
                "flush",
                "--wait",
                "--data",
                data.to_str().unwrap(),
            ]);
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    written
}

/// Five moments: on a commit time to the nanosecond, just before one, and between.
fn moments(written: &[(i64, Timestamp)]) -> Vec<Timestamp> {
    let seed = written
        .first()
        .expect("rows were written")
        .1
        .nanos()
        .unsigned_abs();
    let at = |index: usize| written[index].1;
    // The first backup is taken at row 25: before it there is nothing to restore from.
    let pick = |salt: u64| 27 + usize::try_from(seed.wrapping_mul(salt) % 120).unwrap();
    let before = |moment: Timestamp| Timestamp::from_nanos(moment.nanos() - 1);
    let after = |moment: Timestamp| Timestamp::from_nanos(moment.nanos() + 20_000_000);
    vec![
        at(pick(3)),
        before(at(pick(5))),
        after(at(pick(7))),
        at(pick(11)),
        before(at(pick(13))),
    ]
}

async fn numbers(api: &Api) -> BTreeSet<i64> {
    let rows = api.rows("SELECT n FROM moments").await;
    let numbers: BTreeSet<i64> = rows.iter().filter_map(|row| row["n"].as_i64()).collect();
    assert_eq!(numbers.len(), rows.len(), "no row twice");
    numbers
}
