//! Servers and collectors as processes, and how tests talk to them.

mod collector;
mod http;
mod program;
mod server;

pub(crate) use collector::CollectorProcess;
pub(crate) use http::{Api, Reply};
pub(crate) use program::{collector_program, program, run, run_expecting};
pub(crate) use server::{ServerOptions, ServerProcess};

use std::time::{Duration, Instant};

/// Waits until a condition holds, asking again every few milliseconds.
///
/// # Panics
/// When it does not hold within a minute: a generous bound, only met when something is broken.
pub(crate) async fn eventually<F: Future<Output = bool>>(what: &str, condition: impl Fn() -> F) {
    let started = now();
    while !condition().await {
        assert!(
            started.elapsed() < Duration::from_secs(60),
            "still not true after a minute: {what}"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Returns the time; end-to-end tests run on the real clock.
#[expect(
    clippy::disallowed_methods,
    reason = "whole programs run on the real clock"
)]
pub(crate) fn now() -> Instant {
    Instant::now()
}
