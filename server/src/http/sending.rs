//! What a connection sends: it is busy while bytes wait for the client, and goes when none are taken.
//!
//! An answer counts as given once it is in the buffers. Were the connection idle from then on, it could be
//! closed for a newcomer before the client has it all.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

use super::places::{Busy, Requests};

/// A stream that is watched while it sends.
#[derive(Debug)]
pub(super) struct Sending<S> {
    stream: S,
    requests: Requests,
    patience: Duration,
    waiting: Option<Waiting>,
}

/// Bytes that wait for the client.
#[derive(Debug)]
struct Waiting {
    until: Pin<Box<Sleep>>,
    _busy: Busy,
}

impl<S> Sending<S> {
    /// Returns a stream whose client may take nothing for so long.
    pub(super) const fn new(stream: S, requests: Requests, patience: Duration) -> Self {
        Self {
            stream,
            requests,
            patience,
            waiting: None,
        }
    }

    fn watch<T>(
        &mut self,
        context: &mut Context<'_>,
        polled: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if polled.is_ready() {
            self.waiting = None;
            return polled;
        }
        let waiting = self.waiting.get_or_insert_with(|| Waiting {
            until: Box::pin(sleep(self.patience)),
            _busy: self.requests.begin_sending(),
        });
        match waiting.until.as_mut().poll(context) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(()) => Poll::Ready(Err(io::Error::new(
                io::ErrorKind::TimedOut,
                "the client takes nothing of its answer",
            ))),
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Sending<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_read(context, bytes)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Sending<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let polled = Pin::new(&mut this.stream).poll_write(context, bytes);
        this.watch(context, polled)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let polled = Pin::new(&mut this.stream).poll_write_vectored(context, bytes);
        this.watch(context, polled)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let polled = Pin::new(&mut this.stream).poll_flush(context);
        this.watch(context, polled)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let polled = Pin::new(&mut this.stream).poll_shutdown(context);
        this.watch(context, polled)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

    use super::*;
    use crate::http::places::{Place, Places};
    use crate::metrics::Metrics;

    /// A place, a client that takes eight bytes at once, and the stream that sends to it.
    async fn pair(patience: Duration) -> (Place, DuplexStream, Sending<DuplexStream>) {
        let places = Arc::new(Places::new(1, 1, Metrics::default()));
        let place = places.enter().await;
        let (client, server) = tokio::io::duplex(8);
        let sending = Sending::new(server, place.requests(), patience);
        (place, client, sending)
    }

    #[tokio::test]
    async fn a_connection_is_busy_until_all_is_taken() {
        let (place, mut client, mut sending) = pair(Duration::from_secs(3_600)).await;
        sending.write_all(&[1; 8]).await.unwrap();
        assert!(place.is_idle(), "all of it is under way");
        let mut taken = [0; 20];
        let mut more = Box::pin(sending.write_all(&[2; 12]));
        assert!(futures::poll!(&mut more).is_pending() && !place.is_idle());
        client.read_exact(&mut taken[..8]).await.unwrap();
        assert!(futures::poll!(&mut more).is_pending() && !place.is_idle());
        client.read_exact(&mut taken[8..16]).await.unwrap();
        assert!(futures::poll!(&mut more).is_ready() && place.is_idle());
        client.read_exact(&mut taken[16..]).await.unwrap();
        assert_eq!(taken, [[1; 8].as_slice(), &[2; 12]].concat()[..]);
    }

    #[tokio::test]
    async fn a_client_that_takes_nothing_is_given_up() {
        let (place, _client, mut sending) = pair(Duration::from_millis(50)).await;
        let error = sending.write_all(&[2; 12]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        drop(sending);
        assert!(place.is_idle());
    }
}
