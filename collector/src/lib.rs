//! The agent that runs beside PostgreSQL: samples its statistics, keeps them on disk, sends them.
//!
//! ```text
//!   PostgreSQL ◀─2 connections─ lanes ──tables──▶ spool (sealed, on disk) ──▶ sender ──QUIC──▶ server
//!   procfs     ◀───────────────┘                    └ survives outages and restarts
//! ```
//!
//! - [`Settings`] is the configuration, read strictly; [`run()`] is the whole agent; [`check()`] looks
//!   at every aspect and says what to do.
//! - [`send::Connection`] sends batches for others too: an import is a collector without PostgreSQL.
//! - [`postgres`] connects as libpq does.
//!
//! It never becomes the outage: at most two connections for an instance, timeouts on both sides, a
//! tick whose predecessor is unfinished is skipped, a view that fails stops alone.
//! It is not a database: nothing here reads the spool but the sender.

mod check;
mod config;
mod counters;
mod error;
mod host;
mod instance;
pub mod postgres;
mod run;
mod sample;
pub mod send;
mod spool;
mod view;

pub use check::{Finding, Grade, check};
pub use config::{ByteSize, Instance, Intervals, Limits, Settings, SpoolUntil};
pub use error::{Error, Kind};
pub use run::run;

/// The version of this program.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
