//! Collectors: which names are enrolled, and what each may write.

use schema::{CollectorName, InstancePattern, Timestamp};
use serde::{Deserialize, Serialize};

/// A collector as it was registered and enrolled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CollectorRecord {
    /// Its name.
    pub name: CollectorName,
    /// The instances that it may write; none covers nothing.
    pub instances: Vec<InstancePattern>,
    /// SHA-256 of its client certificate, once it is enrolled.
    pub certificate_sha256: Option<[u8; 32]>,
    /// SHA-256 of its public key, once it is enrolled.
    pub public_key_sha256: Option<[u8; 32]>,
    /// When it was registered.
    pub created: Timestamp,
    /// Whether it was revoked.
    pub revoked: bool,
}

impl CollectorRecord {
    /// Tells whether the collector may write rows of this instance.
    pub fn may_write(&self, instance: &str) -> bool {
        !self.revoked
            && self
                .instances
                .iter()
                .any(|pattern| pattern.covers(instance))
    }
}
