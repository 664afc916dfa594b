//! Upkeep: flushes of many small batches, and the merges of what they wrote.
//!
//! A store of its own takes a data set in batches as collectors send them, a few rows of every series
//! each, and is flushed every million rows or so. What is measured is the processor time of this process
//! during the flushes, and during the merge of all parts; ingest in between is not counted.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use engine::{Engine, Environment, Recovery, Settings};
use platform::{Clock, OsEntropy, RealClock, RealDisk};
use seal::Keyring;
use serde::Serialize;
use wire::v1::Batch;
use wire::{BatchFrame, Limits};

use crate::failure::{Failure, Outcome};
use crate::generate::{DataSet, Share};
use crate::ingest::{number, per};
use crate::server::Usage;

/// What the upkeep of a data set takes.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct UpkeepFigures {
    /// The table.
    pub(crate) table: &'static str,
    /// Rows of each batch.
    pub(crate) batch_rows: usize,
    /// Rows in all.
    pub(crate) rows: u64,
    /// Parts that the flushes wrote.
    pub(crate) parts_flushed: u64,
    /// Bytes of those for each value.
    pub(crate) flushed_bytes_per_value: f64,
    /// Processor time of flushes for a million rows, in seconds.
    pub(crate) flush_cpu_s_per_million: f64,
    /// Parts that the merge left.
    pub(crate) parts_merged: u64,
    /// Bytes of those for each value.
    pub(crate) merged_bytes_per_value: f64,
    /// Processor time of the merge for a million rows, in seconds.
    pub(crate) merge_cpu_s_per_million: f64,
    /// Rows merged a second.
    pub(crate) merge_rows_per_s: f64,
}

/// Writes a data set in batches, flushes and merges.
///
/// # Errors
/// When the disk refuses, or the store does.
pub(super) fn measure(
    dir: &Path,
    keyring: &Arc<Keyring>,
    data_set: DataSet,
    batch_rows: usize,
) -> Outcome<UpkeepFigures> {
    let name = format!("upkeep-{}-{batch_rows}", data_set.table());
    let engine = open(&dir.join(name), keyring)?;
    let (mut rows, mut unflushed, mut flushing) = (0, 0, Duration::ZERO);
    let mut source = data_set.rows(Share::WHOLE);
    while let Some(table) = source.next_table(batch_rows) {
        let written = write(&engine, table)?;
        rows += written;
        unflushed += written;
        if unflushed >= FLUSH_ROWS {
            flushing += cpu_of(|| engine.flush())?;
            unflushed = 0;
        }
    }
    flushing += cpu_of(|| engine.flush())?;
    let flushed = Size::of(&engine);
    let started = RealClock.monotonic();
    let merging = cpu_of(|| engine.compact())?;
    let seconds = RealClock.monotonic().since(started).as_secs_f64();
    let merged = Size::of(&engine);
    if merged.rows != rows {
        return Err(Failure::wrong_answer(format!(
            "{} of {rows} rows are left",
            merged.rows
        )));
    }
    engine.close().map_err(failed)?;
    let values = rows * data_set.field_count();
    Ok(UpkeepFigures {
        table: data_set.table(),
        batch_rows,
        rows,
        parts_flushed: flushed.parts,
        flushed_bytes_per_value: per(number(flushed.bytes), values),
        flush_cpu_s_per_million: per(flushing.as_secs_f64() * 1e6, rows),
        parts_merged: merged.parts,
        merged_bytes_per_value: per(number(merged.bytes), values),
        merge_cpu_s_per_million: per(merging.as_secs_f64() * 1e6, rows),
        merge_rows_per_s: number(rows) / seconds,
    })
}

/// What the parts of a store hold.
struct Size {
    parts: u64,
    rows: u64,
    bytes: u64,
}

impl Size {
    fn of(engine: &Engine) -> Self {
        let parts = engine.status().parts;
        Self {
            parts: parts.len() as u64,
            rows: parts.iter().map(|part| part.meta.rows).sum(),
            bytes: parts.iter().map(|part| part.meta.bytes).sum(),
        }
    }
}

/// Opens a store that does nothing by itself.
fn open(dir: &Path, keyring: &Arc<Keyring>) -> Outcome<Engine> {
    let environment = Environment {
        disk: Arc::new(RealDisk),
        clock: Arc::new(RealClock),
        entropy: Arc::new(OsEntropy),
        keyring: Arc::clone(keyring),
        dir: dir.to_owned(),
    };
    let mut settings = Settings::default();
    settings.compaction.automatic = false;
    (settings.flush_bytes, settings.memtable_bytes_max) = (1 << 30, 2 << 30);
    settings.replay_bytes_max = 4 << 30;
    Engine::open(environment, settings, Recovery::default()).map_err(failed)
}

fn write(engine: &Engine, table: wire::v1::Table) -> Outcome<u64> {
    let batch = Batch {
        tables: vec![table],
        ..Batch::default()
    };
    let frame = BatchFrame::encode(&batch, &Limits::default())
        .map_err(|error| Failure::new(error, "please report this defect"))?;
    let rows = frame.view().rows() as u64;
    engine
        .commit(frame)
        .map_err(failed)?
        .wait()
        .map_err(failed)?;
    Ok(rows)
}

/// Returns the processor time of all threads of this process while something is done.
fn cpu_of(work: impl FnOnce() -> Result<(), engine::Error>) -> Outcome<Duration> {
    let before = Usage::of(std::process::id())?.cpu;
    work().map_err(failed)?;
    Ok(Usage::of(std::process::id())?.cpu.saturating_sub(before))
}

fn failed(error: engine::Error) -> Failure {
    Failure::new(
        error,
        "look at the disk's room, or choose another place with --data",
    )
}

const FLUSH_ROWS: u64 = 1_000_000;
