//! The listening socket: bound first, plain or TLS, stopped gracefully.
//!
//! A door that is bound and not yet served refuses connections, rather than let them hang.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum_server::Handle;
use axum_server::accept::NoDelayAcceptor;
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use rustls::ServerConfig;
use tokio::net::{TcpSocket, lookup_host};
use tokio::task::JoinHandle;

use crate::Error;

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
    handle: Handle<SocketAddr>,
    task: JoinHandle<std::io::Result<()>>,
}

impl Listener {
    /// Serves until stopped.
    ///
    /// # Errors
    /// [`Error::Http`] when the socket cannot be watched.
    pub(crate) fn serve(
        self,
        router: Router,
        tls: Option<Arc<ServerConfig>>,
    ) -> Result<Serving, Error> {
        let handle = Handle::new();
        let service = router.into_make_service();
        let refused = |source| Error::Http {
            address: self.address.to_string(),
            source,
        };
        let listener = self.socket.listen(BACKLOG).map_err(refused)?;
        let listener = listener.into_std().map_err(refused)?;
        let server = axum_server::from_tcp(listener).map_err(refused)?;
        let server = server.handle(handle.clone());
        // An answer ends with a small packet, which must not wait for the ack of the one before.
        let plain = NoDelayAcceptor::new();
        let task = match tls {
            None => tokio::spawn(server.acceptor(plain).serve(service)),
            Some(config) => {
                let config = RustlsConfig::from_config(config);
                let acceptor = RustlsAcceptor::new(config).acceptor(plain);
                tokio::spawn(server.acceptor(acceptor).serve(service))
            }
        };
        Ok(Serving {
            address: self.address,
            handle,
            task,
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
    pub(crate) async fn stop(self, grace: Duration) -> std::io::Result<()> {
        self.handle.graceful_shutdown(Some(grace));
        self.task.await.map_err(std::io::Error::other)?
    }
}

/// Connections that wait to be accepted.
const BACKLOG: u32 = 1_024;
