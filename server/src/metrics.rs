//! What the HTTP door counts.

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// The metrics of this crate; a clone counts into the same numbers.
#[derive(Debug, Clone, Default)]
pub(crate) struct Metrics {
    pub(crate) http_connections: Gauge,
    http_closed: Family<[(&'static str, &'static str); 1], Counter>,
}

/// Why a connection was closed or is not served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Closed {
    /// Idle, while another wanted its place.
    Idle,
    /// No request came in time, or none any more.
    Slow,
    /// All places are busy: only probes are answered.
    Full,
    /// TLS failed, or took too long.
    Handshake,
    /// The client did not take its answer.
    Unread,
}

impl Metrics {
    /// Adds the metrics to a registry.
    pub(crate) fn register(&self, registry: &mut Registry) {
        registry.register(
            "pga_server_http_connections",
            "HTTP connections that are open, of http.connections_max",
            self.http_connections.clone(),
        );
        registry.register(
            "pga_server_http_connections_closed",
            "HTTP connections that the server closed or does not serve, by reason",
            self.http_closed.clone(),
        );
    }

    pub(crate) fn count_http_closed(&self, reason: Closed) {
        let name = match reason {
            Closed::Idle => "idle",
            Closed::Slow => "slow",
            Closed::Full => "full",
            Closed::Unread => "unread",
            Closed::Handshake => "handshake",
        };
        self.http_closed.get_or_create(&[("reason", name)]).inc();
    }
}
