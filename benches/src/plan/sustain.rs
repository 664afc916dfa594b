//! Ingest over minutes: as fast as it goes, at half the rate asked for, and within a memory budget.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use serde::Serialize;

use super::DiskFigures;
use super::session::Session;
use crate::failure::Outcome;
use crate::generate::CpuShape;
use crate::ingest::{IngestFigures, Rings, Steady};
use crate::progress;
use crate::watch::{Watch, WatchFigures};

/// Minutes of ingest, and what they came to once everything was merged.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Sustained {
    /// While rows came in.
    pub(crate) figures: WatchFigures,
    /// After flush and compaction.
    pub(crate) settled: DiskFigures,
}

impl Session {
    /// Feeds the server for a time, so many rows a second or as fast as it goes, watching it, and checks
    /// that everything is there.
    pub(super) async fn sustain(
        &mut self,
        shape: CpuShape,
        rows_per_s: Option<u32>,
        seconds: u32,
    ) -> Outcome<WatchFigures> {
        let steady = Steady {
            duration: Duration::from_secs(seconds.into()),
            rows_per_s,
        };
        let acked = Arc::new(AtomicU64::new(0));
        let rings = Rings::build(shape, &self.settings);
        let speed = rows_per_s.map_or("as fast as it goes".into(), |rate| format!("{rate} rows/s"));
        progress::say(&format!("sending for {seconds} s, {speed}"));
        let watch = Watch::begin(self.server.id()?, self.http()?, Arc::clone(&acked));
        let sent = rings.send(&self.server, &self.settings, steady, &acked);
        let (figures, tally) = sent.await?;
        let samples = watch.end().await?;
        self.tally.add(&tally);
        self.tally.check(&self.http()?).await?;
        Ok(WatchFigures::new(figures, samples))
    }

    /// Feeds the server so many rows a second for a time, and checks that everything is there.
    pub(super) async fn pace(
        &mut self,
        shape: CpuShape,
        rows_per_s: u32,
        seconds: u32,
    ) -> Outcome<IngestFigures> {
        let steady = Steady {
            duration: Duration::from_secs(seconds.into()),
            rows_per_s: Some(rows_per_s),
        };
        let rings = Rings::build(shape, &self.settings);
        progress::say(&format!("sending {rows_per_s} rows/s for {seconds} s"));
        let acked = Arc::new(AtomicU64::new(0));
        let sent = rings.send(&self.server, &self.settings, steady, &acked);
        let (figures, tally) = sent.await?;
        self.tally.add(&tally);
        self.tally.check(&self.http()?).await?;
        Ok(figures)
    }
}
