//! What a data set takes on disk, once it has settled.

use std::time::Duration;

use serde::Serialize;

use crate::generate::DataSet;
use crate::ingest::{Tally, number, per};
use crate::server::Files;

/// Bytes on disk after a flush and a compaction.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct DiskFigures {
    /// The table.
    pub(crate) table: &'static str,
    /// Rows stored.
    pub(crate) rows: u64,
    /// Values: rows times fields; tags and times are not counted, but their bytes are.
    pub(crate) values: u64,
    /// What the data directory holds.
    pub(crate) files: Files,
    /// Bytes of parts, manifests and everything else but the log, for each value.
    pub(crate) bytes_per_value: f64,
    /// Bytes of parts for each row.
    pub(crate) bytes_per_row: f64,
    /// Processor time of the server from its first row until it had settled, for a million rows.
    pub(crate) settled_cpu_s_per_million_rows: f64,
}

impl DiskFigures {
    /// Returns the figures of a data directory; `cpu` is what the server used for it.
    pub(super) fn new(data_set: DataSet, tally: &Tally, files: Files, cpu: Duration) -> Self {
        let rows = tally.rows();
        let values = rows * data_set.field_count();
        // The log is empty of rows now, and what it keeps ready does not grow with them.
        let settled = files.part_bytes + files.other_bytes;
        Self {
            table: data_set.table(),
            rows,
            values,
            files,
            bytes_per_value: per(number(settled), values),
            bytes_per_row: per(number(files.part_bytes), rows),
            settled_cpu_s_per_million_rows: per(cpu.as_secs_f64() * 1e6, rows),
        }
    }
}
