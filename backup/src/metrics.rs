//! What can be watched of backups and the archive.

use std::sync::atomic::AtomicU64;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

/// The metrics of this crate, shared by archiver and backups.
#[derive(Debug, Default)]
pub struct Metrics {
    /// Bytes of the log that are durable here and not archived.
    pub(crate) archive_lag_bytes: Gauge,
    /// How long the archive has been behind the log.
    pub(crate) archive_lag_seconds: Gauge<f64, AtomicU64>,
    /// The position before which everything is archived.
    pub(crate) archived_lsn: Gauge,
    /// Bytes of the log that were shipped, beginnings of segments included.
    pub(crate) archived_bytes: Counter,
    /// Shipments that were not stored.
    pub(crate) archive_failures: Counter,
    /// Backups that were completed.
    pub(crate) backups: Counter,
    /// Bytes that backups had to store.
    pub(crate) backup_bytes: Counter,
    /// When the newest backup was begun, in seconds since 1970.
    pub(crate) backup_time_seconds: Gauge,
}

impl Metrics {
    /// Registers the metrics.
    pub fn register(&self, registry: &mut Registry) {
        let lag = "Log that is durable here and not archived yet";
        registry.register_with_unit(
            "pga_backup_archive_lag",
            lag,
            Unit::Bytes,
            self.archive_lag_bytes.clone(),
        );
        registry.register_with_unit(
            "pga_backup_archive_lag",
            "How long the archive has been behind the log",
            Unit::Seconds,
            self.archive_lag_seconds.clone(),
        );
        registry.register(
            "pga_backup_archived_lsn",
            "Position before which the log is archived",
            self.archived_lsn.clone(),
        );
        registry.register(
            "pga_backup_archived_bytes",
            "Bytes of the log shipped to the repository",
            self.archived_bytes.clone(),
        );
        registry.register(
            "pga_backup_archive_failures",
            "Shipments of the log that were not stored",
            self.archive_failures.clone(),
        );
        registry.register(
            "pga_backup_backups",
            "Backups completed",
            self.backups.clone(),
        );
        registry.register(
            "pga_backup_stored_bytes",
            "Bytes that backups had to store",
            self.backup_bytes.clone(),
        );
        registry.register_with_unit(
            "pga_backup_newest",
            "When the newest backup was begun, since 1970",
            Unit::Seconds,
            self.backup_time_seconds.clone(),
        );
    }
}

#[cfg(test)]
mod tests {
    use prometheus_client::encoding::text::encode;
    use prometheus_client::registry::Registry;

    use super::Metrics;

    #[test]
    fn every_metric_is_exported_under_its_name() {
        let (mut registry, mut text) = (Registry::default(), String::new());
        Metrics::default().register(&mut registry);
        encode(&mut text, &registry).unwrap();
        for name in [
            "pga_backup_archive_lag_bytes",
            "pga_backup_archive_lag_seconds",
            "pga_backup_archived_lsn",
            "pga_backup_archived_bytes_total",
            "pga_backup_archive_failures_total",
            "pga_backup_backups_total",
            "pga_backup_stored_bytes_total",
            "pga_backup_newest_seconds",
        ] {
            assert!(text.contains(&format!("\n{name} ")), "{name} in {text}");
        }
    }
}
