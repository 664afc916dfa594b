//! What is there once the store is open: the parts that every door uses.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use engine::Engine;
use ingest::Listener;
use parking_lot::Mutex;
use platform::{Clock, Entropy};
use prometheus_client::registry::Registry;
use query::QueryEngine;
use schema::Timestamp;
use tokio::task::JoinHandle;
use tokio_util::task::TaskTracker;

use crate::addresses::Addresses;
use crate::archive::Archiving;
use crate::identity::Authority;
use crate::sightings::Sightings;

/// The open store and what stands around it.
pub(crate) struct Core {
    /// The store.
    pub(crate) engine: Engine,
    /// SQL over it.
    pub(crate) query: QueryEngine,
    /// Who signs certificates.
    pub(crate) authority: Arc<Authority>,
    /// Where this server is reached.
    pub(crate) addresses: Addresses,
    /// Randomness for tokens.
    pub(crate) entropy: Arc<dyn Entropy>,
    /// The time.
    pub(crate) clock: Arc<dyn Clock>,
    /// When collectors were last heard of.
    pub(crate) sightings: Arc<Sightings>,
    /// How much one batch may hold.
    pub(crate) limits: wire::Limits,
    /// The largest body of a request after decompression.
    pub(crate) body_bytes_max: usize,
    /// The object store, where one is set.
    pub(crate) archive: Option<Arc<Archiving>>,
    /// The collectors' door, until the server stops.
    pub(crate) listener: Mutex<Option<Listener>>,
    /// Everything countable.
    pub(crate) registry: Registry,
    /// Background work that the server waits for when it stops.
    pub(crate) tasks: TaskTracker,
    /// Whether the server is on its way down.
    pub(crate) stopping: AtomicBool,
}

impl Core {
    /// Returns the time.
    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::from_nanos(self.clock.now().0)
    }

    /// Tells whether the server is on its way down.
    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }

    /// Closes the connections of a collector that was revoked.
    pub(crate) fn disconnect(&self, collector: &str) {
        if let Some(listener) = self.listener.lock().as_ref() {
            listener.disconnect(collector);
        }
    }

    /// Runs blocking work on a thread of its own; the server waits for it when it stops.
    pub(crate) fn spawn_blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> JoinHandle<T> {
        self.tasks.spawn_blocking(work)
    }

    /// Returns every metric in Prometheus' text format.
    ///
    /// # Errors
    /// When a metric cannot be written as text.
    pub(crate) fn render_metrics(&self) -> Result<String, fmt::Error> {
        // Positions and sizes are gauges that the store sets when it is asked how it is.
        self.engine.status();
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

impl fmt::Debug for Core {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Core")
            .field("addresses", &self.addresses)
            .finish_non_exhaustive()
    }
}
