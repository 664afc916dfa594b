//! Pieces of the store, measured in this process: where the time and the bytes of a server go.
//!
//! | piece | what is measured |
//! |---|---|
//! | log | sealing, group commit and `fdatasync` by several threads at once, as the engine's callers do |
//! | pages | each column of one window of each data set: what encoding makes of it, hot and cold, and how fast, in memory |
//! | parts | the same windows: writing (encode, seal, sync) and reading every page (read, open, decode) |
//! | upkeep | flushes of small batches, and the merge of what they wrote: processor time for a million rows |
//! | scans | a data set written through the log: all fields to record batches on one core, as flushed and as merged |

mod keys;
mod log;
mod pages;
mod parts;
mod scan;
mod series;
mod text;
mod upkeep;

use std::path::Path;

use serde::Serialize;

use crate::failure::{Failure, Outcome};
use crate::generate::{CpuShape, DataSet, StatementShape, WaitShape};
use crate::progress;

use engine::part::Effort;
pub(crate) use log::LogFigures;
pub(crate) use pages::PageFigures;
pub(crate) use parts::PartFigures;
pub(crate) use scan::ScanFigures;
use series::SortedRows;
pub(crate) use upkeep::UpkeepFigures;

/// What was measured of the pieces.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct CodecFigures {
    /// The log, by threads and payload.
    pub(crate) log: Vec<LogFigures>,
    /// Pages, by column.
    pub(crate) pages: Vec<PageFigures>,
    /// Parts, by data set.
    pub(crate) parts: Vec<PartFigures>,
    /// Flushes and merges, by data set and size of batches.
    pub(crate) upkeep: Vec<UpkeepFigures>,
    /// Scans, by data set.
    pub(crate) scans: Vec<ScanFigures>,
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
    let scanned = DataSet::Cpu(CpuShape::of_hours(seed, 1_000, 12));
    // On a thread of its own: waiting for a commit would block one of the runtime's.
    std::thread::scope(|scope| {
        let measured =
            scope.spawn(|| measure_data_sets(dir, seed, &data_sets, scanned, &log::CASES));
        let defect = |_| Failure::new("a measurement panicked", "please report this defect");
        measured.join().map_err(defect)?
    })
}

fn measure_data_sets(
    dir: &Path,
    seed: u64,
    data_sets: &[DataSet],
    scanned: DataSet,
    cases: &[log::Case],
) -> Outcome<CodecFigures> {
    let dir = dir.join("codecs");
    let keyring = keys::create(&dir)?;
    progress::say("measuring the log");
    let log = cases.iter().map(|case| log::measure(&dir, &keyring, case));
    let log: Outcome<_> = log.collect();
    let mut pages = vec![pages::measure_packed(seed)?];
    let (mut parts, mut upkeep) = (Vec::new(), Vec::new());
    for data_set in data_sets {
        progress::say(&format!(
            "measuring pages and parts of {}",
            data_set.table()
        ));
        let rows = SortedRows::of(*data_set)?;
        pages.extend(pages::measure(data_set.table(), &rows)?);
        for effort in [Effort::Hot, Effort::Cold] {
            parts.push(parts::measure(&dir, &keyring, *data_set, &rows, effort)?);
        }
    }
    for data_set in data_sets {
        progress::say(&format!(
            "measuring flushes and merges of {}",
            data_set.table()
        ));
        upkeep.push(upkeep::measure(
            &dir,
            &keyring,
            *data_set,
            UPKEEP_BATCH_ROWS,
        )?);
    }
    progress::say(&format!("measuring scans of {}", scanned.table()));
    Ok(CodecFigures {
        log: log?,
        pages,
        parts,
        upkeep,
        scans: scan::measure(&dir, &keyring, scanned)?,
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
        let figures = measure_data_sets(dir.path(), 1, &data_sets, data_sets[0], &[case]).unwrap();
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
        assert_eq!(figures.parts.len(), 2 * data_sets.len());
        for sizes in figures.parts.chunks(2) {
            assert!(
                sizes[1].bytes_per_value < sizes[0].bytes_per_value,
                "{sizes:?}"
            );
        }
        assert_eq!(figures.pages.len(), 1 + 11 + 9 + 9);
        assert_eq!(figures.scans[1].rows, 20 * 360);
        assert!(figures.to_text().contains("usage_guest_nice"));
    }
}
