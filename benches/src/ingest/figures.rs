//! What was measured of an ingest.

use std::time::Duration;

use serde::Serialize;

use super::{IngestSettings, Tally};
use crate::generate::DataSet;
use crate::latency::Latency;

/// Speed and cost of a durable ingest.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct IngestFigures {
    /// The table.
    pub(crate) table: &'static str,
    /// Rows sent and acked.
    pub(crate) rows: u64,
    /// Values: rows times fields; tags and times are not counted.
    pub(crate) values: u64,
    /// Bytes of the frames that were sent.
    pub(crate) frame_bytes: u64,
    /// Connections at once.
    pub(crate) connections: u32,
    /// Rows of a batch.
    pub(crate) rows_per_batch: usize,
    /// Batches under way on each connection.
    pub(crate) in_flight: usize,
    /// How often sending stopped, uncounted, for more batches to be built; 1 is without a stop.
    pub(crate) slices: u32,
    /// From the first batch that was sent to the last that was acked.
    pub(crate) seconds: f64,
    /// Rows acked a second.
    pub(crate) rows_per_s: f64,
    /// Values acked a second.
    pub(crate) values_per_s: f64,
    /// From sending a batch to its ack, waiting because the server had no room included.
    pub(crate) ack: Latency,
    /// How often the server had no room.
    pub(crate) refusals: u64,
    /// Processor time of the server until the last ack, for a million rows.
    pub(crate) server_cpu_s_per_million_rows: f64,
    /// Processor time of this program meanwhile, for a million rows.
    pub(crate) client_cpu_s_per_million_rows: f64,
}

/// What was sent so far.
#[derive(Debug, Default)]
pub(super) struct Sent {
    pub(super) acks: Vec<Duration>,
    pub(super) bytes: u64,
    pub(super) refusals: u64,
    pub(super) slices: u32,
    pub(super) elapsed: Duration,
    pub(super) server_cpu: Duration,
    pub(super) client_cpu: Duration,
}

impl Sent {
    /// Adds what was sent by another connection, or after this.
    pub(super) fn add(&mut self, mut other: Self) {
        self.acks.append(&mut other.acks);
        self.bytes += other.bytes;
        self.refusals += other.refusals;
        self.slices += other.slices;
        self.elapsed += other.elapsed;
        self.server_cpu += other.server_cpu;
        self.client_cpu += other.client_cpu;
    }
}

impl IngestFigures {
    /// Returns the figures of what was sent.
    pub(super) fn new(
        data_set: DataSet,
        settings: &IngestSettings,
        tally: &Tally,
        sent: Sent,
    ) -> Self {
        let rows = tally.rows();
        let values = rows * data_set.field_count();
        let seconds = sent.elapsed.as_secs_f64();
        let per_million = |cpu: Duration| per(cpu.as_secs_f64() * 1e6, rows);
        Self {
            table: data_set.table(),
            rows,
            values,
            frame_bytes: sent.bytes,
            connections: settings.connections,
            rows_per_batch: settings.rows_per_batch,
            in_flight: settings.in_flight,
            slices: sent.slices,
            seconds,
            rows_per_s: number(rows) / seconds.max(f64::MIN_POSITIVE),
            values_per_s: number(values) / seconds.max(f64::MIN_POSITIVE),
            ack: Latency::of(sent.acks),
            refusals: sent.refusals,
            server_cpu_s_per_million_rows: per_million(sent.server_cpu),
            client_cpu_s_per_million_rows: per_million(sent.client_cpu),
        }
    }
}

/// Returns an amount for each of so many things, 0 of none.
pub(crate) fn per(amount: f64, count: u64) -> f64 {
    if count == 0 {
        0.0
    } else {
        amount / number(count)
    }
}

/// Returns a count as a number to divide by.
#[expect(
    clippy::cast_precision_loss,
    reason = "counts of rows and bytes are far below 2^53"
)]
pub(crate) fn number(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate::{CpuShape, Share};

    #[test]
    fn rates_are_of_rows_and_of_ten_values_each() {
        let data_set = DataSet::Cpu(CpuShape::of_hours(1, 10, 1));
        let mut tally = Tally::new(data_set);
        tally.add_table(&data_set.rows(Share::WHOLE).next_table(1_000).unwrap());
        let settings = IngestSettings {
            connections: 1,
            rows_per_batch: 1_000,
            in_flight: 1,
            slice_bytes: 1,
        };
        let mut sent = Sent::default();
        for _ in 0..2 {
            sent.add(Sent {
                elapsed: Duration::from_millis(250),
                server_cpu: Duration::from_millis(1),
                slices: 1,
                ..Sent::default()
            });
        }
        let figures = IngestFigures::new(data_set, &settings, &tally, sent);
        assert_eq!(
            (figures.rows_per_s, figures.values_per_s),
            (2_000.0, 20_000.0)
        );
        assert!((figures.server_cpu_s_per_million_rows - 2.0).abs() < 1e-9);
        assert_eq!(figures.slices, 2);
    }
}
