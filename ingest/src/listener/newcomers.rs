//! The places of those that were not welcomed yet, and who has to give one up.
//!
//! A newcomer takes a place when it knocks and keeps it until it is welcomed or gone. Where all are
//! taken and another one knocks, the newcomer that has been silent longest goes, once that is longer
//! than it takes to shake hands or to greet over a long line. So who connects and says nothing keeps
//! nobody out for longer than that; how long it may stay where nobody waits, the timeouts say.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use prometheus_client::metrics::gauge::Gauge;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep_until};

/// The places of all newcomers (E-3).
#[derive(Debug)]
pub(super) struct Newcomers {
    places: Arc<Semaphore>,
    present: Mutex<Present>,
    shown: Gauge,
}

/// A place among those that greet; dropping it lets the next one in.
#[derive(Debug)]
pub(super) struct Place {
    newcomers: Arc<Newcomers>,
    id: u64,
    is_wanted: Arc<Notify>,
    _permit: OwnedSemaphorePermit,
}

/// Who has a place.
#[derive(Debug, Default)]
struct Present {
    newcomers: Vec<Newcomer>,
    count: u64,
}

#[derive(Debug)]
struct Newcomer {
    id: u64,
    stands: Stands,
    is_wanted: Arc<Notify>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stands {
    /// It has said nothing since.
    Silent(Instant),
    /// It waits for an answer of ours.
    Asked,
    /// It was told to go.
    Leaving,
}

impl Newcomers {
    /// Returns so many places, and shows in `shown` how many are taken.
    pub(super) fn new(places: usize, shown: Gauge) -> Self {
        Self {
            places: Arc::new(Semaphore::new(places)),
            present: Mutex::default(),
            shown,
        }
    }

    /// Waits for a place, and has one given up where all are taken; `None` is never returned while
    /// the listener lives.
    ///
    /// Cancellation: nothing is lost; who was told to go still goes.
    pub(super) async fn place(self: &Arc<Self>) -> Option<Place> {
        loop {
            let look_again = self.present.lock().look_again(Instant::now());
            tokio::select! {
                biased;
                permit = Arc::clone(&self.places).acquire_owned() => {
                    return permit.ok().map(|permit| self.take(permit));
                }
                () = sleep_until(look_again) => self.present.lock().dismiss(Instant::now()),
            }
        }
    }

    fn take(self: &Arc<Self>, permit: OwnedSemaphorePermit) -> Place {
        let is_wanted = Arc::new(Notify::new());
        let id = self
            .present
            .lock()
            .add(Instant::now(), Arc::clone(&is_wanted));
        self.shown.inc();
        Place {
            newcomers: Arc::clone(self),
            id,
            is_wanted,
            _permit: permit,
        }
    }
}

impl Place {
    /// Takes note that the newcomer has come a step further, or was answered.
    pub(super) fn spoke(&self) {
        let now = Stands::Silent(Instant::now());
        self.newcomers.present.lock().set(self.id, now);
    }

    /// Takes note that an answer is looked for: it is not the newcomer that is silent.
    pub(super) fn asked(&self) {
        self.newcomers.present.lock().set(self.id, Stands::Asked);
    }

    /// Waits until the place is to be given up.
    ///
    /// Cancellation: nothing is lost.
    pub(super) async fn wanted(&self) {
        self.is_wanted.notified().await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.newcomers.present.lock().remove(self.id);
        self.newcomers.shown.dec();
    }
}

impl Present {
    fn add(&mut self, now: Instant, is_wanted: Arc<Notify>) -> u64 {
        let id = self.count;
        self.count += 1;
        self.newcomers.push(Newcomer {
            id,
            stands: Stands::Silent(now),
            is_wanted,
        });
        id
    }

    fn remove(&mut self, id: u64) {
        self.newcomers.retain(|newcomer| newcomer.id != id);
    }

    fn set(&mut self, id: u64, stands: Stands) {
        let newcomer = self.newcomers.iter_mut().find(|one| one.id == id);
        if let Some(newcomer) = newcomer.filter(|one| one.stands != Stands::Leaving) {
            newcomer.stands = stands;
        }
    }

    /// Returns when somebody might have to go.
    fn look_again(&self, now: Instant) -> Instant {
        match self.silent_longest() {
            Some((since, _)) => now.max(since + SILENCE),
            None => now + SILENCE,
        }
    }

    /// Tells the one that is silent longest to go, if that is long enough.
    fn dismiss(&mut self, now: Instant) {
        if let Some((since, id)) = self.silent_longest()
            && now >= since + SILENCE
            && let Some(newcomer) = self.newcomers.iter_mut().find(|one| one.id == id)
        {
            newcomer.stands = Stands::Leaving;
            newcomer.is_wanted.notify_one();
        }
    }

    /// Returns since when the one that is silent longest is, and which that is; `None` also while
    /// one is leaving, since one at a time is enough for one that waits.
    fn silent_longest(&self) -> Option<(Instant, u64)> {
        let mut silent = None;
        for newcomer in &self.newcomers {
            match newcomer.stands {
                Stands::Leaving => return None,
                Stands::Asked => {}
                Stands::Silent(since) => {
                    let this = (since, newcomer.id);
                    silent = Some(silent.map_or(this, |other: (Instant, u64)| other.min(this)));
                }
            }
        }
        silent
    }
}

/// How long a newcomer may say nothing while another one waits for its place.
const SILENCE: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests {
    use super::*;

    /// Somebody present, in the order of coming, half a second after each other.
    fn present(count: u64) -> (Present, Instant) {
        let (mut present, first) = (Present::default(), Instant::now());
        for id in 0..count {
            let came = first + Duration::from_millis(500) * u32::try_from(id).unwrap();
            assert_eq!(present.add(came, Arc::default()), id);
        }
        (present, first)
    }

    fn leaving(present: &Present) -> Vec<u64> {
        let newcomers = present.newcomers.iter();
        let leaving = newcomers.filter(|one| one.stands == Stands::Leaving);
        leaving.map(|one| one.id).collect()
    }

    #[test]
    fn the_one_that_is_silent_longest_goes_and_only_when_that_is_long_enough() {
        let (mut present, first) = present(3);
        let due = first + SILENCE;
        assert_eq!(present.look_again(first), due);
        present.dismiss(due - Duration::from_millis(1));
        assert!(leaving(&present).is_empty());
        present.dismiss(due);
        assert_eq!(leaving(&present), [0]);
    }

    #[test]
    fn one_at_a_time_is_told_to_go() {
        let (mut present, first) = present(3);
        let late = first + SILENCE * 2;
        present.dismiss(late);
        present.dismiss(late);
        assert_eq!(leaving(&present), [0]);
        present.remove(0);
        present.dismiss(late);
        assert_eq!(leaving(&present), [1]);
    }

    #[test]
    fn who_comes_a_step_further_or_waits_for_us_is_not_silent() {
        let (mut present, first) = present(3);
        present.set(0, Stands::Asked);
        present.set(1, Stands::Silent(first + SILENCE));
        present.dismiss(first + SILENCE * 2);
        assert_eq!(leaving(&present), [2]);
        present.set(2, Stands::Silent(first + SILENCE * 2));
        assert_eq!(leaving(&present), [2], "it goes nevertheless");
    }
}
