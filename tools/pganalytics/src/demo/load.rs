//! A load like pgbench's, with a few slow and a few blocking statements, so that every table of the
//! collector has something to show.

use std::time::Duration;

use collector::postgres::{Connection, Target, connect};
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::failure::{Failure, Outcome};

/// Connections that keep a database busy.
#[derive(Debug)]
pub(crate) struct Load {
    tasks: JoinSet<()>,
}

impl Load {
    /// Makes the tables and starts the connections.
    pub(crate) async fn start(url: String) -> Outcome<Self> {
        let connection = connected(&url).await?;
        connection
            .client()
            .batch_execute(TABLES)
            .await
            .map_err(|error| {
                Failure::new(error, "the load needs to create tables in this database")
            })?;
        let mut tasks = JoinSet::new();
        for worker in 0..WORKERS {
            tasks.spawn(keep_busy(url.clone(), worker, transfer));
        }
        for worker in 0..BLOCKERS {
            tasks.spawn(keep_busy(url.clone(), worker, blocking));
        }
        tasks.spawn(keep_busy(url, 0, slow));
        Ok(Self { tasks })
    }

    /// Ends every connection.
    pub(crate) async fn stop(mut self) {
        self.tasks.shutdown().await;
    }
}

/// One step of a kind of work, as SQL; and how long to rest after it.
type Step = fn(worker: u32, round: u32) -> (String, Duration);

/// Runs steps for ever; a connection that breaks is opened again, as an application would.
async fn keep_busy(url: String, worker: u32, step: Step) {
    let mut round = 0;
    loop {
        if let Ok(connection) = connected(&url).await {
            while let (sql, rest) = step(worker, round)
                && connection.client().batch_execute(&sql).await.is_ok()
            {
                round += 1;
                sleep(rest).await;
            }
        }
        sleep(Duration::from_secs(1)).await;
    }
}

/// The transaction of TPC-B as pgbench runs it.
///
/// **Source:** PostgreSQL documentation, pgbench, "What Is the Transaction Actually Performed".
fn transfer(worker: u32, round: u32) -> (String, Duration) {
    let (account, teller, delta) = (
        scatter(round * WORKERS + worker) % ACCOUNTS,
        round % 10,
        round % 500,
    );
    let sql = format!(
        "BEGIN; \
         UPDATE demo_accounts SET balance = balance + {delta} WHERE id = {account}; \
         SELECT balance FROM demo_accounts WHERE id = {account}; \
         UPDATE demo_tellers SET balance = balance + {delta} WHERE id = {teller}; \
         INSERT INTO demo_history (teller, account, delta, at) VALUES ({teller}, {account}, {delta}, now()); \
         COMMIT"
    );
    (sql, Duration::from_millis(5))
}

/// A report that reads everything, sorts it and spills.
fn slow(_: u32, round: u32) -> (String, Duration) {
    let sql = if round.is_multiple_of(3) {
        "SELECT pg_sleep(1.5)".to_owned()
    } else {
        "SET work_mem = '64kB'; SELECT count(*) FROM (SELECT filler, id FROM demo_accounts ORDER BY filler, id DESC) AS sorted"
            .to_owned()
    };
    (sql, Duration::from_millis(300))
}

/// One row that everybody wants, held for a while.
fn blocking(_: u32, _: u32) -> (String, Duration) {
    let sql =
        "BEGIN; UPDATE demo_hot SET value = value + 1 WHERE id = 1; SELECT pg_sleep(0.4); COMMIT";
    (sql.to_owned(), Duration::from_millis(700))
}

/// Spreads consecutive numbers: Knuth's multiplicative hash.
fn scatter(number: u32) -> u32 {
    number.wrapping_mul(2_654_435_761)
}

async fn connected(url: &str) -> Outcome<Connection> {
    let failed = |error| Failure::new(error, "can this PostgreSQL be reached with psql?");
    let target = Target::parse(url)
        .map_err(failed)?
        .with_application_name("pganalytics-demo");
    connect(&target).await.map_err(failed)
}

const WORKERS: u32 = 4;
const BLOCKERS: u32 = 3;
const ACCOUNTS: u32 = 50_000;
const TABLES: &str = "
    CREATE TABLE demo_accounts AS
        SELECT id, 0::bigint AS balance, md5(id::text) AS filler FROM generate_series(0, 49999) AS id;
    ALTER TABLE demo_accounts ADD PRIMARY KEY (id);
    CREATE TABLE demo_tellers AS SELECT id, 0::bigint AS balance FROM generate_series(0, 9) AS id;
    ALTER TABLE demo_tellers ADD PRIMARY KEY (id);
    CREATE TABLE demo_hot AS SELECT 1 AS id, 0 AS value;
    CREATE TABLE demo_history (teller int, account int, delta int, at timestamptz);
    ANALYZE;";
