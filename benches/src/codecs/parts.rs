//! Parts: written from sorted rows, read page by page.

use std::path::Path;
use std::sync::Arc;

use engine::part::{
    Effort, Heat, PageCache, Part, PartDescription, PartEnvironment, PartMeta, PartWriter,
    WriterSettings,
};
use platform::{Clock, OsEntropy, RealClock, RealDisk, durable};
use schema::{Lsn, TimeRange, Timestamp};
use seal::Keyring;
use serde::Serialize;

use super::series::SortedRows;
use crate::failure::{Failure, Outcome};
use crate::generate::DataSet;
use crate::ingest::{number, per};

/// What parts of a data set take.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct PartFigures {
    /// The table.
    pub(crate) table: &'static str,
    /// Whether it was written as a compaction writes, or as a flush does.
    pub(crate) is_cold: bool,
    /// Rows of the part.
    pub(crate) rows: u64,
    /// Series of the part.
    pub(crate) series: u64,
    /// Bytes of the file for each value.
    pub(crate) bytes_per_value: f64,
    /// Values written a second: encoded, compressed, sealed, on disk.
    pub(crate) write_values_per_s: f64,
    /// Values read a second: every page, opened and decoded, from the kernel's cache of the file.
    pub(crate) read_values_per_s: f64,
}

/// Writes a part of a data set and reads it.
///
/// # Errors
/// When the disk refuses, or rows are missing.
pub(super) fn measure(
    dir: &Path,
    keyring: &Arc<Keyring>,
    data_set: DataSet,
    rows: &SortedRows,
    effort: Effort,
) -> Outcome<PartFigures> {
    let dir = dir.join(format!("parts-{}-{effort:?}", data_set.table()));
    let made = durable::create_dir_all(&RealDisk, &dir);
    made.map_err(|source| Failure::io(dir.display(), &source))?;
    let environment = PartEnvironment {
        disk: Arc::new(RealDisk),
        keyring: Arc::clone(keyring),
        entropy: Arc::new(OsEntropy),
        dir,
    };
    let started = RealClock.monotonic();
    let meta = write(&environment, data_set, rows, effort).map_err(failed)?;
    let written = RealClock.monotonic();
    let part = Part::open(&environment, meta, Arc::new(PageCache::new(0))).map_err(failed)?;
    let read = read_all(&part).map_err(failed)?;
    let done = RealClock.monotonic();
    let meta = part.meta();
    if read != meta.rows {
        return Err(Failure::wrong_answer(format!(
            "{read} of {} rows were read",
            meta.rows
        )));
    }
    let values = meta.rows * data_set.field_count();
    Ok(PartFigures {
        table: data_set.table(),
        is_cold: effort == Effort::Cold,
        rows: meta.rows,
        series: meta.series,
        bytes_per_value: per(number(meta.bytes), values),
        write_values_per_s: number(values) / written.since(started).as_secs_f64(),
        read_values_per_s: number(values) / done.since(written).as_secs_f64(),
    })
}

fn write(
    environment: &PartEnvironment,
    data_set: DataSet,
    rows: &SortedRows,
    effort: Effort,
) -> Result<PartMeta, engine::Error> {
    let description = PartDescription {
        table: data_set.table().to_owned(),
        tags: rows.tags.clone(),
        fields: rows.fields.clone(),
        window: TimeRange::ALL,
        first_lsn: Lsn::ZERO,
        last_lsn: Lsn::ZERO,
        level: 0,
        heat: Heat::Hot,
        committed: Timestamp::MIN,
        deletes_lsn: Lsn::ZERO,
    };
    let settings = WriterSettings {
        effort,
        ..WriterSettings::default()
    };
    let mut writer = PartWriter::create(environment, description, &settings)?;
    for (tags, series) in &rows.series {
        let tags: Vec<Option<&str>> = tags.iter().map(|tag| Some(tag.as_str())).collect();
        writer.begin_series(&tags);
        let whole = |column| Some((column, 0..series.time.len()));
        let fields: Vec<_> = series.fields.iter().map(whole).collect();
        writer.append(&series.time, &fields)?;
    }
    writer.finish()
}

/// Reads every page and returns the number of rows.
fn read_all(part: &Part) -> Result<u64, engine::Error> {
    let mut rows = 0;
    for page in 0..part.page_count() {
        rows += part.read_time_page(page)?.len() as u64;
        for field in 0..part.fields().len() {
            part.read_field_page(field, page)?;
        }
    }
    Ok(rows)
}

fn failed(error: engine::Error) -> Failure {
    Failure::new(
        error,
        "look at the disk's room, or choose another place with --data",
    )
}
