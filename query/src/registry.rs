//! The queries that run or wait: to be listed, cancelled, timed out and waited for.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

use parking_lot::Mutex;
use schema::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use crate::{Error, environment::Now};

/// The name of a query: unique in this server, also across restarts.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct QueryId(String);

impl QueryId {
    /// Returns the id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for QueryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// All queries that have not ended.
#[derive(Debug)]
pub(crate) struct Registry {
    opened: Timestamp,
    now: Now,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    last: u64,
    running: BTreeMap<u64, Arc<Running>>,
}

impl Registry {
    pub(crate) fn new(now: Now) -> Self {
        Self {
            opened: now.get(),
            now,
            state: Mutex::default(),
        }
    }

    /// Enters a query, which stays until its [`Entry`] is dropped.
    pub(crate) fn enter(self: &Arc<Self>, sql: &str, timeout_ms: u64) -> Entry {
        let mut state = self.state.lock();
        state.last += 1;
        let number = state.last;
        let running = Arc::new(Running {
            id: QueryId(format!("{:x}-{number}", self.opened.nanos())),
            sql: sql.chars().take(SHOWN_CHARACTERS_MAX).collect(),
            started: self.now.get(),
            now: self.now.clone(),
            timeout_ms,
            phase: AtomicU8::new(Phase::Waiting as u8),
            rows: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            stop: watch::Sender::new(None),
        });
        state.running.insert(number, Arc::clone(&running));
        drop(state);
        Entry {
            registry: Arc::clone(self),
            number,
            running,
        }
    }

    /// Returns the queries, the oldest first.
    pub(crate) fn running(&self) -> Vec<Arc<Running>> {
        self.state.lock().running.values().cloned().collect()
    }

    /// Stops a query by its id.
    ///
    /// # Errors
    /// [`Error::NoSuchQuery`] when none of that id runs or waits.
    pub(crate) fn cancel(&self, id: &str) -> Result<(), Error> {
        let query = self.running().into_iter().find(|query| query.id.0 == id);
        match query {
            Some(query) => {
                query.stop(Stop::Cancelled);
                Ok(())
            }
            None => Err(Error::NoSuchQuery {
                id: id.chars().take(SHOWN_CHARACTERS_MAX).collect(),
            }),
        }
    }
}

/// A query's place in the registry.
#[derive(Debug)]
pub(crate) struct Entry {
    registry: Arc<Registry>,
    number: u64,
    pub(crate) running: Arc<Running>,
}

impl Drop for Entry {
    fn drop(&mut self) {
        // A reader that still waits learns that nothing will come; one that has its end does not ask.
        self.running.stop(Stop::Closing);
        self.registry.state.lock().running.remove(&self.number);
    }
}

/// One query, as others see it.
#[derive(Debug)]
pub(crate) struct Running {
    id: QueryId,
    sql: String,
    started: Timestamp,
    now: Now,
    timeout_ms: u64,
    phase: AtomicU8,
    rows: AtomicU64,
    bytes: AtomicU64,
    stop: watch::Sender<Option<Stop>>,
}

impl Running {
    pub(crate) fn id(&self) -> &QueryId {
        &self.id
    }

    pub(crate) fn sql(&self) -> &str {
        &self.sql
    }

    pub(crate) fn started(&self) -> Timestamp {
        self.started
    }

    pub(crate) fn timeout_ms(&self) -> u64 {
        self.timeout_ms
    }

    pub(crate) fn elapsed_ms(&self) -> u64 {
        let nanos = self.now.get().nanos().saturating_sub(self.started.nanos());
        u64::try_from(nanos).unwrap_or(0) / 1_000_000
    }

    pub(crate) fn phase(&self) -> Phase {
        if self.stop.borrow().is_some() {
            return Phase::Stopping;
        }
        match self.phase.load(Ordering::Relaxed) {
            0 => Phase::Waiting,
            1 => Phase::Planning,
            _ => Phase::Running,
        }
    }

    pub(crate) fn enter(&self, phase: Phase) {
        self.phase.store(phase as u8, Ordering::Relaxed);
    }

    pub(crate) fn rows(&self) -> u64 {
        self.rows.load(Ordering::Relaxed)
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Counts rows, and returns how many there are now.
    pub(crate) fn add_rows(&self, rows: usize) -> u64 {
        self.rows.fetch_add(rows as u64, Ordering::Relaxed) + rows as u64
    }

    /// Counts bytes, and returns how many there are now.
    pub(crate) fn add_bytes(&self, bytes: usize) -> u64 {
        self.bytes.fetch_add(bytes as u64, Ordering::Relaxed) + bytes as u64
    }

    /// Says that the query is to end; the first reason stands.
    pub(crate) fn stop(&self, reason: Stop) {
        self.stop.send_if_modified(|stop| {
            let first = stop.is_none();
            if first {
                *stop = Some(reason);
            }
            first
        });
    }

    /// Waits until the query is to end, and returns why.
    pub(crate) async fn stopped(&self) -> Stop {
        let mut stop = self.stop.subscribe();
        match stop.wait_for(Option::is_some).await {
            Ok(reason) => reason.clone().unwrap_or(Stop::Closing),
            Err(_) => Stop::Closing,
        }
    }
}

/// How far a query has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    Waiting = 0,
    Planning = 1,
    Running = 2,
    Stopping = 3,
}

impl Phase {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Planning => "planning",
            Self::Running => "running",
            Self::Stopping => "stopping",
        }
    }
}

/// Why a query is to end before its last row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Stop {
    Timeout,
    Cancelled,
    Closing,
    Panicked(String),
}

/// How much of a text `system.queries` shows.
const SHOWN_CHARACTERS_MAX: usize = 4_096;

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use schema::Timestamp;

    use super::{Phase, Registry, Stop};
    use crate::environment::Now;

    fn registry() -> Arc<Registry> {
        Arc::new(Registry::new(Now::new(|| Timestamp::from_nanos(255))))
    }

    #[test]
    fn a_query_is_listed_until_its_entry_is_dropped() {
        let registry = registry();
        let entry = registry.enter("select 1", 10);
        assert_eq!(registry.running().len(), 1);
        assert_eq!(entry.running.id().as_str(), "ff-1");
        assert_eq!(entry.running.phase(), Phase::Waiting);
        drop(entry);
        assert!(registry.running().is_empty());
        assert!(registry.cancel("ff-1").is_err());
    }

    #[tokio::test]
    async fn the_first_reason_to_stop_stands() {
        let registry = registry();
        let entry = registry.enter("select 1", 10);
        registry.cancel("ff-1").unwrap();
        entry.running.stop(Stop::Timeout);
        assert_eq!(entry.running.stopped().await, Stop::Cancelled);
        assert_eq!(entry.running.phase(), Phase::Stopping);
    }
}
