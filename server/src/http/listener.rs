//! The listening socket: bound first, plain or TLS, stopped gracefully.
//!
//! A door that is bound and not yet served refuses connections, rather than let them hang.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use tokio::net::{TcpListener, TcpSocket, lookup_host};
use tokio::sync::watch;
use tokio::task::{JoinError, JoinHandle, JoinSet};
use tokio_rustls::TlsAcceptor;

use super::App;
use super::connection::{Door, stopped};
use super::places::Places;
use crate::Error;
use crate::config::HttpSettings;

/// An HTTP door whose port is ours.
#[derive(Debug)]
pub(crate) struct Listener {
    /// The address that was really bound.
    pub(crate) address: SocketAddr,
    socket: TcpSocket,
}

/// Binds the door, so that its port is known before anything is served.
///
/// # Errors
/// [`Error::Http`] when the address is not one, is taken, or is not ours.
pub(crate) async fn bind(address: &str) -> Result<Listener, Error> {
    let refused = |source| Error::Http {
        address: address.to_owned(),
        source,
    };
    let mut last = ErrorKind::AddrNotAvailable.into();
    for candidate in lookup_host(address).await.map_err(refused)? {
        match bind_to(candidate) {
            Ok(door) => return Ok(door),
            Err(error) => last = error,
        }
    }
    Err(refused(last))
}

fn bind_to(address: SocketAddr) -> std::io::Result<Listener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4(),
        SocketAddr::V6(_) => TcpSocket::new_v6(),
    }?;
    // A server that is started again takes its port although old connections linger.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(Listener {
        address: socket.local_addr()?,
        socket,
    })
}

/// A door that is being served.
#[derive(Debug)]
pub(crate) struct Serving {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Listener {
    /// Serves until stopped.
    ///
    /// # Errors
    /// [`Error::Http`] when the socket cannot be watched.
    pub(crate) fn serve(
        self,
        app: &App,
        tls: Option<Arc<ServerConfig>>,
        settings: &HttpSettings,
    ) -> Result<Serving, Error> {
        let listener = self.socket.listen(BACKLOG).map_err(|source| Error::Http {
            address: self.address.to_string(),
            source,
        })?;
        let metrics = app.metrics().clone();
        let places = Places::new(settings.connections_max, PROBES_MAX, metrics);
        let door = Door::new(app, tls.map(TlsAcceptor::from), settings);
        let (stop, told) = watch::channel(false);
        let serve = accept(listener, Arc::new(places), Arc::new(door), told);
        Ok(Serving {
            address: self.address,
            stop,
            task: tokio::spawn(serve),
        })
    }
}

impl Serving {
    /// Returns the address that is served.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Takes no more requests, lets those under way end within the grace, then closes.
    ///
    /// # Errors
    /// What the listener failed with, if it did.
    pub(crate) async fn stop(mut self, grace: Duration) -> std::io::Result<()> {
        self.stop.send_replace(true);
        match tokio::time::timeout(grace, &mut self.task).await {
            Ok(ended) => ended.map_err(std::io::Error::other),
            Err(_) => {
                // With the loop its connections end.
                self.task.abort();
                match self.task.await {
                    Err(error) if error.is_panic() => Err(std::io::Error::other(error)),
                    _ => Ok(()),
                }
            }
        }
    }
}

/// Takes one connection after the other, each when there is a place for it, until told to stop; then
/// waits for those that are open.
async fn accept(
    listener: TcpListener,
    places: Arc<Places>,
    door: Arc<Door>,
    stop: watch::Receiver<bool>,
) {
    let mut tasks = JoinSet::new();
    let mut knocking = None;
    loop {
        tokio::select! {
            accepted = listener.accept(), if knocking.is_none() => match accepted {
                Ok((stream, _)) => knocking = Some(stream),
                Err(error) => {
                    tracing::warn!(%error, "no connection can be accepted");
                    tokio::time::sleep(ACCEPT_RETRY).await;
                }
            },
            // E-3: until there is a place, the next ones wait in the system's queue.
            place = places.enter(), if knocking.is_some() => if let Some(stream) = knocking.take() {
                tasks.spawn(Arc::clone(&door).serve(stream, place, stop.clone()));
            },
            Some(ended) = tasks.join_next() => note_end(ended),
            () = stopped(stop.clone()) => break,
        }
    }
    drop((listener, knocking));
    while let Some(ended) = tasks.join_next().await {
        note_end(ended);
    }
}

fn note_end(ended: Result<(), JoinError>) {
    if let Err(error) = ended {
        tracing::error!(%error, "the task of an HTTP connection failed");
    }
}

/// Connections that wait to be accepted.
const BACKLOG: u32 = 1_024;
/// Connections beyond `connections_max`, over which probes and metrics are answered.
pub(crate) const PROBES_MAX: usize = 4;
/// How long to wait where the system has no more files.
const ACCEPT_RETRY: Duration = Duration::from_millis(50);
