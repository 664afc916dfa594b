//! What we say of statements is what PostgreSQL says, to the call.
//!
//! Method: statements run before the collector's first sample, which must not count; then a load
//! whose query ids nobody else uses. When all is quiet, for each query id the sum of `calls` since the
//! first sample equals PostgreSQL's own difference. On Debian's PostgreSQL and on 18 from npm.

use std::collections::BTreeMap;

use serde_json::Value;
use testbed::{Cluster, Options};

use crate::harness::{Api, CollectorProcess, ServerOptions, ServerProcess, eventually};

const BEFORE: u32 = 7;
const LOAD: [(&str, u32); 4] = [
    ("SELECT count(*) AS load_one FROM pg_class", 40),
    ("SELECT count(*) AS load_two FROM pg_attribute", 25),
    ("SELECT count(*) AS load_three FROM pg_proc", 11),
    ("INSERT INTO load_table SELECT 1", 30),
];

#[tokio::test(flavor = "multi_thread")]
async fn sums_of_calls_equal_postgres_15s_own() {
    sums_agree(15).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sums_of_calls_equal_postgres_18s_own() {
    sums_agree(18).await;
}

async fn sums_agree(major_version: u32) {
    let cluster = start(major_version);
    let dir = tempfile::tempdir().unwrap();
    let server = ServerProcess::start(&dir.path().join("data"), &ServerOptions::default());
    run_load(&cluster, BEFORE, 1);
    let collector = CollectorProcess::start(&server, dir.path(), "pg", &cluster.url()).await;
    let api = server.api();
    first_sample_is_taken(&api).await;

    let before = calls(&cluster);
    run_load(&cluster, 1, 3);
    cluster.sql("SELECT pg_sleep(1.2)").unwrap();
    run_load(&cluster, 1, 2);
    let after = calls(&cluster);
    let expected: BTreeMap<String, i64> = after
        .iter()
        .map(|(id, calls)| (id.clone(), calls - before.get(id).copied().unwrap_or(0)))
        .filter(|(_, calls)| *calls > 0)
        .collect();
    assert_eq!(
        expected.len(),
        LOAD.len(),
        "every statement of the load is its own query id"
    );

    eventually("the sums agree with PostgreSQL's", async || {
        sums(&api).await == only(&expected)
    })
    .await;
    let texts = api
        .rows("SELECT query FROM query_text WHERE query LIKE '%load_one%'")
        .await;
    assert!(!texts.is_empty(), "the text of a new query id is fetched");
    assert_eq!(collector.terminate(), Some(0));
}

/// Starts a cluster; nothing but the load and the collector talks to it.
fn start(major_version: u32) -> Cluster {
    let options = Options {
        major_version: Some(major_version),
        ..Options::default()
    };
    let cluster = Cluster::start(&options)
        .unwrap_or_else(|error| panic!("{error}; scripts/setup.sh test installs what is missing"));
    assert_eq!(cluster.major_version(), major_version);
    cluster
        .sql("CREATE EXTENSION pg_stat_statements; CREATE TABLE load_table (n int)")
        .unwrap();
    cluster
}

fn run_load(cluster: &Cluster, divisor: u32, times: u32) {
    for (statement, count) in LOAD {
        let script = format!("{statement};\n").repeat((count * times / divisor).max(1) as usize);
        cluster.sql(&script).unwrap();
    }
}

/// PostgreSQL's own numbers of the load's statements, by query id.
fn calls(cluster: &Cluster) -> BTreeMap<String, i64> {
    let sql = "SELECT queryid || ' ' || sum(calls) FROM pg_stat_statements \
               WHERE query LIKE '%load\\_%' AND query NOT LIKE '%pg_stat_statements%' \
                 AND query NOT LIKE '%CREATE%' AND calls > 0 GROUP BY queryid";
    let lines = cluster.sql(sql).unwrap();
    let pairs = lines.lines().filter_map(|line| line.split_once(' '));
    pairs
        .map(|(id, calls)| (id.to_owned(), calls.parse().expect("a number")))
        .collect()
}

fn only(expected: &BTreeMap<String, i64>) -> BTreeMap<String, i64> {
    expected.clone()
}

/// Our own sums, of the query ids whose text shows them to be the load's.
async fn sums(api: &Api) -> BTreeMap<String, i64> {
    let known = "SELECT table_name FROM information_schema.tables WHERE table_name IN ('stat_statements', 'query_text')";
    if api.rows(known).await.len() < 2 {
        return BTreeMap::new();
    }
    let sql = "SELECT s.queryid AS queryid, sum(s.calls) AS calls FROM stat_statements s \
               WHERE s.queryid IN (SELECT queryid FROM query_text WHERE query LIKE '%load\\_%' \
                 AND query NOT LIKE '%pg_stat_statements%' AND query NOT LIKE '%CREATE%') GROUP BY s.queryid";
    let pair = |row: &Value| Some((row["queryid"].as_str()?.to_owned(), row["calls"].as_i64()?));
    api.rows(sql).await.iter().filter_map(pair).collect()
}

/// The collector tells in its own table when it has read the statements once.
async fn first_sample_is_taken(api: &Api) {
    eventually("the collector has sampled the statements twice", async || {
        let known = "SELECT table_name FROM information_schema.tables WHERE table_name = 'stat_database'";
        if api.rows(known).await.is_empty() {
            return false;
        }
        api.number("SELECT count(DISTINCT time) FROM stat_database").await >= 2
    })
    .await;
}
