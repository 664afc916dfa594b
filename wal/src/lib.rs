//! The log: payloads, sealed, on disk in order before anybody is told so.
//!
//! ```text
//!   payload ──prepare──▶ sealed ──submit──▶ group ──write, fdatasync──▶ Durable{lsn, commit time}
//!                                                                          │ after a crash
//!   closure ◀──────────────── replay, in the same order ◀── recovery ◀─────┘
//! ```
//!
//! [`Log`] takes payloads from many threads and puts them down in groups: one write and one sync
//! for all that waited. What a payload means is its caller's business; the log seals it, binds it
//! to its origin ([`Binding`]) and gives it back after a restart, in order, once.
//!
//! - W-1: a [`Ticket`] resolves only after `fdatasync` has returned for its payload.
//! - W-2: after a crash, all that was acked is replayed, and nothing that was not submitted.
//! - W-3: a failed write or sync poisons the log; waiters are told that the outcome is unknown.
//! - W-4: a torn tail is cut; damage before it refuses to open, with file and offset.
//! - W-5: opening never appends to an old segment; it begins a new one with a new salt.
//! - W-6: nothing is ever dropped for want of room: it is refused before it is taken.
//!
//! The same crate is the server's log and the collector's spool. It is not a queue with readers
//! that come and go, and it knows nothing of batches or tables.
//! Formats are in `docs/internals/log.md`, recovery in `docs/internals/recovery.md`.

mod environment;
mod error;
mod format;
#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzzing;
pub mod inspect;
mod log;
mod metrics;
mod record;
mod recovery;
mod segment;
mod settings;
mod start;
mod verify;

pub use environment::Environment;
pub use error::{Error, Kind, ReplayError};
pub use log::{Hold, Log, Prepared, Reader, SegmentStatus, Ticket};
pub use metrics::Metrics;
pub use record::{Binding, Durable, Record};
pub use recovery::{Apply, RecoveryReport, TornTail};
pub use schema::Lsn;
pub use settings::Settings;
pub use start::{Start, Timeline, Until};
pub use verify::verify;
