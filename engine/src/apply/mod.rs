//! From the log to the state: one thread, in the order of the log.
//!
//! ```text
//!   admission ─▶ queue (bounded) ─▶ applier: wait for the ticket (durable)
//!                                            apply to the next state
//!                                            publish it (visible)
//!                                            resolve the commits (W-1)
//! ```
//!
//! What is durable by the time the first of a group is, is applied with it and published as one.

mod batch;
mod commit;
mod record;
mod worker;

pub(crate) use batch::PreparedBatch;
pub(crate) use commit::Outcome;
pub use commit::{Commit, Committed};
pub(crate) use record::{Change, Place, apply};
#[cfg(test)]
pub(crate) use worker::Applier;
pub(crate) use worker::{Hands, Pending, run};
