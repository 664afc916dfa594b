//! The QUIC door: sockets, TLS and tasks around [`crate::exchange`].
//!
//! ```text
//!   UDP ─▶ quinn endpoint ─▶ accept loop ──spawns──▶ a task for each connection
//!             (retry under load)   │                   Exchange + the futures that it asked for
//!             newcomers_max greet, │                    (reads, writes, room, commits)
//!             the others wait, and └ owns and joins    welcomed: one of connections_max, or refused
//!             who is silent goes
//! ```
//! One task drives a connection: it reads a stream on only after what came before was dealt with,
//! so that nothing queues up but in QUIC's own windows, and `credit` bounds those.
//! A newcomer never takes the place of a connection that was welcomed, and shares none with it.
//!
//! Lifecycle: [`Listener::bind`] serves at once; [`Listener::shutdown`] refuses newcomers, lets
//! commits end, and closes. Dropping a listener shuts it down without waiting.

mod accept;
mod connection;
mod credit;
mod endpoint;
mod half;
mod newcomers;
mod pace;
mod registry;
mod windows;

use std::net::SocketAddr;
use std::sync::Arc;

use schema::Lsn;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;

use self::newcomers::Newcomers;
use self::registry::Registry;
use self::windows::Windows;
use crate::Error;
use crate::gate::Gate;
use crate::metrics::Metrics;
use crate::settings::Settings;
use crate::sink::CommitSink;

/// Whom the listener works with.
pub struct Collaborators {
    /// Where batches go.
    pub sink: Arc<dyn CommitSink>,
    /// Who may come in.
    pub gate: Arc<dyn Gate>,
    /// Up to where the log is in the object store; `None` where there is none.
    pub archived: watch::Receiver<Option<Lsn>>,
    /// What is counted.
    pub metrics: Metrics,
    /// The version of the server's program.
    pub version: &'static str,
}

impl std::fmt::Debug for Collaborators {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Collaborators").finish_non_exhaustive()
    }
}

/// What all connections share.
struct Shared {
    settings: Arc<Settings>,
    collaborators: Collaborators,
    registry: Arc<Registry>,
    /// The bytes that batches under way may still take (E-3).
    room: Arc<Semaphore>,
    /// What connections may send ahead of what is read.
    windows: Arc<Windows>,
    /// The places of those that were not welcomed yet.
    newcomers: Arc<Newcomers>,
}

/// An open QUIC port.
pub struct Listener {
    endpoint: quinn::Endpoint,
    address: SocketAddr,
    shared: Arc<Shared>,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Listener {
    /// Opens the port and serves; must be called inside a tokio runtime.
    ///
    /// Of `tls` the certificate and the verifier of clients count: the protocol's name, and that
    /// there are neither tickets nor early data, is set here, since both would let a revoked
    /// collector or a replayed batch in.
    ///
    /// # Errors
    /// [`Error::Setting`], [`Error::Tls`], or [`Error::Listen`] when the port cannot be opened.
    pub fn bind(
        address: SocketAddr,
        tls: rustls::ServerConfig,
        collaborators: Collaborators,
        settings: Settings,
    ) -> Result<Self, Error> {
        settings.check()?;
        let server = endpoint::server_config(tls, &settings)?;
        let (endpoint, address) = endpoint::open(address, server, &settings)
            .map_err(|source| Error::Listen { address, source })?;
        let shared = Arc::new(Shared {
            room: Arc::new(Semaphore::new(settings.assembly_bytes_max as usize)),
            windows: Arc::new(Windows::new(
                settings.windows_bytes_max,
                collaborators.metrics.window_bytes.clone(),
            )),
            newcomers: Arc::new(Newcomers::new(
                settings.newcomers_max,
                collaborators.metrics.newcomers.clone(),
            )),
            registry: Arc::new(Registry::new(settings.connections_max)),
            settings: Arc::new(settings),
            collaborators,
        });
        let (stop, stopped) = watch::channel(false);
        let serve = accept::serve(endpoint.clone(), Arc::clone(&shared), stopped);
        Ok(Self {
            task: tokio::spawn(serve),
            endpoint,
            address,
            shared,
            stop,
        })
    }

    /// Returns the address that the system gave.
    pub fn local_address(&self) -> SocketAddr {
        self.address
    }

    /// Serves newcomers under another TLS configuration; connections that exist keep theirs.
    ///
    /// # Errors
    /// [`Error::Tls`].
    pub fn replace_tls(&self, tls: rustls::ServerConfig) -> Result<(), Error> {
        let server = endpoint::server_config(tls, &self.shared.settings)?;
        self.endpoint.set_server_config(Some(server));
        Ok(())
    }

    /// Closes every connection of a collector that was revoked; returns how many there were.
    ///
    /// The gate must refuse it already: who connects meanwhile is then either found or refused.
    pub fn disconnect(&self, collector: &str) -> usize {
        self.shared.registry.disconnect(collector)
    }

    /// Stops: refuses newcomers, lets commits end for as long as the settings say, closes.
    ///
    /// Cancellation: dropping the future leaves the shutdown to go on by itself.
    pub async fn shutdown(self) {
        self.stop.send_replace(true);
        if let Err(error) = self.task.await {
            tracing::error!(%error, "the accept loop failed");
        }
    }
}

impl std::fmt::Debug for Listener {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Listener")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
