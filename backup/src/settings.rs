//! What an operator can set about backups.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::Deserialize;

/// How the repository is reached and how hard it is worked.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Longest time between two shipments of the open log segment, in milliseconds.
    ///
    /// Default 5 000, at least 10. It bounds what is lost with the whole machine; each shipment
    /// costs one request.
    pub archive_interval_ms: u64,
    /// Bytes of the open segment from which on it is closed instead of shipped in part.
    ///
    /// Default 4 MiB. A part of a segment is shipped again with the next, so a larger value means
    /// fewer segments and more bytes sent.
    pub partial_bytes_max: u64,
    /// Objects moved at the same time by one backup, restore or verification.
    ///
    /// Default 4, from 1 to 64. Each holds up to two chunks in memory.
    pub transfers_max: usize,
    /// Bytes of a file held in memory at a time while it is moved.
    ///
    /// Default 8 MiB, at least 5 MiB, which S3 demands of the pieces of an upload.
    pub chunk_bytes: usize,
    /// Longest wait for one answer of the object store, in milliseconds.
    ///
    /// Default 60 000, at least 1.
    pub request_timeout_ms: u64,
    /// How often a request is made before its failure is reported.
    ///
    /// Default 5, at least 1. The archiver itself never gives up.
    pub attempts_max: u32,
    /// The wait after a first failure, doubled after each further one, in milliseconds.
    ///
    /// Default 100.
    pub backoff_ms: u64,
    /// The longest wait after a failure, in milliseconds.
    ///
    /// Default 15 000.
    pub backoff_ms_max: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            archive_interval_ms: 5_000,
            partial_bytes_max: 4 << 20,
            transfers_max: 4,
            chunk_bytes: 8 << 20,
            request_timeout_ms: 60_000,
            attempts_max: 5,
            backoff_ms: 100,
            backoff_ms_max: 15_000,
        }
    }
}

impl Settings {
    /// Returns the same with every value moved into its range.
    #[must_use]
    pub fn clamped(mut self) -> Self {
        self.archive_interval_ms = self.archive_interval_ms.max(10);
        self.transfers_max = self.transfers_max.clamp(1, 64);
        self.chunk_bytes = self.chunk_bytes.max(CHUNK_BYTES_MIN);
        self.request_timeout_ms = self.request_timeout_ms.max(1);
        self.attempts_max = self.attempts_max.max(1);
        self
    }

    /// Returns the wait after this many failures in a row, 1 for the first.
    pub(crate) fn backoff(&self, failures: u32) -> Duration {
        let doublings = failures.saturating_sub(1).min(16);
        let wait_ms = self.backoff_ms.saturating_mul(1 << doublings);
        Duration::from_millis(wait_ms.min(self.backoff_ms_max))
    }

    pub(crate) const fn request_timeout(&self) -> Duration {
        Duration::from_millis(self.request_timeout_ms)
    }

    pub(crate) const fn archive_interval(&self) -> Duration {
        Duration::from_millis(self.archive_interval_ms)
    }
}

/// What an object store needs beyond its URL; where nothing is given, the usual environment rules.
///
/// Keys are those of `object_store` (`aws_access_key_id`, `aws_region`, `azure_storage_account_key`,
/// `google_service_account`, …). Values may be secrets and are never printed.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct StoreOptions {
    /// The address of a compatible store, as `http://127.0.0.1:9000`; plain `http` is then allowed.
    pub endpoint: Option<String>,
    /// Settings of the store's client by their names.
    pub values: BTreeMap<String, String>,
}

impl fmt::Debug for StoreOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoreOptions")
            .field("endpoint", &self.endpoint)
            .field("values", &self.values.keys())
            .finish()
    }
}

/// The smallest piece of a multipart upload that S3 takes, but for the last.
const CHUNK_BYTES_MIN: usize = 5 << 20;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Settings, StoreOptions};

    #[test]
    fn a_wait_doubles_up_to_its_limit() {
        let settings = Settings {
            backoff_ms: 100,
            backoff_ms_max: 1_000,
            ..Settings::default()
        };
        let waits = [1, 2, 3, 4, 5, u32::MAX].map(|failures| settings.backoff(failures));
        assert_eq!(
            waits,
            [100, 200, 400, 800, 1_000, 1_000].map(Duration::from_millis)
        );
    }

    #[test]
    fn debug_of_options_keeps_their_values_to_itself() {
        let mut options = StoreOptions::default();
        options
            .values
            .insert("aws_secret_access_key".into(), "hush".into());
        let text = format!("{options:?}");
        assert!(
            text.contains("aws_secret_access_key") && !text.contains("hush"),
            "{text}"
        );
    }
}
