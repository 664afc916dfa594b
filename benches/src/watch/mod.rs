//! Watches a server while it is fed for minutes: once a second, what it holds and what waits.
//!
//! ```text
//!   Rings ──rows──▶ server ──/metrics, /proc, system.parts──▶ Sample … Sample ──▶ Growth, figures
//! ```

mod backlog;
mod figures;
mod metrics;
mod sample;

pub(crate) use backlog::Growth;
pub(crate) use figures::WatchFigures;
pub(crate) use sample::{Sample, Watch};

use metrics::Metrics;
