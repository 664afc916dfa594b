//! Sampling: a view is read, its counters become increases, its rows become a table of a batch.
//!
//! ```text
//!   View (declaration) ──statement(version)──▶ PostgreSQL ──cells──▶ Reading
//!                                                                      │ difference(previous, …)
//!                     Table of a batch ◀──rows── increases ◀───────────┘
//!                                                     └─▶ next Snapshot, kept once the batch is safe
//! ```
//!
//! Not here: connections ([`crate::postgres`]), when to sample ([`crate::schedule`]).

pub(crate) mod increase;
pub(crate) mod reading;
pub(crate) mod redact;
pub(crate) mod sampler;
pub(crate) mod value;
pub(crate) mod version;
pub(crate) mod view;
