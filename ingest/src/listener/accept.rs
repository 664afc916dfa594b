//! The accept loop: who may begin a handshake, and the tasks of those who did.

use std::sync::Arc;

use prometheus_client::metrics::gauge::Gauge;
use quinn::{Endpoint, Incoming, VarInt};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;

use super::Shared;
use super::connection::Connection;
use crate::exchange::Code;
use crate::metrics::TurnedAway;
use crate::settings::Settings;

/// Accepts until told to stop, then waits for every connection to end.
pub(super) async fn serve(
    endpoint: Endpoint,
    shared: Arc<Shared>,
    mut stop: watch::Receiver<bool>,
) {
    let connections_stop = stop.clone();
    let mut tasks = JoinSet::new();
    loop {
        tokio::select! {
            next = next(&endpoint, &shared.newcomers) => match next {
                Some(next) => {
                    let open = endpoint.open_connections();
                    receive(next, open, &shared, &connections_stop, &mut tasks);
                }
                None => break,
            },
            Some(ended) = tasks.join_next() => note_end(ended),
            () = stopped(&mut stop) => break,
        }
    }
    endpoint.set_server_config(None);
    while let Some(ended) = tasks.join_next().await {
        note_end(ended);
    }
    endpoint.close(VarInt::from_u32(Code::Stopping as u32), b"stopping");
    let farewell = shared.settings.linger();
    if tokio::time::timeout(farewell, endpoint.wait_idle())
        .await
        .is_err()
    {
        tracing::debug!("peers did not confirm that their connections are closed");
    }
}

/// Who knocked, with a place among those that greet.
struct Newcomer {
    incoming: Incoming,
    place: OwnedSemaphorePermit,
}

/// Waits for a place, then for somebody to take it; `None` once the endpoint is closed.
///
/// Cancellation: nothing is lost, who knocked is still there.
async fn next(endpoint: &Endpoint, newcomers: &Arc<Semaphore>) -> Option<Newcomer> {
    let place = Arc::clone(newcomers).acquire_owned().await.ok()?;
    let incoming = endpoint.accept().await?;
    Some(Newcomer { incoming, place })
}

/// What to do with a newcomer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Choice {
    Accept,
    /// It must first show that it receives what is sent to its address.
    Retry,
    Refuse,
}

fn choose(settings: &Settings, open: usize, is_proven: bool) -> Choice {
    // E-3: connections that are closing take memory too.
    if open >= settings.places() {
        return Choice::Refuse;
    }
    if open >= settings.connections_unproven_max && !is_proven {
        return Choice::Retry;
    }
    Choice::Accept
}

fn receive(
    newcomer: Newcomer,
    open: usize,
    shared: &Arc<Shared>,
    stop: &watch::Receiver<bool>,
    tasks: &mut JoinSet<()>,
) {
    let incoming = &newcomer.incoming;
    let is_proven = incoming.remote_address_validated() || !incoming.may_retry();
    let choice = choose(&shared.settings, open, is_proven);
    let incoming = newcomer.incoming;
    match choice {
        Choice::Accept => {
            let place = Place::new(newcomer.place, shared);
            tasks.spawn(connect(incoming, place, Arc::clone(shared), stop.clone()));
        }
        // `may_retry` was asked above, so this cannot fail.
        Choice::Retry => drop(incoming.retry()),
        Choice::Refuse => {
            let metrics = &shared.collaborators.metrics;
            metrics.count_turned_away(TurnedAway::Crowd);
            incoming.refuse();
        }
    }
}

async fn connect(
    incoming: Incoming,
    place: Place,
    shared: Arc<Shared>,
    mut stop: watch::Receiver<bool>,
) {
    let remote = incoming.remote_address();
    let handshake = async { incoming.accept()?.await };
    let connected = tokio::select! {
        connected = tokio::time::timeout(shared.settings.handshake_timeout(), handshake) => connected,
        () = stopped(&mut stop) => return,
    };
    match connected {
        Ok(Ok(quic)) => Connection::new(quic, place, shared).run(stop).await,
        Ok(Err(error)) => {
            tracing::debug!(%remote, %error, "the handshake failed");
            let metrics = &shared.collaborators.metrics;
            metrics.count_turned_away(TurnedAway::Handshake);
        }
        Err(_) => {
            tracing::debug!(%remote, "the handshake took too long");
            let metrics = &shared.collaborators.metrics;
            metrics.count_turned_away(TurnedAway::Handshake);
        }
    }
}

/// A place among those that greet; dropping it lets the next one in.
#[derive(Debug)]
pub(super) struct Place {
    newcomers: Gauge,
    _permit: OwnedSemaphorePermit,
}

impl Place {
    fn new(permit: OwnedSemaphorePermit, shared: &Shared) -> Self {
        let newcomers = shared.collaborators.metrics.newcomers.clone();
        newcomers.inc();
        Self {
            newcomers,
            _permit: permit,
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.newcomers.dec();
    }
}

/// Waits until the listener stops or is dropped.
pub(super) async fn stopped(stop: &mut watch::Receiver<bool>) {
    // An error means that the listener was dropped.
    drop(stop.wait_for(|stop| *stop).await);
}

fn note_end(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended {
        tracing::error!(%error, "the task of a connection failed");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn newcomers_prove_their_address_under_load_and_are_refused_when_it_is_full() {
        let settings = Settings {
            connections_max: 2,
            newcomers_max: 1,
            connections_unproven_max: 2,
            ..Settings::default()
        };
        for (open, is_proven, choice) in [
            (0, false, Choice::Accept),
            (1, false, Choice::Accept),
            (2, false, Choice::Retry),
            (2, true, Choice::Accept),
            (4, true, Choice::Refuse),
            (4, false, Choice::Refuse),
        ] {
            assert_eq!(
                choose(&settings, open, is_proven),
                choice,
                "{open} {is_proven}"
            );
        }
    }
}
