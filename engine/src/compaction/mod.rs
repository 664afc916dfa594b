//! Fewer, larger parts: of what is on disk already, so that readers open less and bytes are saved.
//!
//! [`policy`] decides from the manifest's lines alone, table after table ([`round`]); [`worker`] streams the merge, series by series,
//! and publishes it by one edit ([`publication`]), giving way to flushes by [`pace`] and slowing ingest down by
//! [`behind`] where it cannot keep up. [`expiry`] drops parts whose last row is past its table's time
//! ([`retention`]), and [`renewal`] finds newest rows anew.

mod behind;
mod expiry;
mod pace;
mod policy;
mod publication;
mod renewal;
mod retention;
mod round;
mod worker;

pub(crate) use renewal::Renewals;
pub(crate) use worker::{compact, run};
