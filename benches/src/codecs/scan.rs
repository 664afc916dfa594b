//! The whole way of a scan on one core: pages read from files, opened, decoded, made into batches.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;

use engine::{Commit, Engine, Environment, Kind, Recovery, ScanRequest, Settings};
use platform::{Clock, OsEntropy, RealClock, RealDisk};
use seal::Keyring;
use serde::Serialize;
use wire::v1::Batch;
use wire::{BatchFrame, Limits};

use crate::failure::{Failure, Outcome};
use crate::generate::{DataSet, Share};
use crate::ingest::{number, per};

/// How fast all fields of a table are read.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct ScanFigures {
    /// The table.
    pub(crate) table: &'static str,
    /// Whether its parts were merged, or lie as they were flushed.
    pub(crate) is_compacted: bool,
    /// Parts read.
    pub(crate) parts: usize,
    /// Rows read.
    pub(crate) rows: u64,
    /// Bytes of files for each value.
    pub(crate) bytes_per_value: f64,
    /// Values of fields a second, on one thread, in the fastest of three scans, since what else runs
    /// on the machine only makes them slower; no page is in the cache.
    pub(crate) values_per_s: f64,
}

/// Writes a data set through the log, scans it as it was flushed, merges it and scans it again.
///
/// # Errors
/// When the disk refuses, or rows are missing.
pub(super) fn measure(
    dir: &Path,
    keyring: &Arc<Keyring>,
    data_set: DataSet,
) -> Outcome<Vec<ScanFigures>> {
    let environment = Environment {
        disk: Arc::new(RealDisk),
        clock: Arc::new(RealClock),
        entropy: Arc::new(OsEntropy),
        keyring: Arc::clone(keyring),
        dir: dir.join(format!("store-{}", data_set.table())),
    };
    let settings = Settings {
        page_cache_bytes_max: 1 << 20,
        memtable_bytes_max: 2 << 30,
        compaction: engine::CompactionSettings {
            automatic: false,
            ..Settings::default().compaction
        },
        ..Settings::default()
    };
    let store = Engine::open(environment, settings, Recovery::default()).map_err(failed)?;
    let rows = write(&store, data_set)?;
    store.flush().map_err(failed)?;
    let flushed = scan(&store, data_set, rows, false)?;
    store.compact().map_err(failed)?;
    let compacted = scan(&store, data_set, rows, true)?;
    store.close().map_err(failed)?;
    Ok(vec![flushed, compacted])
}

/// Writes all rows and waits until they are durable.
fn write(store: &Engine, data_set: DataSet) -> Outcome<u64> {
    let mut rows = data_set.rows(Share::WHOLE);
    let (mut total, mut under_way) = (0, VecDeque::new());
    while let Some(table) = rows.next_table(ROWS_PER_BATCH) {
        total += table.time.len() as u64;
        let batch = Batch {
            tables: vec![table],
            ..Batch::default()
        };
        let frame = BatchFrame::encode(&batch, &Limits::default())
            .map_err(|error| Failure::new(error, "please report this defect"))?;
        under_way.push_back((commit(store, &frame)?, frame));
        if under_way.len() > UNDER_WAY_MAX {
            wait_for_first(store, &mut under_way)?;
        }
    }
    while !under_way.is_empty() {
        wait_for_first(store, &mut under_way)?;
    }
    Ok(total)
}

/// Sends a batch, again and again while memory or a segment of the log is made ready on another thread.
fn commit(store: &Engine, frame: &BatchFrame) -> Outcome<Commit> {
    loop {
        match store.commit(frame.clone()) {
            Err(error) if error.kind() == Kind::Overloaded => std::thread::yield_now(),
            outcome => return outcome.map_err(failed),
        }
    }
}

/// Waits until the first batch is durable; one that the log had no room for is sent again.
fn wait_for_first(store: &Engine, under_way: &mut VecDeque<(Commit, BatchFrame)>) -> Outcome<()> {
    let Some((first, frame)) = under_way.pop_front() else {
        return Ok(());
    };
    match first.wait() {
        Err(error) if error.kind() == Kind::Overloaded => {
            under_way.push_back((commit(store, &frame)?, frame));
            Ok(())
        }
        outcome => outcome.map(drop).map_err(failed),
    }
}

fn scan(store: &Engine, data_set: DataSet, rows: u64, is_compacted: bool) -> Outcome<ScanFigures> {
    let view = store.view();
    let table = view
        .table(data_set.table())
        .ok_or_else(|| Failure::wrong_answer("the table is gone".to_owned()))?;
    let tags = table.definition().tags.len();
    let fields = table.definition().fields.len();
    let request = ScanRequest {
        projection: (1 + tags..1 + tags + fields).collect(),
        ..ScanRequest::default()
    };
    let mut seconds = f64::INFINITY;
    for _ in 0..SCANS {
        let started = RealClock.monotonic();
        let mut read = 0;
        for partition in table.scan(&request).map_err(failed)? {
            for batch in partition {
                read += batch.map_err(failed)?.num_rows() as u64;
            }
        }
        seconds = seconds.min(RealClock.monotonic().since(started).as_secs_f64());
        if read != rows {
            return Err(Failure::wrong_answer(format!(
                "{read} of {rows} rows were read"
            )));
        }
    }
    let bytes: u64 = table.parts().map(|part| part.bytes).sum();
    let values = rows * data_set.field_count();
    Ok(ScanFigures {
        table: data_set.table(),
        is_compacted,
        parts: table.parts().len(),
        rows,
        bytes_per_value: per(number(bytes), values),
        values_per_s: number(values) / seconds,
    })
}

fn failed(error: engine::Error) -> Failure {
    Failure::new(
        error,
        "look at the disk's room, or choose another place with --data",
    )
}

const SCANS: usize = 3;
const ROWS_PER_BATCH: usize = 5_000;
const UNDER_WAY_MAX: usize = 64;
