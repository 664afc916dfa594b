//! The spool: batches on disk until the server has them.
//!
//! ```text
//!   lanes ──put──▶ number, encode ──▶ wal::Log (sealed, synced) ──▶ Ledger: waiting
//!                                                                     │ next
//!   sender ◀──────────────────────────── frame ◀──────────────────────┘ under way
//!     └─ acknowledged ─▶ durable ─ archived ─▶ done ─▶ whole segments released
//! ```
//!
//! Bounded: what would exceed `spool_bytes_max` drops the oldest batches, counted and logged. The log
//! itself drops nothing (W-6 is its promise); the spool decides what it no longer needs.
//!
//! Lifecycle: [`Spool::open`] replays what a run before left and begins a new epoch;
//! [`Spool::close`] notes what is done, so that it is not sent again.

mod keys;
mod ledger;
mod record;
mod store;

pub(crate) use keys::open_keyring;
pub(crate) use ledger::BatchId;
pub(crate) use store::{Spool, SpoolSettings};

#[cfg(test)]
mod fixtures;
#[cfg(test)]
mod tests;
