//! Lanes against a real PostgreSQL: what is sampled adds up to what PostgreSQL counted.
//!
//! Ticks are made by hand and tables caught in memory, so nothing here waits for a clock.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::Duration;

use parking_lot::Mutex;
use platform::{Clock, OsEntropy, RealClock, SimClock, UnixNanos};
use schema::CollectorName;
use testbed::{Cluster, Options, Shutdown};
use wire::v1::{Table, Values};

use super::lane::{Context, Lane, Level, Outlet};
use crate::Error;
use crate::config::{Instance, Intervals, Limits};
use crate::counters::{InstanceCounters, SpoolCounters};
use crate::postgres::Permits;

#[derive(Debug, Default)]
struct Caught {
    tables: Mutex<Vec<Table>>,
    is_full: AtomicBool,
    counters: SpoolCounters,
}

impl Outlet for Caught {
    fn put(
        &self,
        tables: Vec<Table>,
    ) -> Pin<Box<dyn Future<Output = Result<(), Error>> + Send + '_>> {
        let outcome = if self.is_full.load(SeqCst) {
            Err(Error::Stopping)
        } else {
            self.tables.lock().extend(tables);
            Ok(())
        };
        Box::pin(std::future::ready(outcome))
    }

    fn level(&self) -> Level {
        Level::default()
    }

    fn counters(&self) -> &SpoolCounters {
        &self.counters
    }

    fn batch_bytes_max(&self) -> u64 {
        1 << 20
    }
}

impl Caught {
    fn take(&self, name: &str) -> Vec<Table> {
        self.tables
            .lock()
            .extract_if(.., |table| table.name == name)
            .collect()
    }
}

/// Returns a column's cells as texts, `None` for null.
fn column(table: &Table, name: &str) -> Vec<Option<String>> {
    let Some(column) = table.columns.iter().find(|column| column.name == name) else {
        return vec![None; table.time.len()];
    };
    let cell = |row: usize| {
        let valid = column
            .validity
            .get(row / 8)
            .is_none_or(|bits| bits >> (row % 8) & 1 == 1);
        valid.then(|| match &column.values {
            Values::I64(v) | Values::Time(v) => v[row].to_string(),
            Values::F64(v) => v[row].to_string(),
            Values::Bool(v) => v[row].to_string(),
            Values::Dictionary(d) => {
                let code = d.codes[row] as usize;
                let (from, to) = (
                    d.values.offsets[code] as usize,
                    d.values.offsets[code + 1] as usize,
                );
                String::from_utf8(d.values.bytes[from..to].to_vec()).unwrap()
            }
            Values::Text(_) => unreachable!("builders make dictionaries"),
        })
    };
    (0..table.time.len()).map(cell).collect()
}

fn cluster() -> Cluster {
    let cluster = Cluster::start(&Options::default()).unwrap();
    cluster.sql("CREATE EXTENSION pg_stat_statements").unwrap();
    cluster
}

fn context(cluster: &Cluster, outlet: &Arc<Caught>) -> Arc<Context> {
    context_at(cluster, outlet, Arc::new(RealClock))
}

fn context_at(cluster: &Cluster, outlet: &Arc<Caught>, clock: Arc<dyn Clock>) -> Arc<Context> {
    let instance = Instance::new("test", &cluster.url()).unwrap();
    Arc::new(Context {
        collector: CollectorName::new("c").unwrap(),
        instance: instance.name,
        target: instance.target,
        is_local: true,
        databases: instance.databases,
        intervals: Intervals::default(),
        limits: Limits::default(),
        permits: Permits::new(),
        counters: InstanceCounters::default(),
        clock,
        entropy: Arc::new(OsEntropy),
        outlet: Arc::clone(outlet) as Arc<dyn Outlet>,
        procfs: "/proc".into(),
        own_pids: Mutex::default(),
    })
}

/// The position of `stat_statements` among the jobs of the lane.
const STATEMENTS: usize = 4;

/// Calls by query id, as PostgreSQL counts them, the collector's own and psql's look left out.
fn counted(cluster: &Cluster) -> HashMap<String, i64> {
    let rows = cluster
        .sql("SELECT queryid, sum(calls) FROM pg_stat_statements WHERE query LIKE '%marked%' AND query NOT LIKE '%pg_stat_statements%' GROUP BY 1")
        .unwrap();
    rows.lines()
        .map(|line| {
            let (id, calls) = line.split_once('|').unwrap();
            (id.to_owned(), calls.parse().unwrap())
        })
        .collect()
}

fn collected(outlet: &Caught, sums: &mut HashMap<String, i64>) {
    for table in outlet.take("stat_statements") {
        let calls = column(&table, "calls");
        for (id, calls) in column(&table, "queryid").into_iter().zip(calls) {
            *sums.entry(id.unwrap()).or_default() += calls.unwrap().parse::<i64>().unwrap();
        }
    }
}

fn run(cluster: &Cluster, statement: &str, times: usize) {
    let statements: Vec<_> = (0..times)
        .map(|n| statement.replace("{n}", &n.to_string()))
        .collect();
    cluster.sql(&statements.join(";")).unwrap();
}

#[tokio::test]
async fn sums_of_calls_equal_what_postgres_counted() {
    let (cluster, outlet) = (cluster(), Arc::new(Caught::default()));
    run(&cluster, "SELECT {n} AS marked_before", 3);
    let mut lane = Lane::counters(context(&cluster, &outlet));
    lane.tick(&[STATEMENTS]).await;
    assert!(
        outlet.take("stat_statements").is_empty(),
        "the first sample is the baseline"
    );
    let base = counted(&cluster);

    let mut sums = HashMap::new();
    for round in 0..4 {
        run(&cluster, "SELECT {n} AS marked_before", 5);
        run(
            &cluster,
            &format!("SELECT {{n}} AS marked{}", ", 1".repeat(round + 1)),
            7,
        );
        // What cannot be spooled is not lost: the next sample holds it.
        outlet.is_full.store(round == 1, SeqCst);
        lane.tick(&[STATEMENTS]).await;
        collected(&outlet, &mut sums);
    }
    let now = counted(&cluster);
    assert_eq!(now.len(), 5);
    for (id, calls) in now {
        let expected = calls - base.get(&id).copied().unwrap_or(0);
        assert_eq!(sums.get(&id).copied(), Some(expected), "query id {id}");
    }
}

#[tokio::test]
async fn restarts_and_resets_lose_and_invent_no_calls() {
    let (cluster, outlet) = (cluster(), Arc::new(Caught::default()));
    let context = context(&cluster, &outlet);
    let mut lane = Lane::counters(Arc::clone(&context));
    run(&cluster, "SELECT {n} AS marked_x", 9);
    lane.tick(&[STATEMENTS]).await;
    let mut sums = HashMap::new();
    let mut expected = 0;
    for interruption in ["none", "orderly", "reset", "crash"] {
        run(&cluster, "SELECT {n} AS marked_x", 4);
        expected += 4;
        lane.tick(&[STATEMENTS]).await;
        collected(&outlet, &mut sums);
        match interruption {
            "orderly" => cluster.restart(Shutdown::Fast).unwrap(),
            "crash" => cluster.restart(Shutdown::Immediate).unwrap(),
            "reset" => drop(cluster.sql("SELECT pg_stat_statements_reset()").unwrap()),
            _ => {}
        }
        // The first attempt after a restart finds the old connection dead; the next one, once the
        // pause is over, opens another.
        lane.tick(&[STATEMENTS]).await;
        lane.retry_now();
        run(&cluster, "SELECT {n} AS marked_x", 20);
        expected += 20;
        lane.tick(&[STATEMENTS]).await;
        collected(&outlet, &mut sums);
    }
    let id = counted(&cluster).into_keys().next().unwrap();
    assert_eq!(sums.get(&id).copied(), Some(expected));
}

#[tokio::test]
async fn an_update_of_the_extension_invents_no_calls() {
    // Newer updates than the server brings are covered where snapshots are compared.
    for (from, to) in [("1.8", "1.9"), ("1.9", "1.10")] {
        let (cluster, outlet) = (
            Cluster::start(&Options::default()).unwrap(),
            Arc::new(Caught::default()),
        );
        let create = format!("CREATE EXTENSION pg_stat_statements VERSION '{from}'");
        cluster.sql(&create).unwrap();
        let mut lane = Lane::counters(context(&cluster, &outlet));
        run(&cluster, "SELECT {n} AS marked_old", 50);
        lane.tick(&[STATEMENTS]).await;
        let update = format!("ALTER EXTENSION pg_stat_statements UPDATE TO '{to}'");
        cluster.sql(&update).unwrap();
        lane.tick(&[STATEMENTS]).await;
        let first = outlet.take("stat_statements");
        assert!(first.is_empty(), "{to} begins with a baseline: {first:?}");
        run(&cluster, "SELECT {n} AS marked_old", 3);
        lane.tick(&[STATEMENTS]).await;
        let mut sums = HashMap::new();
        collected(&outlet, &mut sums);
        let id = counted(&cluster).into_keys().next().unwrap();
        assert_eq!(sums.get(&id).copied(), Some(3), "{from} to {to}");
    }
}

#[tokio::test]
async fn every_view_gives_its_table_and_texts_come_once_and_redacted() {
    let (cluster, outlet) = (cluster(), Arc::new(Caught::default()));
    let context = context(&cluster, &outlet);
    let mut lane = Lane::counters(Arc::clone(&context));
    let all: Vec<usize> = (0..7).collect();
    lane.tick(&all).await;
    run(&cluster, "SELECT {n} AS marked_text", 2);
    cluster.sql("CREATE ROLE x PASSWORD 'geheim'").unwrap();
    lane.tick(&all).await;
    assert_eq!(context.counters.stopped_tables(), None);
    for name in [
        "stat_database",
        "stat_wal",
        "stat_bgwriter",
        "stat_checkpointer",
        "host_cpu",
        "host_memory",
        "collector_stats",
    ] {
        let tables = outlet.take(name);
        assert_eq!(tables.len(), 1, "{name}: nothing at first, then increases");
        assert_eq!(column(&tables[0], "instance")[0].as_deref(), Some("test"));
        assert!(column(&tables[0], "interval_s")[0].is_some(), "{name}");
    }
    let texts: Vec<String> = outlet
        .take("query_text")
        .iter()
        .flat_map(|table| column(table, "query"))
        .flatten()
        .collect();
    assert!(
        texts.iter().any(|text| text == "SELECT $1 AS marked_text"),
        "{texts:?}"
    );
    assert!(
        texts.iter().any(|text| text == "CREATE ROLE x PASSWORD ?"),
        "{texts:?}"
    );
    run(&cluster, "SELECT {n} AS marked_text", 2);
    lane.tick(&all).await;
    let again: Vec<_> = outlet
        .take("query_text")
        .iter()
        .flat_map(|t| column(t, "query"))
        .flatten()
        .collect();
    assert!(
        !again.iter().any(|text| text.contains("marked_text")),
        "{again:?}"
    );
}

/// Makes reading texts fail with the time limit in force, and reading entries too where that limit is
/// not the one of samples.
const NO_TEXTS: &str = "
    ALTER FUNCTION pg_stat_statements(boolean) RENAME TO entries;
    CREATE FUNCTION pg_stat_statements(showtext boolean) RETURNS SETOF pg_stat_statements
    LANGUAGE plpgsql AS $$
    DECLARE
        allowed text := current_setting('statement_timeout');
    BEGIN
        IF showtext OR allowed <> '30s' THEN
            RAISE EXCEPTION 'stopped after %', allowed;
        END IF;
        RETURN QUERY SELECT * FROM public.entries(false);
    END $$";

#[tokio::test]
async fn texts_that_fail_are_left_alone_for_longer_each_time_and_leave_no_limit_behind() {
    let (cluster, outlet) = (cluster(), Arc::new(Caught::default()));
    cluster.sql(NO_TEXTS).unwrap();
    let clock = Arc::new(SimClock::new(UnixNanos(1_000_000_000_000_000_000)));
    let context = context_at(&cluster, &outlet, Arc::clone(&clock) as Arc<dyn Clock>);
    let mut lane = Lane::counters(Arc::clone(&context));
    lane.tick(&[STATEMENTS]).await;
    let mut attempts = Vec::new();
    for minute in 0..=70 {
        run(
            &cluster,
            &format!("SELECT {{n}}{}", ", 1".repeat(minute)),
            1,
        );
        lane.tick(&[STATEMENTS]).await;
        assert_eq!(context.counters.stopped_tables(), None, "minute {minute}");
        let sampled = outlet.take("stat_statements").len();
        assert_eq!(sampled, 1, "minute {minute}");
        if let Some(error) = context.counters.take_last_error() {
            assert!(error.contains("stopped after 2min"), "{error}");
            attempts.push(minute);
        }
        clock.advance(Duration::from_secs(60));
    }
    assert_eq!(attempts, [0, 10, 30, 70]);
}

#[tokio::test]
async fn activity_shows_who_waits_for_whom_and_not_ourselves() {
    let (cluster, outlet) = (cluster(), Arc::new(Caught::default()));
    let context = context(&cluster, &outlet);
    cluster.sql("CREATE TABLE t AS SELECT 1 AS n").unwrap();
    let target = crate::postgres::Target::parse(&cluster.url()).unwrap();
    let target = target.with_application_name("load");
    let holder = crate::postgres::connect(&target).await.unwrap();
    let waiter = crate::postgres::connect(&target).await.unwrap();
    holder
        .client()
        .batch_execute("BEGIN; LOCK TABLE t")
        .await
        .unwrap();
    let pid = |rows: Vec<tokio_postgres::SimpleQueryMessage>| {
        rows.into_iter().find_map(|message| match message {
            tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
            _ => None,
        })
    };
    let holder_pid = pid(holder
        .client()
        .simple_query("SELECT pg_backend_pid()")
        .await
        .unwrap())
    .unwrap();
    let blocked =
        tokio::spawn(async move { waiter.client().batch_execute("SELECT * FROM t").await });

    let mut lane = Lane::activity(Arc::clone(&context));
    let mut counters = Lane::counters(Arc::clone(&context));
    counters.tick(&[0]).await;
    let waits = loop {
        lane.tick(&[0]).await;
        let table = outlet
            .take("stat_activity")
            .pop()
            .expect("the holder is always there");
        assert!(table.append_only);
        let names = column(&table, "application_name");
        assert!(
            !names.contains(&Some("pganalytics-collector".into())),
            "{names:?}"
        );
        let blocking = column(&table, "blocking_pids");
        if let Some(row) = blocking.iter().position(Option::is_some) {
            break (
                blocking[row].clone(),
                column(&table, "wait_event_type")[row].clone(),
            );
        }
    };
    assert_eq!(waits, (Some(holder_pid), Some("Lock".into())));
    holder.client().batch_execute("ROLLBACK").await.unwrap();
    blocked.await.unwrap().unwrap();
    assert_eq!(context.permits.taken(), 2);
}

#[tokio::test]
async fn a_missing_extension_stops_one_table_and_says_so() {
    let (cluster, outlet) = (
        Cluster::start(&Options::default()).unwrap(),
        Arc::new(Caught::default()),
    );
    let context = context(&cluster, &outlet);
    let mut lane = Lane::counters(Arc::clone(&context));
    let all: Vec<usize> = (0..5).collect();
    lane.tick(&all).await;
    lane.tick(&all).await;
    assert_eq!(
        context.counters.stopped_tables().as_deref(),
        Some("stat_statements")
    );
    assert!(
        context
            .counters
            .take_last_error()
            .unwrap()
            .contains("CREATE EXTENSION")
    );
    assert_eq!(outlet.take("stat_wal").len(), 1);
}
