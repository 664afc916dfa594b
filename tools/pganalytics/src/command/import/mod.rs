//! `pganalytics import`: files become batches, sent over QUIC as a collector would send them.

mod convert;
mod plan;

use std::sync::Arc;

use collector::send::{Connection, Credentials, Route};
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use indicatif::{ProgressBar, ProgressStyle};
use platform::{Clock, RealDisk};
use schema::{Epoch, validate_name};
use server::LocalServer;
use wire::v1::{Ack, Batch};
use wire::{BatchFrame, Limits, Token};

use self::plan::Plan;
use crate::cli::Import;
use crate::client::token_text;
use crate::failure::{Failure, Outcome};

/// Runs the command.
pub(crate) async fn run(call: Import) -> Outcome {
    validate_name(&call.table).map_err(|error| Failure::call(error, "choose another --table"))?;
    let text = token_text(call.token.as_deref(), &call.data)?;
    let token = Token::from_text(&text)
        .map_err(|error| Failure::call(error, "copy the token whole, or leave --token away"))?;
    // Every file is looked at before the first row is sent.
    for file in &call.files {
        let rows = open(file).await?;
        Plan::new(&rows.schema(), &call)?;
    }
    let addresses = addresses(&call, &token)?;
    let collector = format!("import:{}", token.id);
    let epoch = platform::RealClock.now().0.unsigned_abs();
    let route = Route {
        addresses,
        authority_sha256: token.authority,
    };
    let connection =
        Connection::connect(&route, &Credentials::Token(token), &collector, Epoch(epoch))
            .await
            .map_err(|error| {
                Failure::new(
                    error,
                    "is the server running, and its QUIC port reachable by UDP?",
                )
            })?;
    let connection = Arc::new(connection);
    let mut sender = Sender {
        connection,
        collector,
        epoch,
        sequence: 0,
        waiting: FuturesUnordered::new(),
    };
    let progress = progress_bar();
    let mut rows = 0;
    for file in &call.files {
        rows += send_file(&mut sender, &call, file, &progress).await?;
    }
    sender.finish().await?;
    progress.finish_and_clear();
    println!(
        "{rows} rows are on the server's disk, in table {}",
        call.table
    );
    Ok(())
}

/// Returns where the server's collectors' door is: as the call says, as a given token says, or as the
/// server in the data directory wrote at its last start.
fn addresses(call: &Import, token: &Token) -> Outcome<Vec<String>> {
    if let Some(server) = &call.server {
        return Ok(vec![server.clone()]);
    }
    if call.token.is_some() {
        return Ok(token.quic.clone());
    }
    let local = LocalServer::read(&RealDisk, &call.data).map_err(|error| {
        Failure::call(
            error,
            "give --server and --token, or --data with the data directory of a running server",
        )
    })?;
    Ok(local.quic)
}

async fn send_file(
    sender: &mut Sender,
    call: &Import,
    file: &std::path::Path,
    progress: &ProgressBar,
) -> Outcome<u64> {
    let mut rows = open(file).await?;
    let plan = Plan::new(&rows.schema(), call)?;
    let mut sent = 0;
    while let Some(batch) = rows.next().await {
        let batch = batch.map_err(|error| Failure::call(error, "is the file whole?"))?;
        for start in (0..batch.num_rows()).step_by(ROWS_PER_BATCH) {
            let slice = batch.slice(start, ROWS_PER_BATCH.min(batch.num_rows() - start));
            let table = plan.convert(&slice)?;
            let count = table.time.len() as u64;
            sender.send(table).await?;
            sent += count;
            progress.inc(count);
        }
    }
    Ok(sent)
}

async fn open(file: &std::path::Path) -> Outcome<query::FileRows> {
    let advice = "give Parquet or CSV files, named .parquet or .csv";
    query::read_file(file)
        .await
        .map_err(|error| Failure::call(error, advice))
}

/// Numbers batches and keeps a bounded number of them under way.
struct Sender {
    connection: Arc<Connection>,
    collector: String,
    epoch: u64,
    sequence: u64,
    waiting: FuturesUnordered<tokio::task::JoinHandle<Result<Ack, collector::Error>>>,
}

impl Sender {
    async fn send(&mut self, table: wire::v1::Table) -> Outcome {
        self.sequence += 1;
        let (collector, epoch) = (self.collector.clone(), self.epoch);
        let batch = Batch {
            collector,
            epoch,
            sequence: self.sequence,
            tables: vec![table],
        };
        let frame = BatchFrame::encode(&batch, &Limits::default())
            .map_err(|error| Failure::call(error, "are the names and texts of the file sound?"))?;
        if self.waiting.len() >= IN_FLIGHT_MAX {
            self.one_ack().await?;
        }
        let connection = Arc::clone(&self.connection);
        self.waiting
            .push(tokio::spawn(async move { connection.send(&frame).await }));
        Ok(())
    }

    async fn finish(mut self) -> Outcome {
        while !self.waiting.is_empty() {
            self.one_ack().await?;
        }
        match Arc::try_unwrap(self.connection) {
            Ok(connection) => connection.close().await,
            Err(_) => unreachable!("every task that held the connection has ended"),
        }
        Ok(())
    }

    async fn one_ack(&mut self) -> Outcome {
        let Some(joined) = self.waiting.next().await else {
            return Ok(());
        };
        let acked =
            joined.map_err(|error| Failure::new(error, "this is a defect: please report it"))?;
        acked.map(drop).map_err(|error| {
            Failure::call(
                error,
                "what was sent before is stored. Importing the file again replaces it, but for a table \
                 that keeps every row (append-only): that one would hold it twice",
            )
        })
    }
}

fn progress_bar() -> ProgressBar {
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner} {human_pos} rows, {per_sec}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(std::time::Duration::from_millis(200));
    bar
}

const ROWS_PER_BATCH: usize = 8_192;
const IN_FLIGHT_MAX: usize = 8;
