//! What the demo prints: how to ask, and live answers every few seconds.

use std::path::Path;
use std::time::Duration;

use serde_json::Value;
use server::Server;
use tokio::time::{MissedTickBehavior, interval};

use super::postgres::Watched;
use crate::cli::Remote;
use crate::client::Client;
use crate::failure::{Failure, Outcome};
use crate::output;

/// A question and how its answer is shown.
struct Question {
    title: &'static str,
    sql: &'static str,
    columns: &'static [&'static str],
}

/// Prints what is running and how to ask it.
pub(crate) fn introduce(server: &Server, data: &Path, watched: &Watched) {
    let url = server
        .addresses()
        .http_urls()
        .first()
        .cloned()
        .unwrap_or_default();
    let token = server::admin_token_path(data);
    println!("watching {}", watched.about());
    println!("data in {}", data.display());
    println!();
    println!("In another terminal:");
    println!("  export PGANALYTICS_TOKEN=$(cat {})", token.display());
    for question in &QUESTIONS {
        println!();
        println!("  # {}", question.title);
        println!("  curl -s {url}/api/v1/sql -H \"Authorization: Bearer $PGANALYTICS_TOKEN\" \\");
        println!(
            "    --json '{}'",
            serde_json::json!({ "query": question.sql })
                .to_string()
                .replace('\'', "'\\''")
        );
    }
    println!();
    println!("Live answers follow; Ctrl-C ends everything.");
}

/// Asks and prints, until dropped or refused.
pub(crate) async fn repeat(data: &Path) -> Outcome {
    let remote = Remote {
        url: None,
        token: None,
        data: data.to_owned(),
    };
    let client = Client::open(&remote)?;
    let mut ticks = interval(PERIOD);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        for question in &QUESTIONS {
            ask(&client, question).await?;
        }
    }
}

async fn ask(client: &Client, question: &Question) -> Outcome {
    let known = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'";
    let tables: Vec<Value> = rows(client, known).await?;
    let is_known = |table: &Value| {
        table
            .get("table_name")
            .and_then(Value::as_str)
            .is_some_and(|name| question.sql.contains(&format!("FROM {name} ")))
    };
    println!("\n── {} ──", question.title);
    if !tables.iter().any(is_known) {
        println!("(nothing yet: the first samples are on their way)");
        return Ok(());
    }
    output::listing(&rows(client, question.sql).await?, false, question.columns)
}

async fn rows(client: &Client, sql: &str) -> Outcome<Vec<Value>> {
    let bytes = client.sql(sql, "json").await?.bytes().await?;
    serde_json::from_slice(&bytes)
        .map_err(|error| Failure::new(error, "this is a defect: please report it"))
}

const PERIOD: Duration = Duration::from_secs(5);

const QUESTIONS: [Question; 3] = [
    Question {
        title: "what PostgreSQL waits for: average active sessions of the last minute",
        sql: "SELECT coalesce(wait_event_type, 'CPU') AS wait_type, coalesce(wait_event, 'running') AS wait, \
              round(count(*) / 60.0, 2) AS sessions FROM stat_activity \
              WHERE time > now() - interval '1 minute' AND state = 'active' \
              GROUP BY 1, 2 ORDER BY sessions DESC LIMIT 8",
        columns: &["wait_type", "wait", "sessions"],
    },
    Question {
        title: "top statements of the last ten minutes",
        sql: "SELECT queryid, sum(calls) AS calls, round(sum(total_exec_time), 1) AS total_ms, \
              round(sum(total_exec_time) / sum(calls), 3) AS mean_ms FROM stat_statements \
              WHERE time > now() - interval '10 minutes' \
              GROUP BY queryid ORDER BY total_ms DESC LIMIT 5",
        columns: &["queryid", "calls", "total_ms", "mean_ms"],
    },
    Question {
        title: "I/O and transactions of each database",
        sql: "SELECT datname, sum(xact_commit) AS commits, sum(blks_read) AS blocks_read, \
              sum(blks_hit) AS blocks_hit, sum(temp_bytes) AS temp_bytes FROM stat_database \
              WHERE datname IS NOT NULL GROUP BY datname ORDER BY commits DESC LIMIT 5",
        columns: &[
            "datname",
            "commits",
            "blocks_read",
            "blocks_hit",
            "temp_bytes",
        ],
    },
];
