//! The server: where every part meets.
//!
//! ```text
//!            ┌─ http (axum) ─ auth ─┬─▶ query ──▶ engine::View
//!   clients ─┤                      └─▶ engine::commit ◀─┐
//!            └─ quic (ingest) ─ gate, sink ──────────────┘
//!   engine ──▶ archive (backup) ──▶ object store ──▶ `archived` acks
//! ```
//!
//! The doors declare what they need as traits; this crate implements them on the store, and is the
//! only one that sees both. It starts in an order in which nothing is offered before it works, and
//! stops in the reverse, so that what was promised is kept: doors first, store last.

mod addresses;
mod archive;
mod assembly;
pub mod config;
mod core;
mod error;
mod first_start;
mod gate;
mod http;
mod identity;
mod lifecycle;
mod local;
mod metrics;
mod patience;
mod sightings;
mod sink;
mod store;
mod system;
pub mod telemetry;
mod tls;

pub use addresses::Addresses;
pub use archive::repository;
pub use assembly::Server;
pub use config::ConfigError;
pub use error::{Error, describe};
pub use lifecycle::{Stopped, signalled};
pub use local::{LocalServer, admin_token_path};
pub use store::{KEYRING, MASTER_KEY, Machine, key_source, open_keyring};
