//! The query engine: the one door to SQL.

use std::sync::Arc;
use std::time::Duration;

use prometheus_client::registry::Registry as MetricsRegistry;

use crate::admission::Admission;
use crate::environment::{Environment, Now, ThreadStart};
use crate::metrics::Metrics;
use crate::registry::{Registry, Stop};
use crate::run::{self, Answer, Request, Shared};
use crate::runtime::Runtimes;
use crate::session::Base;
use crate::store::{EngineStore, Store};
use crate::system::{self, SystemTable};
use crate::{Error, Settings};

/// Answers SQL over the store, on threads of its own.
///
/// Clones share everything. The threads end with [`QueryEngine::shutdown`], or without waiting when
/// the last clone is dropped.
#[derive(Debug, Clone)]
pub struct QueryEngine {
    pub(crate) shared: Arc<Shared>,
    runtimes: Arc<Runtimes>,
}

impl QueryEngine {
    /// Starts the threads over an engine.
    ///
    /// # Errors
    /// [`Error::Internal`] when threads or DataFusion's own defaults are refused.
    pub fn new(environment: Environment, settings: Settings) -> Result<Self, Error> {
        let Environment {
            engine,
            now,
            thread_start,
            system,
        } = environment;
        let store = Arc::new(EngineStore::new(engine));
        let system = system::foreign(&system);
        Self::over(store, now, thread_start, system, settings)
    }

    pub(crate) fn over(
        store: Arc<dyn Store>,
        now: Now,
        thread_start: ThreadStart,
        system: Vec<Arc<dyn SystemTable>>,
        settings: Settings,
    ) -> Result<Self, Error> {
        let settings = settings.checked();
        let base = Base::new(&settings).map_err(|error| Error::internal(error.to_string()))?;
        let runtimes = Runtimes::new(&settings, thread_start)?;
        let shared = Shared {
            admission: Arc::new(Admission::new(&settings)),
            registry: Arc::new(Registry::new(now)),
            base: Arc::new(base),
            metrics: Metrics::new(),
            store,
            system,
            settings,
        };
        Ok(Self {
            shared: Arc::new(shared),
            runtimes: Arc::new(runtimes),
        })
    }

    /// Runs a query and returns once its first bytes are there.
    ///
    /// Cancel-safe: a query whose caller goes away is stopped.
    ///
    /// # Errors
    /// Whatever is wrong before the first byte; what fails later is an item of the body.
    pub async fn run(&self, request: Request) -> Result<Answer, Error> {
        run::run(&self.shared, &self.runtimes, request).await
    }

    /// Stops a query by its id.
    ///
    /// # Errors
    /// [`Error::NoSuchQuery`] when none of that id runs or waits.
    pub fn cancel(&self, id: &str) -> Result<(), Error> {
        self.shared.registry.cancel(id)
    }

    /// Returns the settings in force.
    pub fn settings(&self) -> &Settings {
        &self.shared.settings
    }

    /// Shows the counters under `pga_query_…`.
    pub fn register_metrics(&self, registry: &mut MetricsRegistry) {
        self.shared.metrics.register(
            registry,
            Arc::clone(&self.shared.admission),
            Arc::clone(&self.shared.base),
        );
    }

    /// Refuses new queries, stops those that run, and joins the threads; those that do not notice in
    /// time are left behind.
    pub async fn shutdown(&self, patience: Duration) {
        self.shared.admission.close();
        for query in self.shared.registry.running() {
            query.stop(Stop::Closing);
        }
        self.runtimes.shutdown(patience).await;
    }
}
