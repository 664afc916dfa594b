//! Pieces of the store, measured in this process: where the time and the bytes of a server go.
//!
//! | piece | what is measured |
//! |---|---|
//! | log | sealing, group commit and `fdatasync` by several threads at once, as the engine's callers do |
//! | upkeep | flushes of small batches, and the merge of what they wrote: processor time for a million rows |
//! | parts | one window of each data set, sorted by series: writing (encode, compress, seal, sync), reading every page (read, open, decode), and the bytes of each column |

mod keys;
mod log;
mod parts;
mod series;
mod text;
mod upkeep;

use std::path::Path;

use serde::Serialize;

use crate::failure::Outcome;
use crate::generate::{CpuShape, DataSet, StatementShape, WaitShape};
use crate::progress;

pub(crate) use log::LogFigures;
pub(crate) use parts::PartFigures;
pub(crate) use upkeep::UpkeepFigures;

/// What was measured of the pieces.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct CodecFigures {
    /// The log, by threads and payload.
    pub(crate) log: Vec<LogFigures>,
    /// Parts, by data set.
    pub(crate) parts: Vec<PartFigures>,
    /// Flushes and merges, by data set and size of batches.
    pub(crate) upkeep: Vec<UpkeepFigures>,
}

/// Measures the pieces; files go into a directory of their own below `dir`.
///
/// # Errors
/// When the disk refuses, or a piece gives back other values than it took.
pub(crate) fn measure(dir: &Path, seed: u64) -> Outcome<CodecFigures> {
    let data_sets = [
        DataSet::Cpu(CpuShape::of_hours(seed, 1_000, 2)),
        DataSet::Statements(StatementShape::of_minutes(seed, 120)),
        DataSet::Waits(WaitShape::of_minutes(seed, 60)),
    ];
    measure_data_sets(dir, &data_sets, &log::CASES)
}

fn measure_data_sets(
    dir: &Path,
    data_sets: &[DataSet],
    cases: &[log::Case],
) -> Outcome<CodecFigures> {
    let dir = dir.join("codecs");
    let keyring = keys::create(&dir)?;
    progress::say("measuring the log");
    let log = cases.iter().map(|case| log::measure(&dir, &keyring, case));
    let log = log.collect::<Outcome<_>>()?;
    let parts = data_sets.iter().map(|data_set| {
        progress::say(&format!("measuring parts of {}", data_set.table()));
        parts::measure(&dir, &keyring, *data_set)
    });
    let parts = parts.collect::<Outcome<_>>()?;
    let upkeep = data_sets.iter().map(|data_set| {
        progress::say(&format!(
            "measuring flushes and merges of {}",
            data_set.table()
        ));
        upkeep::measure(&dir, &keyring, *data_set, UPKEEP_BATCH_ROWS)
    });
    Ok(CodecFigures {
        log,
        parts,
        upkeep: upkeep.collect::<Outcome<_>>()?,
    })
}

/// A few rows of each of a thousand series, as a collector's batch has them.
const UPKEEP_BATCH_ROWS: usize = 5_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_piece_of_a_small_data_set_gives_figures() {
        let dir = tempfile::tempdir().unwrap();
        let data_sets = [
            DataSet::Cpu(CpuShape::of_hours(1, 20, 1)),
            DataSet::Statements(StatementShape {
                instances: 3,
                ..StatementShape::of_minutes(1, 60)
            }),
            DataSet::Waits(WaitShape {
                instances: 2,
                ..WaitShape::of_minutes(1, 60)
            }),
        ];
        let case = log::Case {
            threads: 2,
            payload_bytes: 1_000,
            commits: 10,
        };
        let figures = measure_data_sets(dir.path(), &data_sets, &[case]).unwrap();
        assert_eq!(figures.log[0].latency.count, 20);
        for part in &figures.parts {
            assert!(part.rows > 1_000 && part.bytes_per_value > 0.0, "{part:?}");
            assert!(
                part.write_values_per_s > 0.0 && part.read_values_per_s > 0.0,
                "{part:?}"
            );
        }
        for upkeep in &figures.upkeep {
            assert!(upkeep.parts_flushed >= upkeep.parts_merged && upkeep.parts_merged > 0);
            assert!(
                upkeep.rows > 1_000 && upkeep.merge_rows_per_s > 0.0,
                "{upkeep:?}"
            );
        }
        assert_eq!(figures.parts[0].columns.len(), 11);
        assert!(
            figures.parts[0].bytes_per_value < 1.0,
            "{:?}",
            figures.parts[0]
        );
        assert!(figures.to_text().contains("usage_guest_nice"));
    }
}
