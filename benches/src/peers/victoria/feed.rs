//! A data set as bodies of lines, built before the clock runs and sent over several connections.

use std::time::Duration;

use futures::stream::{self, StreamExt, TryStreamExt};

use super::process::Process;
use super::timed;
use crate::failure::Outcome;
use crate::generate::{DataSet, Rows, Share};
use crate::ingest::IngestSettings;
use crate::peers::line;

/// What was sent.
#[derive(Debug, Default)]
pub(super) struct Fed {
    pub(super) rows: u64,
    pub(super) elapsed: Duration,
    pub(super) client_cpu: Duration,
}

/// Sends a data set, slice by slice; only the sending is timed.
pub(super) async fn feed(
    process: &Process,
    data_set: DataSet,
    settings: &IngestSettings,
) -> Outcome<Fed> {
    let mut rows = data_set.rows(Share::WHOLE);
    let mut fed = Fed::default();
    loop {
        let bodies = build(rows.as_mut(), settings, &mut fed.rows);
        if bodies.is_empty() {
            return Ok(fed);
        }
        let (elapsed, client_cpu) = timed(send(process, bodies, settings)).await?;
        fed.elapsed += elapsed;
        fed.client_cpu += client_cpu;
    }
}

/// Builds bodies of as many rows as our own batches have, up to a slice of them.
fn build(rows: &mut dyn Rows, settings: &IngestSettings, count: &mut u64) -> Vec<Vec<u8>> {
    let (mut bodies, mut bytes) = (Vec::new(), 0);
    while bytes < settings.slice_bytes {
        let Some(table) = rows.next_table(settings.rows_per_batch) else {
            break;
        };
        let mut body = Vec::new();
        line::write(&table, &mut body);
        *count += table.time.len() as u64;
        bytes += body.len() as u64;
        bodies.push(body);
    }
    bodies
}

async fn send(process: &Process, bodies: Vec<Vec<u8>>, settings: &IngestSettings) -> Outcome {
    let http = process.client();
    let sending = bodies.into_iter().map(|body| http.write(body));
    let under_way = settings.connections as usize * 2;
    let sent = stream::iter(sending).buffer_unordered(under_way);
    sent.try_collect().await
}
