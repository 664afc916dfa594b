//! When each collector was last heard of, and how it was; in memory only.

use std::collections::BTreeMap;
use std::time::Duration;

use engine::CollectorRecord;
use parking_lot::Mutex;
use schema::Timestamp;
use wire::v1::Status;

/// What was last heard of a collector.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sighting {
    /// When.
    pub(crate) last_seen: Timestamp,
    /// From where.
    pub(crate) remote: String,
    /// The version of its program.
    pub(crate) version: String,
    /// Its own account of itself.
    pub(crate) status: Status,
}

/// The last sighting of every collector; bounded by the collectors that are registered.
#[derive(Debug, Default)]
pub(crate) struct Sightings {
    by_name: Mutex<BTreeMap<String, Sighting>>,
}

impl Sightings {
    /// Notes something about a collector.
    pub(crate) fn note(&self, name: &str, change: impl FnOnce(&mut Sighting)) {
        change(self.by_name.lock().entry(name.to_owned()).or_default());
    }

    /// Returns the last sighting of a collector.
    pub(crate) fn of(&self, name: &str) -> Option<Sighting> {
        self.by_name.lock().get(name).cloned()
    }
}

/// Returns how far a collector got in becoming one.
pub(crate) const fn state(record: &CollectorRecord) -> &'static str {
    match (record.revoked, record.certificate_sha256) {
        (true, _) => "revoked",
        (false, None) => "registered",
        (false, Some(_)) => "enrolled",
    }
}

/// Returns the age of the oldest batch that has not come yet, in seconds; 0 when none is waiting.
pub(crate) fn lag_s(now: Timestamp, oldest_time: i64) -> f64 {
    if oldest_time == 0 {
        return 0.0;
    }
    let nanos = now.nanos().saturating_sub(oldest_time).max(0);
    Duration::from_nanos(nanos.unsigned_abs()).as_secs_f64()
}
