//! The session that a query plans and runs in: made from one prepared base, thrown away afterwards.
//!
//! ```text
//!   Base (functions, rules, settings) ── clone ──▶ SessionState + catalogue over one View
//!                                                  TaskContext  + memory pool of the query
//! ```
//! Nothing of a query outlives it, so no statement can change what the next one sees.
//! Q-1: the base has no file formats, no table factories and no object store, not even for `file://`.
//! S-1: spilling is off, since DataFusion's spill files are not sealed.

mod pool;

use std::collections::HashMap;
use std::num::NonZero;
use std::sync::Arc;

use datafusion::catalog::CatalogProviderList;
use datafusion::common::DataFusionError;
use datafusion::common::config::Dialect;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::{GreedyMemoryPool, MemoryPool, TrackConsumersPool};
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::execution::{SessionState, SessionStateBuilder, TaskContext};
use datafusion::prelude::SessionConfig;

use crate::store::Tables;
use crate::{Settings, functions};

pub(crate) use pool::{QueryPool, SHARED_POOL};

/// What all sessions have in common.
#[derive(Debug)]
pub(crate) struct Base {
    state: SessionState,
    runtime: Arc<RuntimeEnv>,
    memory: Arc<GreedyMemoryPool>,
    memory_bytes_max: usize,
    query_memory_bytes_max: usize,
}

/// One query's session.
#[derive(Debug)]
pub(crate) struct Session {
    /// Plans with it.
    pub(crate) state: SessionState,
    /// Runs with it; holds the query's memory pool.
    pub(crate) context: Arc<TaskContext>,
}

impl Base {
    /// Returns the base for these settings.
    ///
    /// # Errors
    /// When DataFusion refuses its own defaults.
    pub(crate) fn new(settings: &Settings) -> Result<Self, DataFusionError> {
        let runtime = closed_runtime()?;
        let mut state = SessionStateBuilder::new_with_default_features()
            .with_config(config(settings))
            .with_runtime_env(Arc::clone(&runtime))
            .with_file_formats(Vec::new())
            .with_table_factories(HashMap::new())
            .build();
        functions::install(&mut state)?;
        Ok(Self {
            state,
            runtime,
            memory: Arc::new(GreedyMemoryPool::new(settings.memory_bytes_max)),
            memory_bytes_max: settings.memory_bytes_max,
            query_memory_bytes_max: settings.query_memory_bytes_max,
        })
    }

    /// Opens a session over a catalogue; `place` is dropped when nothing of the query is left.
    ///
    /// # Errors
    /// When DataFusion cannot make the runtime environment.
    pub(crate) fn open(
        &self,
        catalogues: Arc<dyn CatalogProviderList>,
        tables: Arc<dyn Tables>,
        place: Box<dyn Send + Sync>,
    ) -> Result<Session, DataFusionError> {
        let pool = QueryPool::new(
            Arc::clone(&self.memory),
            self.memory_bytes_max,
            self.query_memory_bytes_max,
            place,
        );
        let runtime = RuntimeEnvBuilder::from_runtime_env(&self.runtime)
            .with_memory_pool(Arc::new(TrackConsumersPool::new(pool, TOP_CONSUMERS)))
            .build_arc()?;
        let mut state = self.state.clone();
        state.register_catalog_list(catalogues);
        let latest = functions::Latest::new(tables, &runtime.memory_pool);
        state.register_udtf(LATEST, Arc::new(latest));
        // now() is one moment throughout a query.
        state.mark_start_execution();
        let context = TaskContext::from(&state).with_runtime(runtime);
        Ok(Session {
            state,
            context: Arc::new(context),
        })
    }

    /// Returns the memory that all queries hold together, in bytes.
    pub(crate) fn memory_bytes(&self) -> usize {
        self.memory.reserved()
    }
}

fn config(settings: &Settings) -> SessionConfig {
    let mut config = SessionConfig::new()
        .with_default_catalog_and_schema(CATALOGUE, PUBLIC_SCHEMA)
        .with_create_default_catalog_and_schema(false)
        .with_information_schema(true)
        .with_target_partitions(settings.threads)
        .with_batch_size(settings.batch_rows);
    let options = config.options_mut();
    options.sql_parser.dialect = Dialect::PostgreSQL;
    options.sql_parser.collect_spans = true;
    options.execution.time_zone = Some("UTC".into());
    // Read ahead by at most this much per partition, not by the default of 1 GiB (E-3).
    options.execution.sort_pushdown_buffer_capacity = 16 << 20;
    config
}

fn closed_runtime() -> Result<Arc<RuntimeEnv>, DataFusionError> {
    let disk = DiskManagerBuilder::default().with_mode(DiskManagerMode::Disabled);
    let runtime = RuntimeEnvBuilder::new()
        .with_disk_manager_builder(disk)
        .build_arc()?;
    // Q-1: DataFusion registers the local file system by itself.
    runtime.deregister_object_store(ObjectStoreUrl::local_filesystem().as_ref())?;
    Ok(runtime)
}

/// The catalogue that our tables are in.
pub(crate) const CATALOGUE: &str = "pganalytics";
/// The schema of the tables that were sent to us.
pub(crate) const PUBLIC_SCHEMA: &str = "public";

const LATEST: &str = "latest";
const TOP_CONSUMERS: NonZero<usize> = NonZero::new(3).expect("three is not zero");
