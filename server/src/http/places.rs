//! Places for connections: how many may be open, and who goes when another wants to come in (E-3).
//!
//! ```text
//!   a newcomer ── a place is free ──────────────── takes it
//!              ── all are taken, some are idle ─── the one that is idle longest goes, its place is taken
//!              ── all are busy ─────────────────── one of a few places more, where probes and metrics
//!                                                  are answered and everything else is refused
//!              ── those are taken as well ──────── waits, the others behind it in the system's queue
//! ```
//! Places for probes are for one request each, which must come at once.
//! A connection is idle while it has no request under way: also before its first, and while the head
//! of one comes in slowly.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use crate::metrics::{Closed, Metrics};

/// The places of a door.
#[derive(Debug)]
pub(super) struct Places {
    connections_max: usize,
    probes_max: usize,
    state: Mutex<State>,
    /// A place is free, or somebody who was told to go has become busy.
    changed: Notify,
    metrics: Metrics,
}

#[derive(Debug, Default)]
struct State {
    next_id: u64,
    open: HashMap<u64, Open>,
    /// How many of them are for probes.
    probes: usize,
}

#[derive(Debug)]
struct Open {
    is_for_probes: bool,
    /// `None` while requests are under way.
    idle_since: Option<Instant>,
    requests: usize,
    has_asked: bool,
    told: watch::Sender<bool>,
}

/// A place; dropping it gives it up.
#[derive(Debug)]
pub(super) struct Place {
    places: Arc<Places>,
    id: u64,
    is_for_probes: bool,
    told: watch::Receiver<bool>,
}

/// Where the requests of a connection are counted.
#[derive(Debug, Clone)]
pub(super) struct Requests {
    places: Arc<Places>,
    id: u64,
}

/// A request under way; dropping it ends it.
#[derive(Debug)]
pub(super) struct Busy(Requests);

/// What a newcomer finds.
enum Found {
    Place(Place),
    /// Somebody goes, or must end first.
    Nothing,
}

impl Places {
    /// Returns free places, and a few more for probes.
    pub(super) fn new(connections_max: usize, probes_max: usize, metrics: Metrics) -> Self {
        Self {
            connections_max,
            probes_max,
            state: Mutex::default(),
            changed: Notify::new(),
            metrics,
        }
    }

    /// Waits for a place.
    ///
    /// Cancellation: nothing is taken.
    pub(super) async fn enter(self: &Arc<Self>) -> Place {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            // From here on a change is not missed.
            changed.as_mut().enable();
            match self.look() {
                Found::Place(place) => return place,
                Found::Nothing => changed.await,
            }
        }
    }

    fn look(self: &Arc<Self>) -> Found {
        let mut state = self.state.lock();
        if state.open.len() - state.probes < self.connections_max {
            return Found::Place(self.take(&mut state, false));
        }
        let idle = state
            .open
            .values()
            .filter(|open| open.idle_since.is_some() && !open.is_for_probes);
        if idle.clone().any(|open| *open.told.borrow()) {
            return Found::Nothing;
        }
        if let Some(longest) = idle.min_by_key(|open| open.idle_since) {
            longest.told.send_replace(true);
            self.metrics.count_http_closed(Closed::Idle);
            return Found::Nothing;
        }
        if state.probes < self.probes_max {
            self.metrics.count_http_closed(Closed::Full);
            return Found::Place(self.take(&mut state, true));
        }
        Found::Nothing
    }

    fn take(self: &Arc<Self>, state: &mut State, is_for_probes: bool) -> Place {
        let id = state.next_id;
        state.next_id += 1;
        let (tell, told) = watch::channel(false);
        let open = Open {
            is_for_probes,
            idle_since: Some(Instant::now()),
            requests: 0,
            has_asked: false,
            told: tell,
        };
        state.open.insert(id, open);
        match is_for_probes {
            true => state.probes += 1,
            false => {
                self.metrics.http_connections.inc();
            }
        }
        Place {
            places: Arc::clone(self),
            id,
            is_for_probes,
            told,
        }
    }
}

impl Place {
    /// Tells whether only probes are answered here.
    pub(super) const fn is_for_probes(&self) -> bool {
        self.is_for_probes
    }

    /// Returns where requests of this connection are counted.
    pub(super) fn requests(&self) -> Requests {
        Requests {
            places: Arc::clone(&self.places),
            id: self.id,
        }
    }

    /// Tells whether no request is under way.
    pub(super) fn is_idle(&self) -> bool {
        let state = self.places.state.lock();
        let open = state.open.get(&self.id);
        open.is_none_or(|open| open.idle_since.is_some())
    }

    /// Returns when the connection must go if nothing comes: a first request, or another. Nothing while it is
    /// busy.
    fn deadline(&self, first: Duration, next: Duration) -> Option<Instant> {
        let (first, next) = match self.is_for_probes {
            true => (first.min(PROBE_PATIENCE), Duration::ZERO),
            false => (first, next),
        };
        let state = self.places.state.lock();
        let open = state.open.get(&self.id)?;
        let patience = if open.has_asked { next } else { first };
        open.idle_since.map(|since| since + patience)
    }

    /// Returns once the connection must go: it was told to, or was idle for too long.
    ///
    /// Cancellation: asking again is enough.
    pub(super) async fn must_go(&mut self, first: Duration, next: Duration) {
        loop {
            let look_at = self.deadline(first, next);
            let look_at = look_at.unwrap_or_else(|| Instant::now() + BUSY_LOOK_EVERY);
            let told = self.told.wait_for(|told| *told);
            // An error would mean that the place is gone, and so is its connection.
            if tokio::time::timeout_at(look_at, told).await.is_ok() {
                return;
            }
            let deadline = self.deadline(first, next);
            if deadline.is_some_and(|deadline| deadline <= Instant::now()) {
                if !self.is_for_probes {
                    self.places.metrics.count_http_closed(Closed::Slow);
                }
                return;
            }
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        {
            let mut state = self.places.state.lock();
            state.open.remove(&self.id);
            match self.is_for_probes {
                true => state.probes -= 1,
                false => {
                    self.places.metrics.http_connections.dec();
                }
            }
        }
        self.places.changed.notify_waiters();
    }
}

impl Requests {
    /// Begins a request.
    pub(super) fn begin(&self) -> Busy {
        self.begin_with(|open| open.has_asked = true)
    }

    /// Begins to wait for the client to take what was sent.
    pub(super) fn begin_sending(&self) -> Busy {
        self.begin_with(|_| ())
    }

    fn begin_with(&self, note: impl FnOnce(&mut Open)) -> Busy {
        let begin = |open: &mut Open| {
            note(open);
            open.begin();
            *open.told.borrow()
        };
        if self.open(begin).unwrap_or(false) {
            // Whoever waits for this place looks for another.
            self.places.changed.notify_waiters();
        }
        Busy(self.clone())
    }

    fn open<T>(&self, change: impl FnOnce(&mut Open) -> T) -> Option<T> {
        self.places.state.lock().open.get_mut(&self.id).map(change)
    }
}

impl Open {
    fn begin(&mut self) {
        self.requests += 1;
        self.idle_since = None;
    }

    fn end(&mut self) {
        self.requests -= 1;
        if self.requests == 0 {
            self.idle_since = Some(Instant::now());
        }
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.open(Open::end);
        // Now somebody may be asked to go.
        self.0.places.changed.notify_waiters();
    }
}

/// Where only probes are answered, somebody else waits for the place.
const PROBE_PATIENCE: Duration = Duration::from_secs(2);
/// How often a busy connection is looked at: whether it is idle again.
const BUSY_LOOK_EVERY: Duration = Duration::from_millis(500);

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(3_600);

    fn places(connections_max: usize, probes_max: usize) -> Arc<Places> {
        Arc::new(Places::new(connections_max, probes_max, Metrics::default()))
    }

    /// Polls once.
    async fn now<F: Future>(future: &mut std::pin::Pin<Box<F>>) -> Option<F::Output> {
        std::future::poll_fn(|context| {
            std::task::Poll::Ready(match future.as_mut().poll(context) {
                std::task::Poll::Ready(output) => Some(output),
                std::task::Poll::Pending => None,
            })
        })
        .await
    }

    #[tokio::test]
    async fn the_one_that_is_idle_longest_goes_and_its_place_is_taken() {
        let places = places(3, 1);
        let mut old = places.enter().await;
        let mut young = places.enter().await;
        let busy_place = places.enter().await;
        let _busy = busy_place.requests().begin();
        let mut waiting = Box::pin(places.enter());
        assert!(now(&mut waiting).await.is_none());
        old.must_go(LONG, LONG).await;
        assert!(
            now(&mut Box::pin(young.must_go(LONG, LONG)))
                .await
                .is_none()
        );
        assert!(now(&mut waiting).await.is_none(), "it is not gone yet");
        drop(old);
        let place = now(&mut waiting).await.expect("there is a place now");
        assert!(!place.is_for_probes());
    }

    #[tokio::test]
    async fn where_all_are_busy_probes_are_answered_and_the_rest_waits() {
        let places = places(2, 1);
        let (one, two) = (places.enter().await, places.enter().await);
        let (busy, _busy) = (one.requests().begin(), two.requests().begin());
        let probe = places.enter().await;
        assert!(probe.is_for_probes());
        let mut waiting = Box::pin(places.enter());
        assert!(now(&mut waiting).await.is_none());
        drop(probe);
        let probe = now(&mut waiting)
            .await
            .expect("the place of the other probe");
        assert!(probe.is_for_probes());
        let mut waiting = Box::pin(places.enter());
        assert!(now(&mut waiting).await.is_none());
        // A request ends: its connection is idle, and goes.
        drop(busy);
        assert!(now(&mut waiting).await.is_none());
        drop(one);
        let place = now(&mut waiting).await.expect("there is a place now");
        assert!(!place.is_for_probes());
    }

    #[tokio::test]
    async fn who_was_told_to_go_and_asks_something_is_not_waited_for() {
        let places = places(2, 1);
        let (one, _two) = (places.enter().await, places.enter().await);
        let mut waiting = Box::pin(places.enter());
        assert!(now(&mut waiting).await.is_none());
        let _busy = one.requests().begin();
        assert!(now(&mut waiting).await.is_none(), "the other is told");
        assert!(
            places
                .state
                .lock()
                .open
                .values()
                .all(|open| *open.told.borrow())
        );
    }

    #[tokio::test]
    async fn a_first_request_is_waited_for_shortly_and_another_for_long() {
        let places = places(8, 1);
        let mut silent = places.enter().await;
        silent.must_go(Duration::ZERO, LONG).await;
        let mut asked = places.enter().await;
        drop(asked.requests().begin());
        assert!(
            now(&mut Box::pin(asked.must_go(Duration::ZERO, LONG)))
                .await
                .is_none()
        );
        asked.must_go(LONG, Duration::ZERO).await;
        let mut working = places.enter().await;
        let _busy = working.requests().begin();
        assert!(!working.is_idle());
        assert!(
            now(&mut Box::pin(working.must_go(LONG, LONG)))
                .await
                .is_none()
        );
    }
    #[tokio::test]
    async fn a_place_for_probes_is_for_one_request_that_comes_at_once() {
        let places = places(1, 2);
        let one = places.enter().await;
        let _busy = one.requests().begin();
        let (silent, mut asked) = (places.enter().await, places.enter().await);
        assert!(silent.is_for_probes() && asked.is_for_probes());
        let deadline = silent.deadline(LONG, LONG).expect("it is idle");
        assert!(deadline <= Instant::now() + PROBE_PATIENCE);
        let answering = asked.requests().begin();
        assert_eq!(asked.deadline(LONG, LONG), None, "it is being answered");
        drop(answering);
        asked.must_go(LONG, LONG).await;
    }
}
