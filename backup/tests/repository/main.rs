//! Backups of a real engine, end to end: what was committed is what is restored.
//!
//! One program for all of them, so that the engine is linked once.

mod directory;
mod faults;
mod history;
mod moments;
mod s3;
mod sealed;
mod support;
mod timelines;
mod verification;
