//! What the figures must reach at least.

use serde::Serialize;

use super::Report;

/// A bound and what was measured.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Floor {
    /// What is bounded.
    pub(crate) what: &'static str,
    /// The bound, and its direction, in words.
    pub(crate) bound: &'static str,
    /// What was measured.
    pub(crate) measured: f64,
    /// Whether it is reached.
    pub(crate) is_reached: bool,
}

impl Report {
    /// Returns the floors of what was measured.
    pub(crate) fn floors(&self) -> Vec<Floor> {
        let cpu = |table: &str| table == crate::generate::CPU_TABLE;
        let ingest = self.ingest.iter().find(|figures| cpu(figures.table));
        let disk = self.disk.iter().find(|figures| cpu(figures.table));
        let at_least = |what, bound, floor: f64, measured: f64| Floor {
            what,
            bound,
            measured,
            is_reached: measured >= floor,
        };
        let at_most = |what, bound, ceiling: f64, measured: f64| Floor {
            what,
            bound,
            measured,
            is_reached: measured <= ceiling,
        };
        let rate = ingest.map(|figures| figures.rows_per_s);
        let size = disk.map(|figures| figures.bytes_per_value);
        let restart = self.restart.as_ref().map(|figures| figures.ready_s);
        let memory = (self.resident_bytes_max > 0).then(|| mebibytes(self.resident_bytes_max));
        [
            rate.map(|is| at_least("durable ingest, rows/s", "≥ 300 000", 300_000.0, is)),
            size.map(|is| at_most("cpu on disk, bytes per value", "≤ 2", 2.0, is)),
            restart.map(|is| at_most("restart, s", "< 5", 5.0, is)),
            memory.map(|is| at_most("resident memory, MiB", "< 1 024", 1_024.0, is)),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

/// Returns bytes in MiB.
pub(super) fn mebibytes(bytes: u64) -> f64 {
    crate::ingest::number(bytes) / f64::from(1 << 20)
}
