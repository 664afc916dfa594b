//! The configuration: a TOML file, read strictly, then checked once into what the collector runs by.

mod bytes;
mod databases;
mod file;
mod intervals;
mod nearest;
mod settings;

pub use bytes::ByteSize;
pub(crate) use databases::DatabaseFilter;
pub use intervals::Intervals;
pub(crate) use intervals::duration as interval_of;
pub use settings::{Instance, Limits, Settings, SpoolUntil};

#[cfg(test)]
mod tests;
