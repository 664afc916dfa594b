//! The collaborators of the query engine: the store, the clock, the threads, other people's tables.

use std::fmt;
use std::sync::Arc;

use schema::Timestamp;

use crate::SystemSource;

/// What the query engine works with.
#[derive(Debug, Clone)]
pub struct Environment {
    /// The store.
    pub engine: engine::Engine,
    /// The wall clock.
    pub now: Now,
    /// What every query thread calls first; the server lowers its priority there.
    pub thread_start: ThreadStart,
    /// Tables of the schema `system` that others fill (`collectors`, `backups`, `settings`).
    pub system: Vec<Arc<dyn SystemSource>>,
}

/// Tells the time.
#[derive(Clone)]
pub struct Now(Arc<dyn Fn() -> Timestamp + Send + Sync>);

impl Now {
    /// Returns a clock that asks the closure.
    pub fn new(now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// Returns the present time.
    pub(crate) fn get(&self) -> Timestamp {
        (self.0)()
    }
}

impl fmt::Debug for Now {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Now")
    }
}

/// What a query thread does first.
#[derive(Clone)]
pub struct ThreadStart(Arc<dyn Fn() + Send + Sync>);

impl ThreadStart {
    /// Returns a hook that calls the closure.
    pub fn new(hook: impl Fn() + Send + Sync + 'static) -> Self {
        Self(Arc::new(hook))
    }

    /// Returns a hook that does nothing.
    pub fn none() -> Self {
        Self::new(|| ())
    }

    pub(crate) fn call(&self) {
        (self.0)();
    }
}

impl fmt::Debug for ThreadStart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ThreadStart")
    }
}
