//! The accept loop: who may begin a handshake, and the tasks of those who did.

use std::sync::Arc;

use quinn::{Endpoint, Incoming, VarInt};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::Shared;
use super::connection::Connection;
use super::newcomers::Place;
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
    // Who knocked and waits for a place among those that greet; the next ones wait in the endpoint.
    let mut knocking: Option<Incoming> = None;
    loop {
        tokio::select! {
            incoming = endpoint.accept(), if knocking.is_none() => match incoming {
                Some(incoming) => knocking = Some(incoming),
                None => break,
            },
            Some(place) = shared.newcomers.place(), if knocking.is_some() => {
                if let Some(incoming) = knocking.take() {
                    let open = endpoint.open_connections();
                    let newcomer = Newcomer { incoming, place };
                    receive(newcomer, open, &shared, &connections_stop, &mut tasks);
                }
            }
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
    place: Place,
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
    let Newcomer { incoming, place } = newcomer;
    let is_proven = incoming.remote_address_validated() || !incoming.may_retry();
    match choose(&shared.settings, open, is_proven) {
        Choice::Accept => {
            tasks.spawn(connect(incoming, place, Arc::clone(shared), stop.clone()));
        }
        // `may_retry` was asked above, so this cannot fail.
        Choice::Retry => drop(incoming.retry()),
        Choice::Refuse => {
            count(shared, TurnedAway::Crowd);
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
        () = place.wanted() => {
            tracing::debug!(%remote, "the handshake makes place for another");
            return count(&shared, TurnedAway::Silent);
        }
        () = stopped(&mut stop) => return,
    };
    match connected {
        Ok(Ok(quic)) => Connection::new(quic, place, shared).run(stop).await,
        Ok(Err(error)) => {
            tracing::debug!(%remote, %error, "the handshake failed");
            count(&shared, TurnedAway::Handshake);
        }
        Err(_) => {
            tracing::debug!(%remote, "the handshake took too long");
            count(&shared, TurnedAway::Handshake);
        }
    }
}

fn count(shared: &Shared, turned_away: TurnedAway) {
    let metrics = &shared.collaborators.metrics;
    metrics.count_turned_away(turned_away);
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
