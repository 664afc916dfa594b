//! The tables of a report that tell of ingest.

use super::Report;
use super::floors::mebibytes;
use super::table::{Table, digits};
use crate::ingest::{IngestFigures, number};
use crate::watch::WatchFigures;

impl Report {
    /// Returns the speeds and latencies.
    pub(super) fn ingest_text(&self) -> String {
        let mut table = Table::new(&[
            "durable ingest",
            "rows",
            "rows/s",
            "values/s",
            "ack p50, ms",
            "ack p99, ms",
            "refusals",
            "bytes per row sent",
            "server CPU-s/M rows",
            "client CPU-s/M rows",
        ]);
        let sustained = self
            .sustained
            .iter()
            .map(|it| (", minutes", &it.figures.ingest));
        let paced = self.pace.iter().map(|it| (", paced", it));
        let soaked = self.soak.iter().map(|it| (", soaked", &it.ingest));
        let once = self.ingest.iter().map(|it| ("", it));
        for (how, it) in once.chain(paced).chain(sustained).chain(soaked) {
            table.row(ingest_row(how, it));
        }
        table.render_unless_empty()
    }

    /// Returns what piled up, or did not, while rows came in.
    pub(super) fn watch_text(&self) -> String {
        let mut table = Table::new(&["over the time", "earlier half", "later half", "most", ""]);
        let sustained = self.sustained.iter().map(|it| &it.figures);
        for it in sustained.chain(&self.soak) {
            rows_of(it, &mut table);
        }
        table.render_unless_empty()
    }
}

fn ingest_row(how: &str, it: &IngestFigures) -> [String; 10] {
    [
        format!(
            "{}{how} ({} × {} × {} rows)",
            it.table, it.connections, it.in_flight, it.rows_per_batch
        ),
        digits(number(it.rows), 0),
        digits(it.rows_per_s, 0),
        digits(it.values_per_s, 0),
        digits(it.ack.p50_ms, 1),
        digits(it.ack.p99_ms, 1),
        digits(number(it.refusals), 0),
        digits(crate::ingest::per(number(it.frame_bytes), it.rows), 1),
        digits(it.server_cpu_s_per_million_rows, 2),
        digits(it.client_cpu_s_per_million_rows, 2),
    ]
}

fn rows_of(it: &WatchFigures, table: &mut Table) {
    for growth in &it.growth {
        let verdict = if growth.grew { "GREW" } else { "did not grow" };
        table.row([
            growth.what.into(),
            digits(growth.earlier, 0),
            digits(growth.later, 0),
            digits(growth.most, 0),
            verdict.into(),
        ]);
    }
    let slowest = digits(it.rows_per_s_slowest, 0);
    table.row([
        format!("slowest 10 s of {} s, rows/s", digits(it.ingest.seconds, 0)),
        slowest,
        String::new(),
        String::new(),
        String::new(),
    ]);
    let bound = it.memory_bytes_max.map_or_else(String::new, |bytes| {
        format!("of {} allowed", digits(mebibytes(bytes), 0))
    });
    table.row([
        "resident memory, MiB".into(),
        String::new(),
        String::new(),
        digits(mebibytes(it.resident_bytes_max), 0),
        bound,
    ]);
}
