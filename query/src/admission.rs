//! How many queries run and wait at a time.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::error::RETRY_AFTER_MS;
use crate::{Error, Settings};

/// Places for queries: some to run, some to wait.
#[derive(Debug)]
pub(crate) struct Admission {
    places: Arc<Semaphore>,
    concurrency: usize,
    waiting: AtomicUsize,
    queued_max: usize,
}

/// A place in the queue, given up by being dropped.
#[derive(Debug)]
pub(crate) struct Queued(Arc<Admission>);

/// A place to run, held until nothing of the query is left.
#[derive(Debug)]
pub(crate) struct Place {
    _permit: OwnedSemaphorePermit,
}

impl Admission {
    pub(crate) fn new(settings: &Settings) -> Self {
        Self {
            places: Arc::new(Semaphore::new(settings.concurrency)),
            concurrency: settings.concurrency,
            waiting: AtomicUsize::new(0),
            queued_max: settings.queued_max,
        }
    }

    /// Takes a place in the queue.
    ///
    /// # Errors
    /// [`Error::Busy`] when the queue is full and nothing is free.
    pub(crate) fn queue(self: &Arc<Self>) -> Result<Queued, Error> {
        let waiting = self.waiting.fetch_add(1, Ordering::Relaxed);
        let queued = Queued(Arc::clone(self));
        // E-3: whoever finds a free place passes; of the others only so many wait.
        if waiting >= self.queued_max && self.places.available_permits() <= waiting {
            return Err(Error::Busy {
                running: self.running(),
                waiting,
                retry_after_ms: RETRY_AFTER_MS,
            });
        }
        Ok(queued)
    }

    /// Returns how many places are taken.
    pub(crate) fn running(&self) -> usize {
        self.concurrency
            .saturating_sub(self.places.available_permits())
    }

    /// Returns how many queries wait.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Refuses whoever comes or waits from now on.
    pub(crate) fn close(&self) {
        self.places.close();
    }
}

impl Queued {
    /// Waits for a place, first come, first served.
    ///
    /// # Errors
    /// [`Error::Closing`] once the places are closed.
    pub(crate) async fn place(self) -> Result<Place, Error> {
        let permit = Arc::clone(&self.0.places).acquire_owned().await;
        permit
            .map(|permit| Place { _permit: permit })
            .map_err(|_| Error::Closing)
    }
}

impl Drop for Queued {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::Admission;
    use crate::{Error, Settings};

    fn admission(concurrency: usize, queued_max: usize) -> Arc<Admission> {
        Arc::new(Admission::new(&Settings {
            concurrency,
            queued_max,
            ..Settings::default()
        }))
    }

    #[tokio::test]
    async fn one_runs_one_waits_and_the_third_is_refused() {
        let admission = admission(1, 1);
        let place = admission.queue().unwrap().place().await.unwrap();
        let waiting = admission.queue().unwrap();
        assert!(matches!(
            admission.queue(),
            Err(Error::Busy {
                running: 1,
                waiting: 1,
                ..
            })
        ));
        drop(place);
        assert!(waiting.place().await.is_ok());
        assert_eq!((admission.running(), admission.waiting()), (0, 0));
    }

    #[tokio::test]
    async fn without_a_queue_free_places_are_still_given() {
        let admission = admission(2, 0);
        let first = admission.queue().unwrap().place().await.unwrap();
        let second = admission.queue().unwrap().place().await.unwrap();
        assert!(admission.queue().is_err());
        drop((first, second));
        assert!(admission.queue().is_ok());
    }

    #[tokio::test]
    async fn closed_places_are_refused() {
        let admission = admission(1, 1);
        let queued = admission.queue().unwrap();
        admission.close();
        assert!(matches!(queued.place().await, Err(Error::Closing)));
    }
}
