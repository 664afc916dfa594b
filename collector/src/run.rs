//! The whole collector: spool, lanes, sender, from start to an orderly end.

use std::future::Future;
use std::path::Path;
use std::sync::Arc;

use platform::{Clock, Disk, DiskLock, Entropy, OsEntropy, RealClock, RealDisk};
use seal::Keyring;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tracing::{info, warn};

use crate::Error;
use crate::config::Settings;
use crate::counters::InstanceCounters;
use crate::instance::{self, Context, Outlet};
use crate::postgres::Permits;
use crate::send::{Identity, Sender, SenderSettings, Shelf, SkippedTicks};
use crate::spool::{Spool, SpoolSettings, open_keyring};

/// Collects until `shutdown` resolves, then stops in good order: what was sampled is in the spool.
///
/// An instance or a server that cannot be reached is no error: the collector goes on trying.
///
/// # Errors
/// [`Error::InUse`], [`Error::Disk`], [`Error::Seal`] or [`Error::Log`] when the state directory
/// cannot be used.
pub async fn run(
    settings: Settings,
    shutdown: impl Future<Output = ()> + Send,
) -> Result<(), Error> {
    let machine = Machine {
        disk: Arc::new(RealDisk),
        clock: Arc::new(RealClock),
        entropy: Arc::new(OsEntropy),
    };
    let opening = {
        let (machine, settings) = (machine.clone(), settings.clone());
        move || State::open(&machine, &settings)
    };
    let state = tokio::task::spawn_blocking(opening)
        .await
        .map_err(|_| Error::Stopping)??;
    let spool = Arc::clone(&state.spool);
    info!(collector = %settings.name, instances = settings.instances.len(), version = crate::VERSION, "collecting");

    let (stop, is_stopping) = watch::channel(false);
    let mut lanes = JoinSet::new();
    let mut counters: Vec<Arc<dyn SkippedTicks>> = Vec::new();
    for context in contexts(&settings, &machine, &spool) {
        counters.push(Arc::clone(&context) as Arc<dyn SkippedTicks>);
        instance::spawn(&context, &is_stopping, &mut lanes);
    }
    let sender = SenderSettings {
        collector: settings.name.as_str().to_owned(),
        token: settings.token,
        server: settings.server,
        until: settings.spool_until,
        shelf: state.shelf,
        entropy: machine.entropy,
        instances: counters,
    };
    let sender =
        tokio::spawn(Sender::new(sender, Arc::clone(&spool), state.identity).run(is_stopping));

    shutdown.await;
    info!("stopping");
    stop.send_replace(true);
    while let Some(ended) = lanes.join_next().await {
        if ended.is_err() {
            warn!("a lane did not end in good order");
        }
    }
    if sender.await.is_err() {
        warn!("the sender did not end in good order");
    }
    spool.close().await
}

/// The machine beneath, shared by all parts.
#[derive(Debug, Clone)]
struct Machine {
    disk: Arc<dyn Disk>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

/// The opened state directory.
struct State {
    spool: Arc<Spool>,
    identity: Identity,
    shelf: Shelf,
    _lock: Box<dyn DiskLock>,
}

impl State {
    fn open(machine: &Machine, settings: &Settings) -> Result<Self, Error> {
        let lock = lock(&*machine.disk, &settings.state)?;
        let keyring = open_keyring(&*machine.disk, &*machine.entropy, &settings.state)?;
        let keyring: Arc<Keyring> = Arc::new(keyring);
        let shelf = Shelf {
            disk: Arc::clone(&machine.disk),
            entropy: Arc::clone(&machine.entropy),
            keyring: Arc::clone(&keyring),
            state: settings.state.clone(),
        };
        let spool = SpoolSettings {
            disk: Arc::clone(&machine.disk),
            clock: Arc::clone(&machine.clock),
            entropy: Arc::clone(&machine.entropy),
            keyring,
            dir: settings.state.join(SPOOL_DIR),
            collector: settings.name.clone(),
            bytes_max: settings.spool_bytes_max.0,
            cache_bytes_max: CACHE_BYTES_MAX,
        };
        let spool = Arc::new(Spool::open(spool)?);
        Ok(Self {
            spool,
            identity: Identity::open(&shelf)?,
            shelf,
            _lock: lock,
        })
    }
}

/// Takes the lock that keeps a second collector out of a state directory.
pub(crate) fn lock(disk: &dyn Disk, state: &Path) -> Result<Box<dyn DiskLock>, Error> {
    let path = state.join(LOCK_FILE);
    let failed = |source: std::io::Error| match source.kind() {
        std::io::ErrorKind::WouldBlock => Error::InUse {
            path: state.to_owned(),
        },
        _ => Error::Disk {
            path: path.clone(),
            source,
        },
    };
    platform::durable::create_dir_all(disk, state).map_err(failed)?;
    disk.lock(&path).map_err(failed)
}

fn contexts(settings: &Settings, machine: &Machine, spool: &Arc<Spool>) -> Vec<Arc<Context>> {
    let context = |instance: &crate::config::Instance| {
        if instance.names_log_files {
            warn!(instance = %instance.name, "log_files is set, but this version does not read server logs");
        }
        Arc::new(Context {
            collector: settings.name.clone(),
            instance: instance.name.clone(),
            target: instance.target.clone(),
            is_local: instance.is_local,
            databases: instance.databases.clone(),
            intervals: settings.intervals,
            limits: settings.limits,
            permits: Permits::new(),
            counters: InstanceCounters::default(),
            clock: Arc::clone(&machine.clock),
            entropy: Arc::clone(&machine.entropy),
            outlet: Arc::clone(spool) as Arc<dyn Outlet>,
            procfs: PROCFS.into(),
            own_pids: parking_lot::Mutex::default(),
        })
    };
    settings.instances.iter().map(context).collect()
}

impl SkippedTicks for Context {
    fn skipped_ticks(&self) -> u64 {
        self.counters.skipped_ticks()
    }
}

const SPOOL_DIR: &str = "spool";
const LOCK_FILE: &str = "LOCK";
const PROCFS: &str = "/proc";
/// Frames kept in memory; a backlog beyond it is read from disk when its turn comes.
const CACHE_BYTES_MAX: u64 = 32 << 20;
