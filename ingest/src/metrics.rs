//! What the doors count.

use std::sync::atomic::AtomicU64;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;
use wire::v1::RefusalCode;

use crate::sink::{Committed, Refused};

/// The metrics of this crate; a clone counts into the same numbers.
#[derive(Debug, Clone)]
pub struct Metrics {
    pub(crate) connections: Gauge,
    pub(crate) newcomers: Gauge,
    pub(crate) window_bytes: Gauge,
    pub(crate) assembly_bytes: Gauge,
    pub(crate) commit_seconds: Histogram,
    turned_away: Family<Labels, Counter>,
    batches: Family<Labels, Counter>,
    batch_bytes: Counter<u64, AtomicU64>,
    rows: Family<Labels, Counter>,
}

type Labels = [(&'static str, &'static str); 1];

/// Where rows came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    /// Batches over QUIC.
    Quic,
    /// Line protocol.
    Line,
    /// JSON batches.
    Json,
    /// Prometheus remote write.
    RemoteWrite,
}

/// Why a connection was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TurnedAway {
    /// There are `connections_max`.
    Full,
    /// One name has as many as it may.
    Name,
    /// So many are greeting or closing that not even a reason can be given.
    Crowd,
    /// TLS or the greeting failed, or took too long.
    Handshake,
    /// It had not greeted while others waited to.
    Silent,
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            connections: Gauge::default(),
            newcomers: Gauge::default(),
            window_bytes: Gauge::default(),
            assembly_bytes: Gauge::default(),
            // From a quarter of a millisecond to eight seconds.
            commit_seconds: Histogram::new(exponential_buckets(0.000_25, 2.0, 16)),
            turned_away: Family::default(),
            batches: Family::default(),
            batch_bytes: Counter::default(),
            rows: Family::default(),
        }
    }
}

impl Metrics {
    /// Adds the metrics to a registry.
    pub fn register(&self, registry: &mut Registry) {
        registry.register(
            "pga_ingest_connections",
            "QUIC connections that are open",
            self.connections.clone(),
        );
        registry.register(
            "pga_ingest_newcomers",
            "QUIC connections that were not welcomed yet",
            self.newcomers.clone(),
        );
        registry.register(
            "pga_ingest_window_bytes",
            "Bytes lent to QUIC connections that send much, of windows_bytes_max",
            self.window_bytes.clone(),
        );
        registry.register(
            "pga_ingest_assembly_bytes",
            "Bytes set aside for batches that are arriving or being committed",
            self.assembly_bytes.clone(),
        );
        registry.register(
            "pga_ingest_commit_seconds",
            "From the last byte of a batch to its outcome",
            self.commit_seconds.clone(),
        );
        registry.register(
            "pga_ingest_connections_turned_away",
            "QUIC connections that were not taken, by reason",
            self.turned_away.clone(),
        );
        registry.register(
            "pga_ingest_batches",
            "Batches over QUIC that were decided by the store, by outcome",
            self.batches.clone(),
        );
        registry.register(
            "pga_ingest_batch_bytes",
            "Bytes of batches over QUIC that were handed to the store",
            self.batch_bytes.clone(),
        );
        registry.register(
            "pga_ingest_rows",
            "Rows handed to the store, by door",
            self.rows.clone(),
        );
    }

    /// Counts rows that a door hands to the store.
    pub fn count_rows(&self, door: Door, rows: usize) {
        let name = match door {
            Door::Quic => "quic",
            Door::Line => "line",
            Door::Json => "json",
            Door::RemoteWrite => "remote_write",
        };
        let counter = self.rows.get_or_create(&[("door", name)]);
        counter.inc_by(rows as u64);
    }

    pub(crate) fn count_batch_bytes(&self, bytes: usize) {
        self.batch_bytes.inc_by(bytes as u64);
    }

    pub(crate) fn count_outcome(&self, outcome: &Result<Committed, Refused>) {
        let name = match outcome {
            Ok(committed) if committed.duplicate => "duplicate",
            Ok(_) => "stored",
            Err(refused) => match wire::v1::Refusal::from(refused.clone()).code {
                RefusalCode::Invalid => "invalid",
                RefusalCode::Denied => "denied",
                RefusalCode::Overloaded => "overloaded",
                RefusalCode::Unavailable => "unavailable",
                RefusalCode::Unknown => "unknown",
            },
        };
        self.batches.get_or_create(&[("outcome", name)]).inc();
    }

    pub(crate) fn count_turned_away(&self, reason: TurnedAway) {
        let name = match reason {
            TurnedAway::Full => "full",
            TurnedAway::Name => "name",
            TurnedAway::Crowd => "crowd",
            TurnedAway::Handshake => "handshake",
            TurnedAway::Silent => "silent",
        };
        self.turned_away.get_or_create(&[("reason", name)]).inc();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_counted_is_shown() {
        let (metrics, mut registry) = (Metrics::default(), Registry::default());
        metrics.register(&mut registry);
        metrics.count_rows(Door::Line, 3);
        metrics.count_turned_away(TurnedAway::Full);
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
        assert!(
            text.contains("pga_ingest_rows_total{door=\"line\"} 3"),
            "{text}"
        );
        assert!(text.contains("pga_ingest_connections_turned_away_total{reason=\"full\"} 1"));
    }
}
