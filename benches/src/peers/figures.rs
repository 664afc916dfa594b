//! What was measured of another store.

use serde::Serialize;

/// Another store on one data set.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct PeerFigures {
    /// Which store, with its version.
    pub(crate) name: String,
    /// The data set.
    pub(crate) table: &'static str,
    /// Rows that it counted after taking them.
    pub(crate) rows: u64,
    /// Rows taken a second, where it was sent them as a server.
    pub(crate) rows_per_s: Option<f64>,
    /// Processor time until it had settled, for a million rows, where that could be told.
    pub(crate) settled_cpu_s_per_million_rows: Option<f64>,
    /// Processor time of this program meanwhile, for a million rows.
    pub(crate) client_cpu_s_per_million_rows: Option<f64>,
    /// Bytes on disk, settled.
    pub(crate) bytes: u64,
    /// Those for each value: rows times fields.
    pub(crate) bytes_per_value: f64,
}

/// The name of VictoriaMetrics in figures.
pub(crate) const VICTORIA: &str = "VictoriaMetrics";
/// The name of ClickHouse in figures.
pub(super) const CLICKHOUSE: &str = "ClickHouse";

impl PeerFigures {
    /// Tells whether these are of a store.
    pub(crate) fn is_of(&self, store: &str) -> bool {
        self.name.starts_with(store)
    }
}
