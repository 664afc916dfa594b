//! How rows come in: the QUIC door, and the decoders of every door that takes text.
//!
//! ```text
//!   collector ─QUIC─▶ listener (sockets, tasks) ─▶ exchange (rules) ──▶ CommitSink::commit
//!                                                   └ Gate: who is it?     implemented by the server
//!   Telegraf ──HTTP─▶ server ─▶ line::decode ─▶ wire::v1::Batch ─▶ server ──▲
//!   no UDP ────HTTP─▶ server ─▶ json::decode ─▶ wire::v1::Batch ─▶ server ──┘
//! ```
//!
//! Nothing here knows the store, HTTP or the catalogue: the server implements [`CommitSink`] and
//! [`Gate`] on them. Time comes in through arguments and through [`Gate::now`].

mod door;
mod error;
pub mod exchange;
mod gate;
pub mod json;
pub mod line;
mod listener;
mod metrics;
mod rules;
mod settings;
mod sink;

pub use door::gunzip;
pub use error::Error;
pub use gate::{EnrolFuture, Gate, Instances, Peer, Sighting};
pub use listener::{Collaborators, Listener};
pub use metrics::{Door, Metrics};
pub use rules::check_batch;
pub use settings::{Settings, connection_bytes};
pub use sink::{CommitFuture, CommitSink, Committed, Refused};
