//! One HTTP connection: TLS where there is any, then requests, until it must go.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use tower::{ServiceExt, service_fn};

use super::answers::Answers;
use super::places::Place;
use super::sending::Sending;
use super::{App, probes, router};
use crate::config::HttpSettings;
use crate::metrics::{Closed, Metrics};

/// What all connections of a door share.
pub(super) struct Door {
    /// Everything that is served.
    router: Router,
    /// What is served where all places are busy.
    probes: Router,
    tls: Option<TlsAcceptor>,
    metrics: Metrics,
    builder: Builder<TokioExecutor>,
    /// How long a connection may take for its first request.
    first: Duration,
    /// How long it may wait for another.
    next: Duration,
    /// How long its client may take nothing of an answer.
    taking: Duration,
}

impl Door {
    pub(super) fn new(app: &App, tls: Option<TlsAcceptor>, settings: &HttpSettings) -> Self {
        Self {
            router: router(app.clone()),
            probes: probes(app.clone()),
            tls,
            metrics: app.metrics().clone(),
            builder: builder(settings),
            first: Duration::from_millis(settings.header_timeout_ms.into()),
            next: Duration::from_millis(settings.idle_timeout_ms.into()),
            taking: Duration::from_millis(settings.write_timeout_ms.into()),
        }
    }

    /// Serves a connection until it ends, must go or is stopped.
    pub(super) async fn serve(
        self: Arc<Self>,
        stream: TcpStream,
        mut place: Place,
        stop: watch::Receiver<bool>,
    ) {
        // An answer ends with a small packet, which must not wait for the ack of the one before.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection is gone already");
            return;
        }
        let Some(tls) = &self.tls else {
            return self.answer(stream, place, stop).await;
        };
        let shaken = tokio::select! {
            shaken = tls.accept(stream) => shaken,
            () = place.must_go(self.first, self.next) => return,
            () = stopped(stop.clone()) => return,
        };
        match shaken {
            Ok(stream) => self.answer(stream, place, stop).await,
            Err(error) => {
                tracing::debug!(%error, "the handshake of an HTTP connection failed");
                self.metrics.count_http_closed(Closed::Handshake);
            }
        }
    }

    async fn answer<S>(&self, stream: S, mut place: Place, stop: watch::Receiver<bool>)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let router = if place.is_for_probes() {
            &self.probes
        } else {
            &self.router
        };
        let (router, requests) = (router.clone(), place.requests());
        let io = TokioIo::new(Sending::new(stream, requests.clone(), self.taking));
        let answers = Answers::new(self.taking);
        let watch = Arc::clone(&answers);
        let service = service_fn(move |request: Request<_>| {
            let (busy, router, watch) = (requests.begin(), router.clone(), Arc::clone(&watch));
            async move {
                let response = router.oneshot(request.map(Body::new)).await?;
                Ok::<_, std::convert::Infallible>(response.map(|body| watch.watch(body, busy)))
            }
        });
        let connection = self
            .builder
            .serve_connection(io, TowerToHyperService::new(service));
        tokio::pin!(connection);
        let mut patience = tokio::select! {
            ended = connection.as_mut() => return self.note_end(ended),
            () = answers.stuck() => return self.metrics.count_http_closed(Closed::Unread),
            // Somebody may be waiting for its place.
            () = place.must_go(self.first, self.next) => Duration::ZERO,
            () = stopped(stop) => FAREWELL,
        };
        connection.as_mut().graceful_shutdown();
        loop {
            tokio::select! {
                biased;
                ended = connection.as_mut() => return self.note_end(ended),
                () = answers.stuck() => return self.metrics.count_http_closed(Closed::Unread),
                // What is idle has said all it had to say, and its client half a head or nothing.
                () = tokio::time::sleep(patience) => if place.is_idle() { return },
            }
            patience = LINGER;
        }
    }

    fn note_end(&self, ended: Result<(), Box<dyn std::error::Error + Send + Sync>>) {
        if let Err(error) = ended {
            tracing::debug!(%error, "an HTTP connection ended");
            if is_unread(error.as_ref()) {
                self.metrics.count_http_closed(Closed::Unread);
            }
        }
    }
}

/// Tells whether a connection ended since its client took nothing.
fn is_unread(error: &(dyn std::error::Error + 'static)) -> bool {
    let errors = std::iter::successors(Some(error), |error| error.source());
    let mut of_system = errors.filter_map(|error| error.downcast_ref::<std::io::Error>());
    of_system.any(|error| error.kind() == std::io::ErrorKind::TimedOut)
}

/// Returns how HTTP is spoken: with no more in memory than [`HttpSettings::bytes_each`] (E-3).
fn builder(settings: &HttpSettings) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().max_buf_size(settings.header_bytes_max);
    builder
        .http2()
        .max_concurrent_streams(HTTP2_STREAMS_MAX)
        // Every stream may have filled its window: one that is not read keeps no other from being read.
        .initial_connection_window_size(HTTP2_STREAMS_MAX * HTTP2_WINDOW_BYTES)
        .initial_stream_window_size(HTTP2_WINDOW_BYTES)
        .max_header_list_size(HTTP2_HEADER_BYTES_MAX)
        .max_send_buf_size(HTTP2_SEND_BYTES_MAX as usize);
    builder
}

/// Returns what a connection takes at most, with heads of HTTP/1 of this size.
pub(crate) const fn bytes_each(header_bytes_max: u64) -> u64 {
    // What was read and not yet understood, and what is being written.
    let http1 = 2 * header_bytes_max;
    let stream = HTTP2_WINDOW_BYTES + HTTP2_HEADER_BYTES_MAX + HTTP2_SEND_BYTES_MAX;
    let http2 = (HTTP2_STREAMS_MAX * stream) as u64;
    TLS_BYTES + if http1 > http2 { http1 } else { http2 }
}

/// Waits until the door closes.
pub(super) async fn stopped(mut stop: watch::Receiver<bool>) {
    // An error means that nobody can stop it any more but by dropping it.
    drop(stop.wait_for(|stop| *stop).await);
}

/// Requests at once over one connection of HTTP/2.
const HTTP2_STREAMS_MAX: u32 = 4;
/// What a request over HTTP/2 may send ahead of what is read.
const HTTP2_WINDOW_BYTES: u32 = 24 << 10;
/// The head of a request over HTTP/2.
const HTTP2_HEADER_BYTES_MAX: u32 = 8 << 10;
/// What of an answer over HTTP/2 waits for its client.
const HTTP2_SEND_BYTES_MAX: u32 = 16 << 10;
/// The state of TLS, its records each way, and the task.
const TLS_BYTES: u64 = 64 << 10;
/// How long connections may still write what they were given when the server stops: a request counts as answered once
/// its answer is in the buffers, and not only when the client has it.
const FAREWELL: Duration = Duration::from_secs(1);
/// How often a connection that must go is asked whether its requests have ended.
const LINGER: Duration = Duration::from_millis(250);
