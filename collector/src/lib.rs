//! The agent that runs beside PostgreSQL.

mod config;
mod counters;
mod error;
mod host;
mod instance;
pub mod postgres;
mod sample;
mod view;

pub use config::{ByteSize, Instance, Intervals, Limits, Settings, SpoolUntil};
pub use error::{Error, Kind};

/// The version of this program.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
