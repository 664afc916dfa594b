//! The threads of queries, and the one that watches over them.
//!
//! Queries compute for as long as a poll of an operator takes, so they have a runtime of their own,
//! and the timer that stops them has another: it fires also when every query thread is busy.
//! There are more of them than partitions of a scan: an operator that does not yield, a nested-loop
//! join for one, keeps the threads of its query, and no other query waits for those.
//! The stacks are deep, since plans and expressions are walked by recursion.

use std::time::Duration;

use parking_lot::Mutex;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::oneshot;

use crate::environment::ThreadStart;
use crate::{Error, Settings};

#[derive(Debug)]
pub(crate) struct Runtimes {
    /// Where queries run.
    pub(crate) workers: Handle,
    /// Where they are watched from.
    pub(crate) watch: Handle,
    // Empty after a shutdown.
    owned: Mutex<Vec<Runtime>>,
}

impl Runtimes {
    pub(crate) fn new(settings: &Settings, start: ThreadStart) -> Result<Self, Error> {
        let workers = Builder::new_multi_thread()
            .worker_threads(settings.worker_threads())
            .thread_name("query")
            .thread_stack_size(STACK_BYTES)
            .on_thread_start(move || start.call())
            .enable_time()
            .build()
            .map_err(threads)?;
        let watch = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("query-watch")
            .enable_time()
            .build()
            .map_err(threads)?;
        Ok(Self {
            workers: workers.handle().clone(),
            watch: watch.handle().clone(),
            owned: Mutex::new(vec![workers, watch]),
        })
    }

    /// Ends the threads: tasks are dropped where they wait, and those that compute get `patience`.
    ///
    /// Cancel-safe: the threads end also when nobody waits for it.
    pub(crate) async fn shutdown(&self, patience: Duration) {
        let owned = std::mem::take(&mut *self.owned.lock());
        let (done, joined) = oneshot::channel();
        // Joining blocks, which no thread of the caller's runtime may do.
        let join = std::thread::Builder::new()
            .name("query-shutdown".into())
            .spawn(move || {
                for runtime in owned {
                    runtime.shutdown_timeout(patience);
                }
                // Nobody may be waiting any more.
                done.send(()).ok();
            });
        if join.is_ok() {
            joined.await.ok();
        }
    }
}

impl Drop for Runtimes {
    fn drop(&mut self) {
        for runtime in self.owned.lock().drain(..) {
            runtime.shutdown_background();
        }
    }
}

fn threads(error: std::io::Error) -> Error {
    Error::internal(format!("no threads for queries: {error}"))
}

// Address space only: pages are taken as far as a query goes down.
const STACK_BYTES: usize = 128 << 20;
