//! What is counted about queries.

use std::sync::Arc;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

use crate::Error;
use crate::admission::Admission;
use crate::error::Limit;
use crate::session::Base;

/// The counters; cheap to clone, all clones count together.
#[derive(Debug, Clone)]
pub(crate) struct Metrics {
    ended: Family<OutcomeLabel, Counter>,
    seconds: Histogram,
    rows: Counter,
    bytes: Counter,
    /// Stopped, but still holding a thread.
    pub(crate) stuck: Gauge,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OutcomeLabel {
    outcome: &'static str,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        Self {
            ended: Family::default(),
            seconds: Histogram::new(exponential_buckets(0.001, 4.0, 10)),
            rows: Counter::default(),
            bytes: Counter::default(),
            stuck: Gauge::default(),
        }
    }

    /// Counts a query that has ended.
    #[expect(clippy::cast_precision_loss, reason = "milliseconds of one query")]
    pub(crate) fn end(&self, outcome: &'static str, elapsed_ms: u64) {
        self.ended.get_or_create(&OutcomeLabel { outcome }).inc();
        self.seconds.observe(elapsed_ms as f64 / 1e3);
    }

    /// Counts what was returned.
    pub(crate) fn returned(&self, rows: u64, bytes: u64) {
        self.rows.inc_by(rows);
        self.bytes.inc_by(bytes);
    }

    /// Shows the counters and the present numbers under `pga_query_…`.
    pub(crate) fn register(
        &self,
        registry: &mut Registry,
        admission: Arc<Admission>,
        base: Arc<Base>,
    ) {
        let registry = registry.sub_registry_with_prefix("pga_query");
        registry.register(
            "ended",
            "Queries that ended, by outcome",
            self.ended.clone(),
        );
        registry.register_with_unit(
            "duration",
            "Time from request to the last row",
            Unit::Seconds,
            self.seconds.clone(),
        );
        registry.register("returned_rows", "Rows returned", self.rows.clone());
        registry.register(
            "returned_bytes",
            "Bytes of encoded results",
            self.bytes.clone(),
        );
        registry.register(
            "stuck_queries",
            "Queries that were stopped and still hold a thread",
            self.stuck.clone(),
        );
        registry.register_collector(Box::new(Present { admission, base }));
    }
}

/// Returns the label that an error is counted under.
pub(crate) fn outcome(error: &Error) -> &'static str {
    match error {
        Error::Timeout { .. } => "timeout",
        Error::Cancelled => "cancelled",
        Error::Limit {
            limit: Limit::Memory | Limit::QueryMemory,
            ..
        } => "memory",
        Error::Limit { .. } => "limit",
        Error::Busy { .. } => "busy",
        Error::Closing => "closing",
        Error::Store { .. } => "store",
        Error::Internal { .. } => "internal",
        _ => "invalid",
    }
}

#[derive(Debug)]
struct Present {
    admission: Arc<Admission>,
    base: Arc<Base>,
}

impl Collector for Present {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        let gauges = [
            (
                "running_queries",
                "Queries that run",
                self.admission.running(),
            ),
            (
                "waiting_queries",
                "Queries that wait for a place",
                self.admission.waiting(),
            ),
            (
                "memory_bytes",
                "Memory that queries hold",
                self.base.memory_bytes(),
            ),
        ];
        for (name, help, value) in gauges {
            let gauge = ConstGauge::<u64>::new(value as u64);
            let metric = encoder.encode_descriptor(name, help, None, gauge.metric_type())?;
            gauge.encode(metric)?;
        }
        Ok(())
    }
}
