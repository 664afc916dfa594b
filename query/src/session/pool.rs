//! The memory of one query: its own limit within the limit of all.
//!
//! The shared pool is first come, first served: nothing spills, so that fair shares for spilling
//! operators would only refuse earlier; the limit of one query keeps it from taking everything.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use datafusion::common::{DataFusionError, Result};
use datafusion::execution::memory_pool::{
    GreedyMemoryPool, MemoryLimit, MemoryPool, MemoryReservation,
};

/// Counts what one query holds, and takes it from the shared pool.
///
/// Every operator of the query holds this pool until it is gone, threads that have not yet noticed
/// an abort included: `place` is therefore given back when the query has really ended.
pub(crate) struct QueryPool {
    shared: Arc<GreedyMemoryPool>,
    shared_bytes_max: usize,
    bytes_max: usize,
    bytes: AtomicUsize,
    _place: Box<dyn Send + Sync>,
}

impl QueryPool {
    pub(crate) fn new(
        shared: Arc<GreedyMemoryPool>,
        shared_bytes_max: usize,
        bytes_max: usize,
        place: Box<dyn Send + Sync>,
    ) -> Self {
        Self {
            shared,
            shared_bytes_max,
            bytes_max,
            bytes: AtomicUsize::new(0),
            _place: place,
        }
    }

    fn reserve(&self, additional: usize) -> Result<()> {
        let within = |bytes: usize| {
            bytes
                .checked_add(additional)
                .filter(|sum| *sum <= self.bytes_max)
        };
        self.bytes
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, within)
            .map(drop)
            .map_err(|_| refusal(QUERY_POOL, self.bytes_max, additional))
    }
}

impl MemoryPool for QueryPool {
    fn name(&self) -> &str {
        QUERY_POOL
    }

    fn grow(&self, reservation: &MemoryReservation, additional: usize) {
        self.bytes.fetch_add(additional, Ordering::Relaxed);
        self.shared.grow(reservation, additional);
    }

    fn shrink(&self, reservation: &MemoryReservation, shrink: usize) {
        self.shared.shrink(reservation, shrink);
        self.bytes.fetch_sub(shrink, Ordering::Relaxed);
    }

    fn try_grow(&self, reservation: &MemoryReservation, additional: usize) -> Result<()> {
        // E-3: the query's own limit first, so that it is the one named when both are reached.
        self.reserve(additional)?;
        self.shared.try_grow(reservation, additional).map_err(|_| {
            self.bytes.fetch_sub(additional, Ordering::Relaxed);
            refusal(SHARED_POOL, self.shared_bytes_max, additional)
        })
    }

    fn reserved(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }

    fn memory_limit(&self) -> MemoryLimit {
        MemoryLimit::Finite(self.bytes_max)
    }
}

impl fmt::Debug for QueryPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QueryPool")
            .field("bytes", &self.bytes)
            .field("bytes_max", &self.bytes_max)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for QueryPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{QUERY_POOL}(limit of {} bytes)", self.bytes_max)
    }
}

fn refusal(pool: &str, bytes_max: usize, additional: usize) -> DataFusionError {
    DataFusionError::ResourcesExhausted(format!(
        "{pool} with a limit of {bytes_max} bytes has no {additional} bytes left"
    ))
}

const QUERY_POOL: &str = "the query's memory";
/// How the pool of all queries is called in messages; [`crate::statement`] tells the two apart by it.
pub(crate) const SHARED_POOL: &str = "the memory of all queries";

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use datafusion::execution::memory_pool::{GreedyMemoryPool, MemoryConsumer, MemoryPool};

    use super::{QueryPool, SHARED_POOL};

    fn pool(shared: &Arc<GreedyMemoryPool>) -> Arc<dyn MemoryPool> {
        Arc::new(QueryPool::new(Arc::clone(shared), 150, 100, Box::new(())))
    }

    #[test]
    fn a_query_is_refused_at_its_own_limit_and_at_that_of_all() {
        let shared = Arc::new(GreedyMemoryPool::new(150));
        let (one, two) = (pool(&shared), pool(&shared));
        let first = MemoryConsumer::new("first").register(&one);
        let second = MemoryConsumer::new("second").register(&two);
        first.try_grow(100).unwrap();
        let own = first.try_grow(1).unwrap_err().to_string();
        assert!(own.contains("limit of 100 bytes"), "{own}");
        let of_all = second.try_grow(51).unwrap_err().to_string();
        assert!(of_all.contains(SHARED_POOL), "{of_all}");
        second.try_grow(50).unwrap();
        assert_eq!((one.reserved(), two.reserved()), (100, 50));
        drop(first);
        assert_eq!((one.reserved(), shared.reserved()), (0, 50));
    }
}
