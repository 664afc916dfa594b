//! Durable ingest: batches over QUIC, timed from the first that is sent to the last that is acked.
//!
//! ```text
//!   Rows ──▶ Feed ──build──▶ frames of one slice ──send──▶ server ──ack──▶ latencies
//!            a connection's   before the clock runs          8 under way a connection
//! ```
//!
//! Frames are built before the clock runs, so that what is measured is the server and the wire, not
//! the generator; where a data set does not fit the memory that is set aside for frames, it is built
//! and sent slice by slice, and only the sending is counted. A [`Tally`] of what was built is kept,
//! and the server is asked for it afterwards.
//!
//! For minutes on end, or at a given pace, [`Rings`] send one data set over and over, ever later.

mod feed;
mod figures;
mod link;
mod ring;
mod send;
mod steady;
mod tally;

pub(crate) use feed::Feeds;
pub(crate) use figures::{IngestFigures, number, per};
pub(crate) use link::Link;
pub(crate) use send::{client_cpu, send};
pub(crate) use steady::{Rings, Steady};
pub(crate) use tally::Tally;

/// How batches are made and sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct IngestSettings {
    /// Connections, each with its own share of the sources; at most 8, as one token may have.
    pub(crate) connections: u32,
    /// Rows of a batch.
    pub(crate) rows_per_batch: usize,
    /// Batches under way at once on one connection; at most 8.
    pub(crate) in_flight: usize,
    /// Bytes of frames in memory at once, over all connections.
    pub(crate) slice_bytes: u64,
}
