//! Restart after a crash: the log is full of rows that are in no part yet.

use serde::Serialize;

use super::session::Session;
use crate::failure::Outcome;
use crate::generate::{CpuShape, DataSet};
use crate::ingest::send;
use crate::progress;
use crate::report::Report;
use crate::server::{Files, Server};
use platform::{Clock, RealClock};

/// How long a restart takes.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct RestartFigures {
    /// Bytes of batches that were acked after the last flush.
    pub(crate) log_bytes: u64,
    /// Their rows.
    pub(crate) log_rows: u64,
    /// Whether the server wrote parts of its own accord before it was killed, so that less than
    /// that had to be replayed.
    pub(crate) was_flushed: bool,
    /// Rows in the store after the restart: all that were ever acked, which is checked.
    pub(crate) rows: u64,
    /// From the start of the process until it says that it serves.
    pub(crate) ready_s: f64,
    /// From the start of the process until it has answered a query over all rows.
    pub(crate) answered_s: f64,
    /// The most memory that was resident while it recovered and answered, in bytes.
    pub(crate) resident_bytes_max: u64,
}

impl Session {
    /// Fills the log, kills the server with SIGKILL, starts it again and checks that everything that
    /// was acked is there.
    pub(super) async fn crash(
        mut self,
        shape: CpuShape,
        log_bytes: u64,
        report: &mut Report,
    ) -> Outcome<Self> {
        progress::say("filling the log");
        self.http()?.flush().await?;
        self.note_memory(report)?;
        let data = self.server.data().to_owned();
        self.server.kill().await?;
        // The server that fills the log writes no parts of it; the one that is timed is as always.
        let lazy = LAZY
            .iter()
            .fold(self.program.clone(), |program, (name, times)| {
                program.with(name, times * log_bytes)
            });
        self.server = Server::start(&lazy, &data).await?;
        let before = Files::of(self.server.data())?;
        let more = DataSet::Cpu(shape.followed_by(log_bytes / FRAME_BYTES_PER_ROW_MIN));
        let (sent, tally) = send(&self.server, more, &self.settings, Some(log_bytes)).await?;
        self.tally.add(&tally);
        let after = Files::of(self.server.data())?;
        self.server.kill().await?;
        progress::say("starting again");
        let started = RealClock.monotonic();
        self.server = Server::start(&self.program, &data).await?;
        self.tally.check(&self.server.http()?).await?;
        report.restart = Some(RestartFigures {
            log_bytes: sent.frame_bytes,
            log_rows: sent.rows,
            was_flushed: after.part_bytes > before.part_bytes,
            rows: self.tally.rows(),
            ready_s: self.server.ready_after().as_secs_f64(),
            answered_s: RealClock.monotonic().since(started).as_secs_f64(),
            resident_bytes_max: self.server.usage()?.resident_bytes_max,
        });
        Ok(self)
    }
}

/// Far below what a row of ten fields takes in a batch, so that there are always enough rows.
const FRAME_BYTES_PER_ROW_MIN: u64 = 4;
/// The settings by which a server writes parts of its own accord, in multiples of the log: rows take
/// somewhat more in memory than in the log.
const LAZY: [(&str, u64); 5] = [
    ("PGANALYTICS_SERVER__MEMORY_BYTES_MAX", 28),
    ("PGANALYTICS_STORE__PAGE_CACHE_BYTES_MAX", 1),
    ("PGANALYTICS_STORE__REPLAY_BYTES_MAX", 8),
    ("PGANALYTICS_STORE__MEMTABLE_BYTES_MAX", 4),
    ("PGANALYTICS_STORE__FLUSH_BYTES", 2),
];
