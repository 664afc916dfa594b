//! The collector's sender: from the spool to the server, for as long as the collector runs.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use futures::stream::{FuturesUnordered, StreamExt};
use platform::Entropy;
use schema::Lsn;
use tokio::sync::watch;
use tracing::{error, info, warn};
use wire::Token;
use wire::v1::{RefusalCode, Status};

use super::connection::{Connection, Route};
use super::enrolment::enrol;
use super::identity::{Identity, Shelf};
use crate::Error;
use crate::config::SpoolUntil;
use crate::instance::{Backoff, Level, Outlet};
use crate::spool::{BatchId, Spool};

/// What a sender works with.
#[derive(Debug)]
pub(crate) struct SenderSettings {
    pub(crate) collector: String,
    pub(crate) token: Option<Token>,
    /// Addresses of the configuration; empty takes those of the token or the enrolment.
    pub(crate) server: Vec<String>,
    pub(crate) until: SpoolUntil,
    pub(crate) shelf: Shelf,
    pub(crate) entropy: Arc<dyn Entropy>,
    /// For the skipped ticks that the server is told.
    pub(crate) instances: Vec<Arc<dyn SkippedTicks>>,
}

/// Something that counts skipped ticks.
pub(crate) trait SkippedTicks: std::fmt::Debug + Send + Sync {
    /// Returns how many there were since the collector started.
    fn skipped_ticks(&self) -> u64;
}

/// The sender.
#[derive(Debug)]
pub(crate) struct Sender {
    settings: SenderSettings,
    spool: Arc<Spool>,
    identity: Identity,
    backoff: Backoff,
    /// Batches that were denied once; a second denial is final.
    denied: HashSet<BatchId>,
}

/// What became of a batch that was sent.
enum Outcome {
    /// It is decided.
    Settled,
    /// The batch waits again, and the connection is of no more use.
    Broken(Error),
}

impl Sender {
    /// Returns a sender that has not connected yet.
    pub(crate) fn new(settings: SenderSettings, spool: Arc<Spool>, identity: Identity) -> Self {
        Self {
            settings,
            spool,
            identity,
            backoff: Backoff::default(),
            denied: HashSet::new(),
        }
    }

    /// Sends until `shutdown` turns true.
    pub(crate) async fn run(mut self, mut shutdown: watch::Receiver<bool>) {
        loop {
            let work = async {
                let error = self.serve().await;
                let asked = match &error {
                    Error::Refused { retry_after_ms, .. } => u64::from(*retry_after_ms),
                    _ => 0,
                };
                let wait = self
                    .backoff
                    .fail(self.random())
                    .max(Duration::from_millis(asked));
                let wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
                warn!(%error, wait_ms, "not connected to the server, batches stay in the spool");
                tokio::time::sleep(wait).await;
            };
            tokio::select! {
                () = work => {}
                _ = shutdown.wait_for(|is_stopping| *is_stopping) => return,
            }
        }
    }

    /// Connects, enrolling first where there is no certificate or a token that gave none yet, and sends until the connection ends.
    async fn serve(&mut self) -> Error {
        match self.connect().await {
            Err(error) => error,
            Ok(connection) => {
                self.backoff.succeed();
                self.spool.send_again();
                let error = self.send_all(&connection).await;
                connection.close().await;
                error
            }
        }
    }

    async fn connect(&mut self) -> Result<Connection, Error> {
        let token = self.settings.token.as_ref();
        let is_new = token.is_some_and(|token| self.identity.is_new(token));
        if is_new || self.identity.enrolment().is_none() {
            self.enrol().await?;
        }
        let Some(enrolment) = self.identity.enrolment() else {
            return Err(Error::Stopping);
        };
        let route = Route {
            addresses: self.addresses(&enrolment.route.addresses),
            authority_sha256: enrolment.route.authority_sha256,
        };
        let credentials = self.identity.credentials();
        let name = &self.settings.collector;
        let connection =
            Connection::connect(&route, &credentials, name, self.spool.epoch()).await?;
        info!(
            server_version = connection.welcome().version,
            "connected to the server"
        );
        Ok(connection)
    }

    async fn enrol(&mut self) -> Result<(), Error> {
        let Some(token) = &self.settings.token else {
            return Err(Error::Config {
                place: "collector.token".into(),
                reason: "this collector is not enrolled: `pganalytics collector register` prints a token".into(),
            });
        };
        let addresses = self.addresses(&token.quic);
        let enrolment = enrol(&self.identity, token, addresses, &self.settings.collector).await?;
        info!(collector = enrolment.collector, "enrolled");
        let (mut identity, shelf) = (self.identity.clone(), self.settings.shelf.clone());
        let store = move || identity.enrolled(&shelf, enrolment).map(|()| identity);
        self.identity = tokio::task::spawn_blocking(store)
            .await
            .map_err(|_| Error::Stopping)??;
        Ok(())
    }

    fn addresses(&self, learned: &[String]) -> Vec<String> {
        match self.settings.server.as_slice() {
            [] => learned.to_vec(),
            given => given.to_vec(),
        }
    }

    /// Keeps several batches under way until the connection ends.
    async fn send_all(&mut self, connection: &Connection) -> Error {
        let waits_for_archive =
            self.settings.until == SpoolUntil::Archived && connection.welcome().archives;
        let mut under_way = FuturesUnordered::new();
        let mut archived = connection.archived();
        let mut status = tokio::time::interval(STATUS_INTERVAL);
        loop {
            while under_way.len() < connection.in_flight_max() {
                match self.spool.next().await {
                    Ok(Some((id, frame))) => {
                        under_way.push(async move { (id, deliver(connection, &frame).await) });
                    }
                    Ok(None) => break,
                    Err(error) => return error,
                }
            }
            let spool = Arc::clone(&self.spool);
            tokio::select! {
                Some((id, answer)) = under_way.next() => {
                    if let Outcome::Broken(error) = self.settle(id, answer, waits_for_archive).await {
                        return error;
                    }
                }
                () = spool.arrival(), if under_way.len() < connection.in_flight_max() => {}
                Ok(()) = archived.changed() => {
                    let before: Lsn = *archived.borrow_and_update();
                    self.spool.archived(before).await;
                }
                _ = status.tick() => {
                    if let Err(error) = connection.report(self.status()).await {
                        return error;
                    }
                }
                error = connection.ended() => return error,
            }
        }
    }

    async fn settle(
        &mut self,
        id: BatchId,
        answer: Result<Lsn, Error>,
        waits_for_archive: bool,
    ) -> Outcome {
        match answer {
            Ok(lsn) => {
                self.denied.remove(&id);
                self.spool.acknowledged(id, lsn, waits_for_archive).await;
                Outcome::Settled
            }
            Err(Error::Refused {
                code: RefusalCode::Invalid,
                reason,
                ..
            }) => {
                error!(
                    sequence = id.sequence.0,
                    reason, "the server will never take this batch: dropped"
                );
                self.spool.refused(id).await;
                Outcome::Settled
            }
            // The certificate may have been revoked, which the next connection tells; else it is the
            // batch that may not be written, now and later.
            Err(Error::Refused {
                code: RefusalCode::Denied,
                reason,
                ..
            }) if !self.denied.insert(id) => {
                error!(
                    sequence = id.sequence.0,
                    reason, "this batch may not be written: dropped"
                );
                self.denied.remove(&id);
                self.spool.refused(id).await;
                Outcome::Settled
            }
            Err(error) => {
                self.spool.returned(id);
                Outcome::Broken(error)
            }
        }
    }

    fn status(&self) -> Status {
        let Level { bytes, batches } = self.spool.level();
        let counters = self.spool.counters();
        Status {
            buffered_bytes: bytes,
            buffered_batches: batches,
            dropped_batches: counters.dropped.load(Relaxed) + counters.refused.load(Relaxed),
            skipped_ticks: self
                .settings
                .instances
                .iter()
                .map(|one| one.skipped_ticks())
                .sum(),
            oldest_time: self.spool.oldest().unwrap_or(0),
        }
    }

    fn random(&self) -> u64 {
        let mut bytes = [0; 8];
        self.settings.entropy.fill(&mut bytes);
        u64::from_le_bytes(bytes)
    }
}

/// Sends a batch until it is taken or refused for good; an overloaded server is asked again when it
/// says so.
async fn deliver(connection: &Connection, frame: &wire::BatchFrame) -> Result<Lsn, Error> {
    loop {
        match connection.send(frame).await {
            Ok(ack) => return Ok(Lsn::new(ack.lsn)),
            Err(Error::Refused {
                code,
                retry_after_ms,
                ..
            }) if is_passing(code) => {
                let wait_ms = u64::from(retry_after_ms).clamp(WAIT_MIN_MS, WAIT_MAX_MS);
                tokio::time::sleep(Duration::from_millis(wait_ms)).await;
            }
            Err(error) => return Err(error),
        }
    }
}

fn is_passing(code: RefusalCode) -> bool {
    matches!(
        code,
        RefusalCode::Overloaded | RefusalCode::Unavailable | RefusalCode::Unknown
    )
}

const STATUS_INTERVAL: Duration = Duration::from_secs(5);
const WAIT_MIN_MS: u64 = 50;
const WAIT_MAX_MS: u64 = 60_000;
