//! A session of the collector: few, bounded in time on both sides, and told what server it is on.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_postgres::SimpleQueryMessage;

use super::connect::reason;
use super::{Connection, Target, connect};
use crate::Error;
use crate::sample::version::Version;
use crate::sample::view::MARKER;

/// How long the server may work and wait for us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limits {
    /// `statement_timeout`; we wait a little longer, then cancel.
    pub(crate) statement_timeout_ms: u64,
    /// `lock_timeout`.
    pub(crate) lock_timeout_ms: u64,
}

/// The connections that an instance may have.
#[derive(Debug, Clone)]
pub(crate) struct Permits(Arc<Semaphore>);

impl Permits {
    /// Returns the permits of one instance: two, one for activity and one for the rest.
    pub(crate) fn new() -> Self {
        Self(Arc::new(Semaphore::new(CONNECTIONS_MAX)))
    }

    /// Returns how many connections there are.
    pub(crate) fn taken(&self) -> usize {
        CONNECTIONS_MAX - self.0.available_permits()
    }
}

/// An open session.
#[derive(Debug)]
pub(crate) struct Session {
    connection: Connection,
    limits: Limits,
    /// The server's major version.
    pub(crate) version: Version,
    /// When the server started, in microseconds since the Unix epoch.
    pub(crate) server_started: i64,
    /// The process that serves us.
    pub(crate) pid: i64,
    // Behind the connection: the permit is given back after the socket is closed.
    _permit: OwnedSemaphorePermit,
}

/// The rows of one statement, as text.
pub(crate) type ResultSet = Vec<tokio_postgres::SimpleQueryRow>;

impl Session {
    /// Opens a session.
    ///
    /// # Errors
    /// Those of [`connect`]; [`Error::Connection`] also when the instance has its two connections.
    pub(crate) async fn open(
        target: &Target,
        permits: &Permits,
        limits: Limits,
    ) -> Result<Self, Error> {
        let permit = Arc::clone(&permits.0).try_acquire_owned();
        let permit = permit.map_err(|_| Error::Connection {
            reason: format!("{CONNECTIONS_MAX} connections are open already"),
        })?;
        let connection = connect(target).await?;
        let mut session = Self {
            connection,
            limits,
            version: Version::FIRST,
            server_started: 0,
            pid: 0,
            _permit: permit,
        };
        session.query(&settings(limits)).await?;
        session.learn().await?;
        Ok(session)
    }

    /// Runs statements over the simple protocol, which poolers understand, and returns their rows.
    ///
    /// # Errors
    /// [`Error::Statement`] when PostgreSQL refuses, [`Error::Timeout`] after the statement was
    /// cancelled, [`Error::Connection`] when the connection broke. After the latter two the session
    /// is of no more use.
    pub(crate) async fn query(&self, statements: &str) -> Result<Vec<ResultSet>, Error> {
        let timeout_ms = self.limits.statement_timeout_ms + GRACE_MS;
        let answer = self.connection.client().simple_query(statements);
        match tokio::time::timeout(Duration::from_millis(timeout_ms), answer).await {
            Ok(Ok(messages)) => Ok(result_sets(messages)),
            Ok(Err(error)) => Err(from_driver(&error)),
            Err(_) => {
                // Dropping the future would leave the statement running on the server.
                self.connection.cancel().await;
                Err(Error::Timeout { timeout_ms })
            }
        }
    }

    /// Sets another time limit for what follows.
    ///
    /// # Errors
    /// Those of [`Self::query`].
    pub(crate) async fn limit(&mut self, statement_timeout_ms: u64) -> Result<(), Error> {
        self.query(&format!(
            "{MARKER} SET statement_timeout = {statement_timeout_ms}"
        ))
        .await?;
        // Only now: on failure server and client keep the limit of before.
        self.limits.statement_timeout_ms = statement_timeout_ms;
        Ok(())
    }

    /// Asks the server to give up what it is doing for us.
    pub(crate) async fn cancel(&self) {
        self.connection.cancel().await;
    }

    async fn learn(&mut self) -> Result<(), Error> {
        let sets = self.query(&format!("{MARKER} {FACTS}")).await?;
        let row = sets.first().and_then(|set| set.first());
        let cell = |at| {
            row.and_then(|row| row.try_get(at).ok().flatten())
                .unwrap_or_default()
        };
        self.version = Version::of_server(cell(0)).unwrap_or(Version::FIRST);
        self.server_started = cell(1).parse().unwrap_or(0);
        self.pid = cell(2).parse().unwrap_or(0);
        if self.version < OLDEST {
            return Err(Error::Connection {
                reason: format!(
                    "PostgreSQL {} is too old, {OLDEST} is the oldest",
                    self.version
                ),
            });
        }
        Ok(())
    }
}

/// Returns what every session sets: after connecting, since poolers refuse start-up options.
fn settings(limits: Limits) -> String {
    let Limits {
        statement_timeout_ms,
        lock_timeout_ms,
    } = limits;
    format!(
        "{MARKER} SET application_name = '{}'; SET statement_timeout = {statement_timeout_ms}; \
         SET lock_timeout = {lock_timeout_ms}; SET idle_in_transaction_session_timeout = 10000; \
         SET search_path = pg_catalog, pg_temp; SET default_transaction_read_only = on; \
         SET jit = off; SET max_parallel_workers_per_gather = 0",
        super::target::APPLICATION_NAME
    )
}

fn result_sets(messages: Vec<SimpleQueryMessage>) -> Vec<ResultSet> {
    let mut sets = Vec::new();
    let mut rows = Vec::new();
    for message in messages {
        match message {
            SimpleQueryMessage::Row(row) => rows.push(row),
            SimpleQueryMessage::CommandComplete(_) => sets.push(std::mem::take(&mut rows)),
            _ => {}
        }
    }
    sets
}

fn from_driver(error: &tokio_postgres::Error) -> Error {
    match error.as_db_error() {
        Some(db) if db.severity() != "FATAL" => Error::Statement {
            code: db.code().code().to_owned(),
            message: db.message().to_owned(),
        },
        _ => Error::Connection {
            reason: reason(error),
        },
    }
}

const FACTS: &str = "SELECT current_setting('server_version_num'), \
    (extract(epoch FROM pg_postmaster_start_time()) * 1000000)::bigint, pg_backend_pid()";
const OLDEST: Version = Version(13);
/// One for activity, which must not wait, and one for the rest.
const CONNECTIONS_MAX: usize = 2;
/// How much longer than the server we wait, so that its own timeout comes first.
const GRACE_MS: u64 = 2_000;
