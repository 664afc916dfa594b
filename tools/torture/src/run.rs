//! Runs a suite case by case: seeds, time, threads, panics.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::counts::Counts;
use crate::suites::Suite;
use crate::violation::Violation;

/// How long, and with which seeds.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// The first seed; the others follow it.
    pub seed: u64,
    /// How many cases at most.
    pub cases: u64,
    /// For how long cases are begun.
    pub time: Duration,
    /// Threads.
    pub jobs: usize,
}

/// What a run came to.
#[derive(Debug, Default)]
pub struct Outcome {
    /// What was done.
    pub counts: Counts,
    /// Cases that ended well.
    pub cases: u64,
    /// The seed of each case that did not, and what was found.
    pub failures: Vec<(u64, Violation)>,
}

/// Runs cases of a suite until there are enough, the time is over or one fails.
#[must_use]
pub fn run(suite: &Suite, plan: &Plan) -> Outcome {
    let (next, failed) = (AtomicU64::new(0), AtomicBool::new(false));
    let outcome = Mutex::new(Outcome::default());
    let end = now() + plan.time;
    let work = || {
        while !failed.load(Ordering::Relaxed) && now() < end {
            let case = next.fetch_add(1, Ordering::Relaxed);
            if case >= plan.cases {
                return;
            }
            let seed = plan.seed.wrapping_add(case);
            let (counts, found) = run_case(suite, seed);
            let Ok(mut outcome) = outcome.lock() else {
                return;
            };
            outcome.counts.merge(&counts);
            match found {
                Ok(()) => outcome.cases += 1,
                Err(violation) => {
                    failed.store(true, Ordering::Relaxed);
                    outcome.failures.push((seed, violation));
                }
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..plan.jobs {
            scope.spawn(work);
        }
    });
    outcome.into_inner().unwrap_or_else(|e| e.into_inner())
}

/// Runs one case; a panic of the store is a finding like any other.
pub fn run_case(suite: &Suite, seed: u64) -> (Counts, Result<(), Violation>) {
    let mut counts = Counts::default();
    let case = AssertUnwindSafe(|| (suite.case)(seed, &mut counts));
    let found = catch_unwind(case).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        let text = text.unwrap_or_else(|| "no message".to_owned());
        Err(Violation(format!("a panic: {text}")))
    });
    (counts, found)
}

#[expect(
    clippy::disallowed_methods,
    reason = "how long to run is a matter of real time"
)]
fn now() -> Instant {
    Instant::now()
}
