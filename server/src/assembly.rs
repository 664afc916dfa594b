//! The assembly: every part, built in an order in which nothing is offered before it works.
//!
//! ```text
//!   start                                         stop
//!   1 HTTP port bound; plain HTTP answers 503     6 HTTP: no more requests, those under way end
//!   2 keys, keyring, engine (recovery)            5 QUIC: no more batches, those under way end
//!   3 authority, QUIC port, administrator's token 4 background work ends
//!   4 query runtime, archive                      3 archive ships the rest of the log
//!   5 HTTP answers                                2 queries end
//!   6 `ready …`                                   1 engine: log closed, threads joined
//! ```

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use engine::{Engine, Recovery};
use ingest::{Collaborators, Listener};
use parking_lot::Mutex;
use prometheus_client::registry::Registry;
use query::{QueryEngine, SystemSource};
use schema::Timestamp;
use seal::Keyring;
use tokio_util::task::TaskTracker;
use tracing::{info, warn};

use crate::archive::Archiving;
use crate::config::{Settings, TlsMode};
use crate::core::Core;
use crate::gate::CatalogueGate;
use crate::http::{self, App, Serving};
use crate::identity::hex;
use crate::sightings::Sightings;
use crate::sink::EngineSink;
use crate::store::{self, Machine};
use crate::system::{self, Backups, Collectors, SettingsInForce};
use crate::{Addresses, Error, LocalServer, first_start, tls};

/// A server that serves.
#[derive(Debug)]
pub struct Server {
    core: Arc<Core>,
    http: Serving,
}

impl Server {
    /// Starts a server and returns once it is ready.
    ///
    /// # Errors
    /// [`Error`] of the first part that cannot be had; everything before it is stopped again.
    pub async fn start(settings: Settings) -> Result<Self, Error> {
        Self::start_on(Machine::real(), settings).await
    }

    /// Starts a server on a given machine.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub async fn start_on(machine: Machine, settings: Settings) -> Result<Self, Error> {
        settings.check()?;
        raise_open_files_limit();
        let door = http::bind(&settings.http.listen).await?;
        let mode = tls_mode(&settings, door.address)?;
        let app = App::new(&settings.http);
        // Whoever asks is told "not yet" while the log is read; only a certificate of the store's own
        // authority has to wait for the store.
        let (http, door) = match mode {
            TlsMode::Off => (Some(door.serve(&app, None, &settings.http)?), None),
            TlsMode::Files => {
                let config = given_certificate(&machine, &settings)?;
                (Some(door.serve(&app, Some(config), &settings.http)?), None)
            }
            _ => (None, Some(door)),
        };
        let address = http.as_ref().map(Serving::address);
        let address = address.or(door.as_ref().map(|door| door.address));
        let address = address.expect("the door is either served or kept");
        let core = build(machine, &settings, &app, address, mode != TlsMode::Off).await?;
        let http = match (http, door) {
            (Some(serving), _) => serving,
            (None, Some(door)) => {
                let config = own_certificate(&core, &settings)?;
                door.serve(&app, Some(config), &settings.http)?
            }
            (None, None) => unreachable!("the door is either served or kept"),
        };
        app.serve(Arc::clone(&core));
        info!(http = %core.addresses.http, quic = %core.addresses.quic, "serving");
        Ok(Self { core, http })
    }

    /// Returns the line that tells which ports were really taken.
    pub fn ready_line(&self) -> String {
        let Addresses { http, quic, .. } = &self.core.addresses;
        format!("ready http={http} quic={quic} pgwire=off")
    }

    /// Returns where the server is reached.
    pub fn addresses(&self) -> &Addresses {
        &self.core.addresses
    }

    pub(crate) fn core(&self) -> &Core {
        &self.core
    }

    /// Stops in order; what was acknowledged stays.
    ///
    /// # Errors
    /// The gravest thing that did not end as it should, the store before the archive before the doors;
    /// the rest is stopped all the same, and its errors are logged.
    pub async fn stop(self) -> Result<(), Error> {
        let Self { core, http } = self;
        core.stopping.store(true, Ordering::Release);
        let address = core.addresses.http.to_string();
        let http = http
            .stop(GRACE)
            .await
            .map_err(|source| Error::Http { address, source });
        let listener = core.listener.lock().take();
        if let Some(listener) = listener {
            listener.shutdown().await;
        }
        core.tasks.close();
        core.tasks.wait().await;
        let archive = match &core.archive {
            Some(archive) => archive.stop().await,
            None => Ok(()),
        };
        core.query.shutdown(GRACE).await;
        let engine = core.engine.clone();
        let closed = tokio::task::spawn_blocking(move || engine.close()).await;
        let engine = match closed {
            Ok(closed) => closed.map_err(Error::from),
            Err(error) => Err(Error::Task {
                reason: error.to_string(),
            }),
        };
        gravest([engine, archive, http])
    }
}

/// Returns the first of some errors and logs the others.
fn gravest(outcomes: [Result<(), Error>; 3]) -> Result<(), Error> {
    let mut errors = outcomes.into_iter().filter_map(Result::err);
    let gravest = errors.next();
    for error in errors {
        warn!(
            error = crate::describe(&error),
            "and something else did not end as it should"
        );
    }
    gravest.map_or(Ok(()), Err)
}

/// Makes room for open files: every part is one, every client another.
fn raise_open_files_limit() {
    match platform::raise_open_files_limit() {
        Ok(limit) if limit >= OPEN_FILES_LOW => {}
        Ok(limit) => warn!(
            limit,
            "few files may be open at a time: raise the limit (ulimit -n)"
        ),
        Err(error) => warn!(%error, "the limit on open files stays as it is"),
    }
}

/// Opens the store and puts the core around it.
async fn build(
    machine: Machine,
    settings: &Settings,
    app: &App,
    http: SocketAddr,
    is_https: bool,
) -> Result<Arc<Core>, Error> {
    let (engine, keyring) = open_engine(machine.clone(), settings).await?;
    let authority = Arc::new(first_start::authority(&engine).await?);
    let sightings = Arc::new(Sightings::default());
    let mut registry = Registry::default();
    engine.metrics().register(&mut registry);
    app.metrics().register(&mut registry);
    // Right after opening: a flush could release segments that are not archived.
    let archive = Archiving::start(&engine, &keyring, &machine, &settings.backup, &mut registry)?;
    let archive = archive.map(Arc::new);
    let gate = CatalogueGate {
        engine: engine.clone(),
        authority: Arc::clone(&authority),
        sightings: Arc::clone(&sightings),
        clock: Arc::clone(&machine.clock),
    };
    let listener = open_quic(settings, gate, archive.as_deref(), &mut registry)?;
    let addresses = Addresses::new(settings, http, is_https, listener.local_address());
    let now = Timestamp::from_nanos(machine.clock.now().0);
    let data = &settings.server.data;
    first_start::admin_token(&engine, &machine, &authority, &addresses, data, now).await?;
    LocalServer::new(&addresses, hex(&authority.fingerprint()))
        .write(machine.disk.as_ref(), data)?;
    let collectors = Collectors {
        engine: engine.clone(),
        sightings: Arc::clone(&sightings),
        clock: Arc::clone(&machine.clock),
    };
    let own = SettingsInForce::new(settings)?;
    let tables = system::tables(collectors, Backups(archive.clone()), own);
    let query = query_engine(&machine, settings, &engine, tables)?;
    query.register_metrics(&mut registry);
    Ok(Arc::new(Core {
        engine,
        query,
        authority,
        addresses,
        entropy: machine.entropy,
        clock: machine.clock,
        sightings,
        limits: settings.ingest.limits(),
        body_bytes_max: settings.http.body_bytes_max,
        archive,
        listener: Mutex::new(Some(listener)),
        registry,
        tasks: TaskTracker::new(),
        stopping: AtomicBool::new(false),
    }))
}

/// Starts the query runtime, its threads niced below ingest.
fn query_engine(
    machine: &Machine,
    settings: &Settings,
    engine: &Engine,
    system: Vec<Arc<dyn SystemSource>>,
) -> Result<QueryEngine, Error> {
    let clock = Arc::clone(&machine.clock);
    let environment = query::Environment {
        engine: engine.clone(),
        now: query::Now::new(move || Timestamp::from_nanos(clock.now().0)),
        thread_start: query::ThreadStart::new(|| {
            if let Err(error) = platform::lower_thread_priority(QUERY_NICE) {
                tracing::warn!(%error, "query threads run at full priority");
            }
        }),
        system,
    };
    Ok(QueryEngine::new(environment, settings.query.clone())?)
}

/// Opens keys and store on a thread that may block.
async fn open_engine(
    machine: Machine,
    settings: &Settings,
) -> Result<(Engine, Arc<Keyring>), Error> {
    let data = settings.server.data.clone();
    let source = store::key_source(&settings.seal.key, &data)?;
    let store_settings = settings.store.clone();
    let opened = tokio::task::spawn_blocking(move || {
        let keyring = store::open_keyring(&machine, &source, &data)?;
        store::warn_of_key_beside_data(&source, &data);
        let environment = engine::Environment {
            disk: machine.disk,
            clock: machine.clock,
            entropy: machine.entropy,
            keyring: Arc::clone(&keyring),
            dir: data,
        };
        Ok((
            Engine::open(environment, store_settings, Recovery::default())?,
            keyring,
        ))
    });
    opened.await.map_err(|error| Error::Task {
        reason: error.to_string(),
    })?
}

fn open_quic(
    settings: &Settings,
    gate: CatalogueGate,
    archiving: Option<&Archiving>,
    registry: &mut Registry,
) -> Result<Listener, Error> {
    let listen = &settings.quic.listen;
    let address: SocketAddr = listen.parse().map_err(|error| Error::Quic {
        address: listen.clone(),
        source: std::io::Error::new(std::io::ErrorKind::InvalidInput, error),
    })?;
    let tls = tls::quic(&gate.authority, Addresses::certificate_names(settings))?;
    let metrics = ingest::Metrics::default();
    metrics.register(registry);
    let collaborators = Collaborators {
        sink: Arc::new(EngineSink::new(gate.engine.clone())),
        gate: Arc::new(gate),
        archived: Archiving::watch(archiving),
        metrics,
        version: env!("CARGO_PKG_VERSION"),
    };
    Ok(Listener::bind(
        address,
        tls,
        collaborators,
        settings.ingest.clone(),
    )?)
}

/// Decides how HTTP is protected.
///
/// # Errors
/// [`Error::PlainHttp`] for plain HTTP where others could listen in.
fn tls_mode(settings: &Settings, address: SocketAddr) -> Result<TlsMode, Error> {
    let is_loopback = address.ip().is_loopback();
    match settings.http.tls {
        TlsMode::Auto if is_loopback => Ok(TlsMode::Off),
        TlsMode::Auto => Ok(TlsMode::Own),
        TlsMode::Off if !is_loopback && !settings.http.plain_on_any_address => {
            Err(Error::PlainHttp { address })
        }
        mode => Ok(mode),
    }
}

fn given_certificate(
    machine: &Machine,
    settings: &Settings,
) -> Result<Arc<rustls::ServerConfig>, Error> {
    let (certificate, key) = (&settings.http.certificate, &settings.http.key);
    tls::https_files(machine.disk.as_ref(), certificate, key).map(Arc::new)
}

fn own_certificate(core: &Core, settings: &Settings) -> Result<Arc<rustls::ServerConfig>, Error> {
    let names = Addresses::certificate_names(settings);
    tls::https_own(&core.authority, names).map(Arc::new)
}

/// How far query threads stand back behind ingest.
const QUERY_NICE: i32 = 5;
/// Fewer open files than these are soon used up: a part for each table and day, and the clients.
const OPEN_FILES_LOW: u64 = 16_384;
/// How long requests under way may take when the server stops.
const GRACE: Duration = Duration::from_secs(10);
