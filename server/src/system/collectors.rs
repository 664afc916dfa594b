//! `system.collectors`: every registered collector and what was last heard of it.

use std::sync::Arc;

use async_trait::async_trait;
use engine::{CollectorRecord, Engine};
use platform::Clock;
use query::{Cell, CellType, SystemSource};
use schema::Timestamp;

use crate::sightings::{Sightings, lag_s, state};

/// The catalogue's collectors beside their sightings.
#[derive(Debug)]
pub(crate) struct Collectors {
    pub(crate) engine: Engine,
    pub(crate) sightings: Arc<Sightings>,
    pub(crate) clock: Arc<dyn Clock>,
}

#[async_trait]
impl SystemSource for Collectors {
    fn name(&self) -> &'static str {
        "collectors"
    }

    fn columns(&self) -> &'static [(&'static str, CellType)] {
        &[
            ("name", CellType::Text),
            ("instances", CellType::Text),
            ("state", CellType::Text),
            ("created", CellType::Time),
            ("last_seen", CellType::Time),
            ("address", CellType::Text),
            ("version", CellType::Text),
            ("lag_s", CellType::Number),
            ("buffered_bytes", CellType::Count),
            ("buffered_batches", CellType::Count),
            ("dropped_batches", CellType::Count),
            ("skipped_ticks", CellType::Count),
        ]
    }

    async fn rows(&self) -> Result<Vec<Vec<Cell>>, String> {
        let now = Timestamp::from_nanos(self.clock.now().0);
        let catalogue = self.engine.catalogue();
        let rows = catalogue.collectors().map(|record| self.row(record, now));
        Ok(rows.collect())
    }
}

impl Collectors {
    fn row(&self, record: &CollectorRecord, now: Timestamp) -> Vec<Cell> {
        let seen = self.sightings.of(record.name.as_str());
        let seen = seen.as_ref();
        let status = seen.map(|sighting| sighting.status);
        let instances: Vec<&str> = record.instances.iter().map(|i| i.0.as_str()).collect();
        vec![
            Cell::Text(Some(record.name.to_string())),
            Cell::Text(Some(instances.join(", "))),
            Cell::Text(Some(state(record).to_owned())),
            Cell::Time(Some(record.created)),
            Cell::Time(seen.map(|sighting| sighting.last_seen)),
            Cell::Text(seen.map(|sighting| sighting.remote.clone())),
            Cell::Text(seen.map(|sighting| sighting.version.clone())),
            Cell::Number(status.map(|status| lag_s(now, status.oldest_time))),
            Cell::Count(status.map(|status| status.buffered_bytes)),
            Cell::Count(status.map(|status| status.buffered_batches)),
            Cell::Count(status.map(|status| status.dropped_batches)),
            Cell::Count(status.map(|status| status.skipped_ticks)),
        ]
    }
}
