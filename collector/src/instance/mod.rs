//! Watching one instance: two lanes, each with its own connection and timetable.
//!
//! ```text
//!   lane "activity"  stat_activity, each second: must not wait for anything
//!   lane "counters"  statements, database, wal, …, query texts, host, collector
//!
//!   Timetable::poll ──due──▶ jobs, one after the other ──tables──▶ spool ──safe──▶ accept
//!                   └─missed─▶ counted, never queued
//! ```

mod backoff;
mod collecting;
mod job;
mod lane;
mod own;
mod statements;
mod texts;
mod timetable;

pub(crate) use backoff::Backoff;
pub(crate) use lane::{Context, Level, Outlet, spawn};

#[cfg(test)]
mod tests;
