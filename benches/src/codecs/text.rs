//! The pieces' figures as tables.

use super::CodecFigures;
use crate::ingest::number;
use crate::report::{Table, digits};

impl CodecFigures {
    /// Returns the figures as Markdown.
    pub(crate) fn to_text(&self) -> String {
        let tables = [
            self.log_text(),
            self.parts_text(),
            self.pages_text(),
            self.upkeep_text(),
            self.scans_text(),
        ];
        tables.join("\n")
    }

    fn log_text(&self) -> String {
        let mut table = Table::new(&[
            "log, threads × payload",
            "commits/s",
            "MB/s",
            "p50, ms",
            "p99, ms",
        ]);
        for it in &self.log {
            table.row([
                format!("{} × {} KiB", it.threads, it.payload_bytes >> 10),
                digits(it.commits_per_s, 0),
                digits(it.bytes_per_s / 1e6, 0),
                digits(it.latency.p50_ms, 2),
                digits(it.latency.p99_ms, 2),
            ]);
        }
        table.render()
    }

    fn parts_text(&self) -> String {
        let mut table = Table::new(&[
            "part",
            "rows",
            "series",
            "bytes per value",
            "written, M values/s",
            "read, M values/s",
        ]);
        for it in &self.parts {
            table.row([
                format!("{}, {}", it.table, if it.is_cold { "cold" } else { "hot" }),
                digits(number(it.rows), 0),
                digits(number(it.series), 0),
                digits(it.bytes_per_value, 3),
                digits(it.write_values_per_s / 1e6, 1),
                digits(it.read_values_per_s / 1e6, 1),
            ]);
        }
        table.render()
    }

    fn upkeep_text(&self) -> String {
        let mut table = Table::new(&[
            "upkeep",
            "rows",
            "parts flushed",
            "bytes per value",
            "flush, CPU-s per M rows",
            "parts merged",
            "bytes per value",
            "merge, CPU-s per M rows",
            "merged, M rows/s",
        ]);
        for it in &self.upkeep {
            table.row([
                format!("{}, batches of {}", it.table, it.batch_rows),
                digits(number(it.rows), 0),
                digits(number(it.parts_flushed), 0),
                digits(it.flushed_bytes_per_value, 3),
                digits(it.flush_cpu_s_per_million, 3),
                digits(number(it.parts_merged), 0),
                digits(it.merged_bytes_per_value, 3),
                digits(it.merge_cpu_s_per_million, 3),
                digits(it.merge_rows_per_s / 1e6, 2),
            ]);
        }
        table.render()
    }

    fn pages_text(&self) -> String {
        let mut table = Table::new(&[
            "column",
            "hot",
            "bytes per value",
            "encoded, M/s",
            "decoded, M/s",
            "cold",
            "bytes per value",
            "encoded, M/s",
            "decoded, M/s",
        ]);
        for it in &self.pages {
            let mut cells = vec![it.column.clone()];
            for effort in [&it.hot, &it.cold] {
                cells.extend([
                    effort.encoding.to_owned(),
                    digits(effort.bytes_per_value, 4),
                    digits(effort.encoded_per_s / 1e6, 0),
                    digits(effort.decoded_per_s / 1e6, 0),
                ]);
            }
            table.row(cells);
        }
        table.render()
    }

    fn scans_text(&self) -> String {
        let mut table = Table::new(&[
            "scan, one core",
            "parts",
            "rows",
            "bytes per value",
            "M values/s",
        ]);
        for it in &self.scans {
            let state = if it.is_compacted {
                "compacted"
            } else {
                "flushed"
            };
            table.row([
                format!("{}, {state}", it.table),
                digits(number(it.parts as u64), 0),
                digits(number(it.rows), 0),
                digits(it.bytes_per_value, 3),
                digits(it.values_per_s / 1e6, 1),
            ]);
        }
        table.render()
    }
}
