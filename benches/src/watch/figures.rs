//! What minutes of ingest came to.

use serde::Serialize;

use super::{Growth, Sample};
use crate::ingest::{IngestFigures, number};

/// Ingest over minutes: speed, what piled up, and memory.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct WatchFigures {
    /// Speed and cost.
    pub(crate) ingest: IngestFigures,
    /// Rows acked a second in the slowest ten seconds.
    pub(crate) rows_per_s_slowest: f64,
    /// What could pile up.
    pub(crate) growth: Vec<Growth>,
    /// The most memory that was resident when it was looked at.
    pub(crate) resident_bytes_max: u64,
    /// The memory that the server was told to stay within, if it was.
    pub(crate) memory_bytes_max: Option<u64>,
    /// Every look.
    pub(crate) samples: Vec<Sample>,
}

impl WatchFigures {
    /// Returns the figures of an ingest that was watched.
    pub(crate) fn new(ingest: IngestFigures, samples: Vec<Sample>) -> Self {
        let resident = samples.iter().map(|sample| sample.resident_bytes);
        Self {
            rows_per_s_slowest: slowest(&samples),
            growth: Growth::of(&samples, ingest.refusals),
            resident_bytes_max: resident.max().unwrap_or(0),
            memory_bytes_max: None,
            ingest,
            samples,
        }
    }
}

/// Returns the rate over the ten samples in a row between which the fewest rows were acked.
fn slowest(samples: &[Sample]) -> f64 {
    let rate = |window: &[Sample]| {
        let (first, last) = (window.first()?, window.last()?);
        let seconds = (last.seconds - first.seconds).max(f64::MIN_POSITIVE);
        Some(number(last.rows.saturating_sub(first.rows)) / seconds)
    };
    let rates = samples.windows(STRETCH).filter_map(rate);
    rates.min_by(f64::total_cmp).unwrap_or(0.0)
}

/// Eleven looks are ten seconds apart.
const STRETCH: usize = 11;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slowest_ten_seconds_are_found() {
        let sample = |second: u32| Sample {
            seconds: f64::from(second),
            // Nothing is acked from second 20 to 25.
            rows: u64::from(1_000 * (second.min(20) + second.saturating_sub(25))),
            ..Sample::default()
        };
        let samples: Vec<Sample> = (1..=60).map(sample).collect();
        assert!((slowest(&samples) - 500.0).abs() < 1e-9);
        assert!(slowest(&samples[..5]).abs() < 1e-9);
    }
}
