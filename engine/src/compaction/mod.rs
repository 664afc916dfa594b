//! Fewer, larger parts: of what is on disk already, so that readers open less and bytes are saved.
//!
//! [`policy`] decides from the manifest's lines alone; [`worker`] streams the merge, series by series,
//! and publishes it by one edit, giving way to flushes by [`pace`] and slowing ingest down by [`behind`] where
//! it cannot keep up. [`retention`] drops parts whose last row is past its table's time.

mod behind;
mod pace;
mod policy;
mod retention;
mod worker;

pub(crate) use worker::{compact, run};
