//! The accept loop: who may begin a handshake, and the tasks of those who did.

use std::sync::Arc;

use quinn::{Endpoint, Incoming, VarInt};
use tokio::sync::watch;
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
            incoming = endpoint.accept() => match incoming {
                Some(incoming) => receive(incoming, &shared, &connections_stop, &mut tasks),
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

/// What to do with a newcomer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Choice {
    Accept,
    /// It must first show that it receives what is sent to its address.
    Retry,
    Refuse,
}

fn choose(settings: &Settings, open: usize, is_proven: bool) -> Choice {
    if open >= settings.connections_max {
        return Choice::Refuse;
    }
    if open >= settings.connections_unproven_max && !is_proven {
        return Choice::Retry;
    }
    Choice::Accept
}

fn receive(
    incoming: Incoming,
    shared: &Arc<Shared>,
    stop: &watch::Receiver<bool>,
    tasks: &mut JoinSet<()>,
) {
    let is_proven = incoming.remote_address_validated() || !incoming.may_retry();
    match choose(&shared.settings, tasks.len(), is_proven) {
        Choice::Accept => {
            tasks.spawn(connect(incoming, Arc::clone(shared), stop.clone()));
        }
        // `may_retry` was asked above, so this cannot fail.
        Choice::Retry => drop(incoming.retry()),
        Choice::Refuse => {
            let metrics = &shared.collaborators.metrics;
            metrics.count_turned_away(TurnedAway::Full);
            incoming.refuse();
        }
    }
}

async fn connect(incoming: Incoming, shared: Arc<Shared>, mut stop: watch::Receiver<bool>) {
    let remote = incoming.remote_address();
    let handshake = async { incoming.accept()?.await };
    let connected = tokio::select! {
        connected = tokio::time::timeout(shared.settings.handshake_timeout(), handshake) => connected,
        () = stopped(&mut stop) => return,
    };
    match connected {
        Ok(Ok(quic)) => Connection::new(quic, shared).run(stop).await,
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
            connections_max: 4,
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
