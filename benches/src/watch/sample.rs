//! One look at a server, and looking once a second.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use platform::{Clock, RealClock};
use serde::Serialize;
use serde_json::Value;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{Instant, interval_at};

use super::Metrics;
use crate::failure::{Failure, Outcome};
use crate::server::{Http, ServerId, Usage};

/// What a server holds at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub(crate) struct Sample {
    /// Seconds since the first row.
    pub(crate) seconds: f64,
    /// Rows acked so far.
    pub(crate) rows: u64,
    /// Bytes of rows that are in no part.
    pub(crate) memtable_bytes: f64,
    /// Bytes of log that a restart would replay.
    pub(crate) unflushed_log_bytes: f64,
    /// Parts.
    pub(crate) parts: u64,
    /// Parts that share a stretch of time with an earlier one: what merging has not reached.
    pub(crate) unmerged_parts: u64,
    /// Merges published so far.
    pub(crate) merges: f64,
    /// Memory that is resident.
    pub(crate) resident_bytes: u64,
    /// Processor time that the server has used.
    pub(crate) cpu_s: f64,
}

/// Looks at a server once a second, until told to stop.
#[derive(Debug)]
pub(crate) struct Watch {
    stop: oneshot::Sender<()>,
    samples: JoinHandle<Outcome<Vec<Sample>>>,
}

impl Watch {
    /// Begins; `acked` is where rows are counted.
    pub(crate) fn begin(server: ServerId, http: Http, acked: Arc<AtomicU64>) -> Self {
        let (stop, stopped) = oneshot::channel();
        let samples = tokio::spawn(look_until(stopped, server, http, acked));
        Self { stop, samples }
    }

    /// Stops and returns what was seen.
    ///
    /// # Errors
    /// When the server did not answer.
    pub(crate) async fn end(self) -> Outcome<Vec<Sample>> {
        // A watch that has ended by itself has failed, and says so below.
        drop(self.stop);
        let defect = |error| Failure::new(error, "this is a defect: please report it");
        self.samples.await.map_err(defect)?
    }
}

async fn look_until(
    mut stopped: oneshot::Receiver<()>,
    server: ServerId,
    http: Http,
    acked: Arc<AtomicU64>,
) -> Outcome<Vec<Sample>> {
    let started = RealClock.monotonic();
    let mut ticks = interval_at(Instant::now() + EVERY, EVERY);
    let mut samples = Vec::new();
    loop {
        tokio::select! {
            _ = &mut stopped => return Ok(samples),
            _ = ticks.tick() => {}
        }
        let mut sample = Sample::take(server, &http).await?;
        sample.rows = acked.load(Ordering::Relaxed);
        sample.seconds = RealClock.monotonic().since(started).as_secs_f64();
        samples.push(sample);
    }
}

impl Sample {
    async fn take(server: ServerId, http: &Http) -> Outcome<Self> {
        let page = http.metrics().await?;
        let metrics = Metrics::parse(&page);
        let value = |name: &str| {
            let missing = || Failure::new(format!("no metric {name}"), SAME_SOURCE);
            metrics.value(name).ok_or_else(missing)
        };
        let stretches = stretches(&http.sql(PARTS).await?.rows)?;
        let usage = Usage::of(server.0)?;
        Ok(Self {
            memtable_bytes: value("pga_engine_memtable_bytes")?,
            unflushed_log_bytes: value("pga_engine_unflushed_log_bytes")?,
            parts: stretches.len() as u64,
            unmerged_parts: unmerged(&stretches),
            merges: value("pga_engine_compactions_total")?,
            resident_bytes: usage.resident_bytes,
            cpu_s: usage.cpu.as_secs_f64(),
            ..Self::default()
        })
    }
}

/// Reads first and last moment of each part, in nanoseconds.
fn stretches(rows: &[Value]) -> Outcome<Vec<(i64, i64)>> {
    let time = |row: &Value, column: &str| row.get(column)?.as_i64();
    let stretch = |row: &Value| Some((time(row, "begins")?, time(row, "ends")?));
    let all: Option<Vec<_>> = rows.iter().map(stretch).collect();
    all.ok_or_else(|| Failure::new("system.parts tells no times", SAME_SOURCE))
}

/// Counts those that share a moment with one that is before them; they are sorted by their begin.
fn unmerged(stretches: &[(i64, i64)]) -> u64 {
    let mut latest: Option<i64> = None;
    let mut count = 0;
    for (first, last) in stretches {
        count += u64::from(latest.is_some_and(|latest| *first <= latest));
        latest = latest.max(Some(*last));
    }
    count
}

const EVERY: Duration = Duration::from_secs(1);
const SAME_SOURCE: &str = "build both programs from one source";
const PARTS: &str = "SELECT CAST(time_min AS BIGINT) AS begins, CAST(time_max AS BIGINT) AS ends \
                     FROM system.parts ORDER BY begins, ends";

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn part(first: i64, last: i64) -> Value {
        json!({ "begins": first, "ends": last })
    }

    #[test]
    fn parts_one_after_the_other_are_merged_and_those_that_overlap_are_not() {
        let rows = [part(0, 2), part(3, 5), part(6, 6)];
        assert_eq!(unmerged(&stretches(&rows).unwrap()), 0);
        // The third overlaps the first, though not the second; the fourth touches it.
        let rows = [part(0, 9), part(1, 2), part(5, 6), part(9, 10)];
        assert_eq!(unmerged(&stretches(&rows).unwrap()), 3);
        assert_eq!(unmerged(&[]), 0);
    }

    #[test]
    fn parts_without_times_are_no_parts() {
        let failure = stretches(&[json!({ "begins": 1 })]).unwrap_err();
        assert!(failure.to_string().contains("system.parts"));
    }
}
