//! One connection to a server.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use quinn::crypto::rustls::QuicClientConfig;
use quinn::{ClientConfig, Endpoint, IdleTimeout, RecvStream, SendStream, TransportConfig, VarInt};
use schema::{Epoch, Lsn, Sequence};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;
use wire::v1::{Ack, Hello, Status, Welcome};
use wire::{BatchFrame, Frame, FrameDecoder, Limits, Message};

use super::address::{host, resolve};
use super::credentials::Credentials;
use super::exchange;
use crate::Error;
use crate::spool::BatchId;

/// Where the server is, and by what it is known.
#[derive(Debug, Clone)]
pub struct Route {
    /// `host:port`, tried in turn.
    pub addresses: Vec<String>,
    /// SHA-256 of the certificate authority's DER certificate.
    pub authority_sha256: [u8; 32],
}

/// A connection over which batches can be sent; closed when it is dropped.
#[derive(Debug)]
pub struct Connection {
    endpoint: Endpoint,
    connection: quinn::Connection,
    control: tokio::sync::Mutex<SendStream>,
    listener: JoinHandle<()>,
    archived: watch::Receiver<Lsn>,
    welcome: Welcome,
    in_flight: Semaphore,
}

impl Connection {
    /// Connects, says hello, and waits for the welcome.
    ///
    /// `name` is the collector's, or for an import one under which its batches are numbered in
    /// `epoch`.
    ///
    /// # Errors
    /// [`Error::Server`] when no address answers, [`Error::Refused`] when the server declines,
    /// [`Error::Tls`] when the credentials cannot be used.
    pub async fn connect(
        route: &Route,
        credentials: &Credentials,
        name: &str,
        epoch: Epoch,
    ) -> Result<Self, Error> {
        let (endpoint, connection) = dial(route, credentials).await?;
        let (mut control, mut answers) = open(&connection).await?;
        let hello = Message::Hello(Hello {
            collector: name.to_owned(),
            epoch: epoch.0,
            version: crate::VERSION.to_owned(),
            token: credentials.bearer(),
        });
        write(&mut control, hello.encode()?.bytes()).await?;
        let mut decoder = FrameDecoder::new(Limits::default());
        let frame = within(HANDSHAKE_TIMEOUT, read(&mut answers, &mut decoder)).await??;
        let welcome = exchange::welcome(&frame)?;
        let (publish, archived) = watch::channel(Lsn::ZERO);
        let listener = tokio::spawn(listen(answers, decoder, publish));
        let in_flight = (welcome.batches_in_flight_max as usize).clamp(1, IN_FLIGHT_MAX);
        Ok(Self {
            endpoint,
            connection,
            control: tokio::sync::Mutex::new(control),
            listener,
            archived,
            welcome,
            in_flight: Semaphore::new(in_flight),
        })
    }

    /// Returns what the server said first.
    pub fn welcome(&self) -> &Welcome {
        &self.welcome
    }

    /// Sends a batch and waits until it is on the server's disk.
    ///
    /// May be called many times at once; beyond what the server takes at once, calls wait. Dropping
    /// the future leaves open whether the batch arrives; sending it again stores it once.
    ///
    /// # Errors
    /// [`Error::Refused`] with what to do, [`Error::Server`] when the connection broke.
    pub async fn send(&self, batch: &BatchFrame) -> Result<Ack, Error> {
        let view = batch.view();
        let id = BatchId {
            epoch: Epoch(view.epoch()),
            sequence: Sequence(view.sequence()),
        };
        let _permit = self
            .in_flight
            .acquire()
            .await
            .map_err(|_| Error::Stopping)?;
        let exchange = async {
            let (mut request, mut answer) = open(&self.connection).await?;
            let written = write(&mut request, batch.bytes()).await;
            request.finish().ok();
            let mut decoder = FrameDecoder::new(Limits::default());
            // A server that refuses may not read to the end: its answer says more than our error.
            match read(&mut answer, &mut decoder).await {
                Ok(frame) => exchange::acknowledgement(&frame, id),
                Err(error) => written.and(Err(error)),
            }
        };
        within(ANSWER_TIMEOUT, exchange).await?
    }

    /// Tells the server how the collector is.
    ///
    /// # Errors
    /// [`Error::Server`] when the connection broke.
    pub async fn report(&self, status: Status) -> Result<(), Error> {
        let frame = Message::Status(status).encode()?;
        write(&mut *self.control.lock().await, frame.bytes()).await
    }

    /// Returns the position of the server's log before which everything is in its object store, and
    /// how it moves.
    pub fn archived(&self) -> watch::Receiver<Lsn> {
        self.archived.clone()
    }

    /// Waits until the connection ends, and says why.
    pub async fn ended(&self) -> Error {
        Error::Server {
            reason: self.connection.closed().await.to_string(),
        }
    }

    /// Returns how many batches may be under way at once.
    pub fn in_flight_max(&self) -> usize {
        (self.welcome.batches_in_flight_max as usize).clamp(1, IN_FLIGHT_MAX)
    }

    /// Ends the connection in good order.
    pub async fn close(self) {
        self.connection.close(VarInt::from_u32(0), b"done");
        tokio::time::timeout(CLOSE_TIMEOUT, self.endpoint.wait_idle())
            .await
            .ok();
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.listener.abort();
        self.connection.close(VarInt::from_u32(0), b"done");
    }
}

/// Tries the addresses in turn, returns the first connection.
pub(super) async fn dial(
    route: &Route,
    credentials: &Credentials,
) -> Result<(Endpoint, quinn::Connection), Error> {
    let tls = credentials.tls(route.authority_sha256)?;
    let quic = QuicClientConfig::try_from(tls).map_err(|e| Error::Tls {
        reason: e.to_string(),
    })?;
    let mut config = ClientConfig::new(Arc::new(quic));
    config.transport_config(Arc::new(transport()));
    // A dead address says nothing over UDP; where there are others, they are soon tried.
    let patience = if route.addresses.len() > 1 {
        DIAL_TIMEOUT
    } else {
        HANDSHAKE_TIMEOUT
    };
    let mut last = Error::Server {
        reason: "no address of the server is known".into(),
    };
    for address in &route.addresses {
        let sockets = match resolve(address).await {
            Ok(sockets) => sockets,
            Err(error) => {
                last = error;
                continue;
            }
        };
        for socket in sockets {
            match dial_one(socket, host(address), config.clone(), patience).await {
                Ok(connected) => return Ok(connected),
                Err(error) => {
                    last = Error::Server {
                        reason: format!("{address}: {error}"),
                    }
                }
            }
        }
    }
    Err(last)
}

async fn dial_one(
    socket: SocketAddr,
    host: &str,
    config: ClientConfig,
    patience: Duration,
) -> Result<(Endpoint, quinn::Connection), String> {
    let any: SocketAddr = match socket {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    let endpoint = Endpoint::client(any).map_err(|error| error.to_string())?;
    let connecting = endpoint
        .connect_with(config, socket, host)
        .map_err(|error| error.to_string())?;
    match tokio::time::timeout(patience, connecting).await {
        Ok(Ok(connection)) => Ok((endpoint, connection)),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err("no answer; is UDP let through?".into()),
    }
}

/// Opens a stream in both directions.
pub(super) async fn open(
    connection: &quinn::Connection,
) -> Result<(SendStream, RecvStream), Error> {
    connection.open_bi().await.map_err(broken)
}

/// Writes all bytes.
pub(super) async fn write(stream: &mut SendStream, bytes: &[u8]) -> Result<(), Error> {
    stream.write_all(bytes).await.map_err(broken)
}

/// Reads until a frame is whole. Not to be dropped half-way: bytes read so far are in the decoder,
/// which the caller keeps.
pub(super) async fn read(
    stream: &mut RecvStream,
    decoder: &mut FrameDecoder,
) -> Result<Frame, Error> {
    loop {
        let chunk = stream.read_chunk(CHUNK_BYTES, true).await.map_err(broken)?;
        let Some(chunk) = chunk else {
            decoder.finish()?;
            return Err(Error::Server {
                reason: "the server ended the stream".into(),
            });
        };
        let mut input: &[u8] = &chunk.bytes;
        // The server sends one frame at a time, so that nothing of a next one can be left over here
        // but on the control stream, whose reader comes back for it.
        while !input.is_empty() {
            if let Some(frame) = decoder.push(&mut input)? {
                return Ok(frame);
            }
        }
    }
}

/// Gives up after a while.
pub(super) async fn within<T>(limit: Duration, work: impl Future<Output = T>) -> Result<T, Error> {
    let waited = tokio::time::timeout(limit, work).await;
    waited.map_err(|_| Error::Server {
        reason: "it does not answer".into(),
    })
}

async fn listen(mut answers: RecvStream, mut decoder: FrameDecoder, publish: watch::Sender<Lsn>) {
    while let Ok(frame) = read(&mut answers, &mut decoder).await {
        match exchange::news(&frame) {
            Ok(archived) => {
                publish.send_if_modified(|lsn| {
                    let is_news = archived.lsn > lsn.get();
                    *lsn = (*lsn).max(Lsn::new(archived.lsn));
                    is_news
                });
            }
            Err(error) => {
                tracing::warn!(%error, "unexpected message from the server");
                return;
            }
        }
    }
}

fn transport() -> TransportConfig {
    let mut transport = TransportConfig::default();
    transport.keep_alive_interval(Some(KEEP_ALIVE));
    transport.max_idle_timeout(Some(IdleTimeout::from(VarInt::from_u32(IDLE_TIMEOUT_MS))));
    transport
}

fn broken(error: impl std::fmt::Display) -> Error {
    Error::Server {
        reason: error.to_string(),
    }
}

/// Batches under way at once, however many the server would take.
const IN_FLIGHT_MAX: usize = 8;
const CHUNK_BYTES: usize = 64 << 10;
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
const DIAL_TIMEOUT: Duration = Duration::from_secs(2);
const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);
const CLOSE_TIMEOUT: Duration = Duration::from_secs(3);
const KEEP_ALIVE: Duration = Duration::from_secs(5);
const IDLE_TIMEOUT_MS: u32 = 20_000;
