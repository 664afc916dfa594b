//! Sending batches to a server over QUIC.
//!
//! ```text
//!   control stream   Hello ─▶ ◀─ Welcome   Status ─▶ …   ◀─ Archived …
//!   stream a batch   frame ─▶ ◀─ Ack or Refusal          (several under way, each for itself)
//! ```
//!
//! [`Connection`] is one connection, for the collector and for imports alike; the collector's worker
//! takes batches from the spool, and connects again when a connection ends. The server is known by
//! the fingerprint of its certificate authority, which the token carries; the collector by its client
//! certificate, or an import by its token.

mod address;
mod authority;
mod connection;
mod credentials;
mod enrolment;
mod exchange;
mod identity;
mod pinned;
mod worker;

pub use connection::{Connection, Route};
pub use credentials::Credentials;
pub use pinned::pinned_tls;
pub use wire::v1::{Ack, RefusalCode, Welcome};

pub(crate) use identity::{Identity, Shelf};
pub(crate) use worker::{Sender, SenderSettings, SkippedTicks};

#[cfg(test)]
mod server;
#[cfg(test)]
mod tests;
