//! The tables of a report.

use super::Report;
use super::floors::mebibytes;
use super::table::{Table, digits};
use crate::ingest::number;

impl Report {
    /// Returns the report as Markdown.
    pub(crate) fn to_text(&self) -> String {
        let sections = [
            self.machine_text(),
            self.floors_text(),
            self.ingest_text(),
            self.watch_text(),
            self.entropy_text(),
            self.disk_text(),
            self.peers_text(),
            self.restart_text(),
            self.queries_text(),
            self.codecs
                .as_ref()
                .map(|figures| figures.to_text())
                .unwrap_or_default(),
        ];
        let sections = sections.into_iter().filter(|section| !section.is_empty());
        sections.collect::<Vec<_>>().join("\n")
    }

    fn machine_text(&self) -> String {
        let (machine, sync) = (&self.machine, &self.machine.fdatasync);
        let memory = digits(mebibytes(machine.memory_bytes) / 1_024.0, 1);
        format!(
            "{} cores of {}, {memory} GiB, Linux {}, {}; fdatasync p50 {} ms, p99 {} ms; seed {}\n",
            machine.cores,
            machine.processor,
            machine.kernel,
            machine.file_system,
            digits(sync.p50_ms, 2),
            digits(sync.p99_ms, 2),
            self.seed,
        )
    }

    fn floors_text(&self) -> String {
        let mut table = Table::new(&["floor", "bound", "measured", "of the bound", ""]);
        for floor in self.floors() {
            let verdict = if floor.is_reached {
                "reached"
            } else {
                "MISSED"
            };
            let short = |number| digits(number, if number < 100.0 { 3 } else { 0 });
            table.row([
                floor.what,
                format!("{} {}", floor.direction.sign(), short(floor.bound)),
                short(floor.measured),
                digits(floor.ratio, 2),
                verdict.into(),
            ]);
        }
        table.render_unless_empty()
    }

    fn entropy_text(&self) -> String {
        let mut table = Table::new(&["least on disk", "what", "bits per row", "bytes per value"]);
        for it in &self.entropy {
            table.row([
                it.table.into(),
                it.what.into(),
                digits(it.bits_per_row, 3),
                digits(it.bytes_per_value, 4),
            ]);
        }
        table.render_unless_empty()
    }

    fn disk_text(&self) -> String {
        let mut table = Table::new(&[
            "on disk, settled",
            "values",
            "bytes per value",
            "bytes per row",
            "parts",
            "parts, MiB",
            "log files, MiB",
            "server CPU-s/M rows, settled",
        ]);
        let sustained = self.sustained.iter().map(|it| (", minutes", &it.settled));
        for (how, it) in self.disk.iter().map(|it| ("", it)).chain(sustained) {
            table.row([
                format!("{}{how}", it.table),
                digits(number(it.values), 0),
                digits(it.bytes_per_value, 3),
                digits(it.bytes_per_row, 2),
                digits(number(it.files.part_count), 0),
                digits(mebibytes(it.files.part_bytes), 1),
                digits(mebibytes(it.files.log_bytes), 1),
                digits(it.settled_cpu_s_per_million_rows, 2),
            ]);
        }
        table.render_unless_empty()
    }

    fn peers_text(&self) -> String {
        let mut table = Table::new(&[
            "others, the same rows",
            "store",
            "rows/s",
            "bytes per value",
            "CPU-s/M rows, settled",
            "client CPU-s/M rows",
        ]);
        let known =
            |figure: Option<f64>, after| figure.map_or("–".into(), |it| digits(it, after));
        for it in &self.peers {
            table.row([
                it.table.into(),
                it.name.clone(),
                known(it.rows_per_s, 0),
                digits(it.bytes_per_value, 3),
                known(it.settled_cpu_s_per_million_rows, 2),
                known(it.client_cpu_s_per_million_rows, 2),
            ]);
        }
        table.render_unless_empty()
    }

    fn restart_text(&self) -> String {
        let mut table = Table::new(&[
            "restart after SIGKILL",
            "log, MiB",
            "ready, s",
            "all rows counted, s",
            "peak RSS, MiB",
        ]);
        if let Some(it) = &self.restart {
            let note = if it.was_flushed {
                ", some of them in parts already"
            } else {
                ""
            };
            table.row([
                format!("{} rows unflushed{note}", digits(number(it.log_rows), 0)),
                digits(mebibytes(it.log_bytes), 1),
                digits(it.ready_s, 2),
                digits(it.answered_s, 2),
                digits(mebibytes(it.resident_bytes_max), 0),
            ]);
        }
        table.render_unless_empty()
    }

    fn queries_text(&self) -> String {
        let mut table = Table::new(&["query, warm", "rows", "p50, ms", "p99, ms", "runs"]);
        for it in &self.queries {
            table.row([
                it.name.into(),
                digits(number(it.rows_max as u64), 0),
                digits(it.latency.p50_ms, 2),
                digits(it.latency.p99_ms, 2),
                digits(number(it.latency.count as u64), 0),
            ]);
        }
        table.render_unless_empty()
    }
}
