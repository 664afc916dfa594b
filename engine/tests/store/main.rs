//! The promises of the store, over a simulated disk and clock; one behaviour per module.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that panics has failed"
)]

mod ack;
#[expect(dead_code, reason = "what fixtures are written with")]
mod aged;
mod catalogue;
mod compaction;
#[expect(dead_code, reason = "what fixtures are written with")]
mod contents;
mod crash;
mod damage;
mod dedup;
mod deletes;
mod failure;
mod fixtures;
mod harness;
mod latest;
mod limits;
mod model;
mod modes;
mod newest;
mod restore;
mod scan;
mod secrecy;
mod strips;
mod view;
