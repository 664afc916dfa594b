//! W-1 and W-2 on the real kernel: SIGKILL at random moments under load, fifty times and more.
//!
//! Method: writers send numbered batches to an append-only table, in which a batch stored twice would
//! show, and repeat each batch under its own number until it is acknowledged. The server is killed at
//! random moments; after each restart what was acknowledged must be there, once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::harness::{Api, ServerOptions, ServerProcess};

const KILLS: u32 = 50;
const WRITERS: u64 = 3;
const ROWS_PER_BATCH: u64 = 20;
const PAUSE: Duration = Duration::from_millis(5);

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_survives_fifty_kills_once() {
    let dir = tempfile::tempdir().unwrap();
    // Small thresholds, so that kills meet flushes, compactions and new segments too.
    let options = ServerOptions::default()
        .with("STORE__FLUSH_BYTES", "65536")
        .with("STORE__LOG__SEGMENT_BYTES", "1048576")
        .with("LOG__LEVEL", "error");
    let mut server = ServerProcess::start(dir.path(), &options);
    let load = Load::start(&server.api());
    let mut random = Random(0x5EED);
    for kill in 0..KILLS {
        tokio::time::sleep(Duration::from_millis(20 + random.below(400))).await;
        let acked = load.acked();
        server = server.crash_and_restart(&options);
        let stored = stored(&server.api()).await;
        assert_once(&stored, kill);
        for (writer, acked) in acked.iter().enumerate() {
            let have = stored
                .iter()
                .find(|row| row.0 == writer as u64)
                .map_or(0, |row| row.1);
            assert!(
                have >= *acked * ROWS_PER_BATCH,
                "kill {kill}: writer {writer} lost rows: {have} of {acked} batches"
            );
        }
    }
    let sent = load.stop().await;
    let stored = stored(&server.api()).await;
    assert_once(&stored, KILLS);
    for (writer, batches) in sent.iter().enumerate() {
        let have = stored
            .iter()
            .find(|row| row.0 == writer as u64)
            .map(|row| row.1);
        assert_eq!(have, Some(batches * ROWS_PER_BATCH), "writer {writer}");
        assert!(
            *batches > u64::from(KILLS),
            "the load really ran: {batches} batches"
        );
    }
}

/// Every row is there once: as many rows as distinct numbers.
fn assert_once(stored: &[(u64, u64, u64)], kill: u32) {
    for (writer, rows, distinct) in stored {
        assert_eq!(
            rows, distinct,
            "kill {kill}: writer {writer} has rows twice"
        );
    }
}

/// Returns (writer, rows, distinct rows), or nothing before the first batch.
async fn stored(api: &Api) -> Vec<(u64, u64, u64)> {
    let reply = api.ask("SELECT writer, count(*) AS rows, count(DISTINCT n) AS numbers FROM kills GROUP BY writer").await;
    if reply.status == 400 && reply.body.contains("kills") {
        return Vec::new();
    }
    let rows = reply.expect(200);
    let number = |row: &Value, name: &str| row[name].as_u64().expect("a count");
    let rows = rows.as_array().expect("an array").iter();
    rows.map(|row| {
        let writer = row["writer"]
            .as_str()
            .expect("a tag")
            .parse()
            .expect("a number");
        (writer, number(row, "rows"), number(row, "numbers"))
    })
    .collect()
}

/// Writers that never give up.
struct Load {
    acked: Arc<Vec<AtomicU64>>,
    stop: Arc<AtomicBool>,
    tasks: JoinSet<u64>,
}

impl Load {
    fn start(api: &Api) -> Self {
        let acked: Arc<Vec<AtomicU64>> =
            Arc::new((0..WRITERS).map(|_| AtomicU64::new(0)).collect());
        let stop = Arc::new(AtomicBool::new(false));
        let mut tasks = JoinSet::new();
        for writer in 0..WRITERS {
            tasks.spawn(write(
                api.clone(),
                writer,
                Arc::clone(&acked),
                Arc::clone(&stop),
            ));
        }
        Self { acked, stop, tasks }
    }

    /// Returns how many batches of each writer are acknowledged by now.
    fn acked(&self) -> Vec<u64> {
        self.acked
            .iter()
            .map(|count| count.load(Ordering::SeqCst))
            .collect()
    }

    /// Ends the load and returns how many batches each writer sent, all of them acknowledged.
    async fn stop(self) -> Vec<u64> {
        self.stop.store(true, Ordering::SeqCst);
        self.tasks.join_all().await;
        self.acked
            .iter()
            .map(|count| count.load(Ordering::SeqCst))
            .collect()
    }
}

async fn write(api: Api, writer: u64, acked: Arc<Vec<AtomicU64>>, stop: Arc<AtomicBool>) -> u64 {
    let mut sequence = 0;
    while !stop.load(Ordering::SeqCst) {
        sequence += 1;
        let batch = batch(writer, sequence);
        while !is_acked(&api, &batch).await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        acked[usize::try_from(writer).unwrap()].store(sequence, Ordering::SeqCst);
        // All rows are counted after each kill: they must not become more than that takes seconds.
        tokio::time::sleep(PAUSE).await;
    }
    sequence
}

async fn is_acked(api: &Api, batch: &Value) -> bool {
    let request = api
        .request(reqwest::Method::POST, "/api/v1/ingest")
        .json(batch);
    match api.send(request).await {
        Ok(reply) if reply.status == 204 => true,
        Ok(reply) => {
            assert!(
                reply.status.is_server_error(),
                "a sound batch is never refused: {}",
                reply.body
            );
            false
        }
        Err(_) => false,
    }
}

fn batch(writer: u64, sequence: u64) -> Value {
    let first = (sequence - 1) * ROWS_PER_BATCH;
    let rows: Vec<Value> = (first..first + ROWS_PER_BATCH)
        .map(|n| {
            json!([
                1_700_000_000_000_000_000_u64 + n * 1_000_000,
                writer.to_string(),
                n
            ])
        })
        .collect();
    json!({
        "collector": format!("writer-{writer}"), "epoch": 1, "sequence": sequence,
        "tables": [{
            "name": "kills", "append_only": true,
            "columns": [{ "name": "writer", "role": "tag" }, { "name": "n", "role": "field", "type": "i64" }],
            "rows": rows,
        }],
    })
}

/// A small generator, seeded, so that a failing run can be told apart from chance.
struct Random(u64);

impl Random {
    /// **Source:** Marsaglia, "Xorshift RNGs", 2003, the triple (13, 7, 17).
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}
